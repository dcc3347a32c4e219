"""Reads what an OpenAI-compatible endpoint sends back. Pure: bytes in, text out.

The official client makes a typed object of every chunk, which costs more than all the rest of a chat server does for
the same token. Here a chunk is one JSON parse and a few look-ups, and all the text of one network read leaves as one
piece. What comes out never depends on how the network cut the bytes: any split gives the same text, usage, finish
reason and error (held by a property test at every split point).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents.errors import AgentError, BadAnswer, CutOff, EmptyAnswer, refusal

MAX_CHARS = 400_000
MAX_LINE = 1 << 20  # bytes of one event, or of an answer that comes as one JSON body
_MAX_COUNT = 2**31 - 1
_MAX_REASON = 30  # characters, as a reply keeps it
_REPLACEMENT = "\ufffd"
_LEADING = b" \t\r\n\xef\xbb\xbf"  # white space and the byte order mark
_FIELDS = (b":", b"event", b"id", b"retry", b"data")

# What other servers call the two ends that OpenAI names "stop" and "length", and what means "gave up".
_REASONS = {"eos": "stop", "eos_token": "stop", "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length"}
_ABORTED = ("abort", "error", "insufficient_system_resource")

# strict=False: a raw tab or newline inside a string is a server's small sin, no reason to lose the answer.
_decode: Callable[[str], tuple[Any, int]] = json.JSONDecoder(strict=False).raw_decode


@dataclass(frozen=True, slots=True)
class Text:
    """The next piece of the answer. Never empty; free of NUL and of lone surrogates."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them. Comes at most once, after the last text."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The last event of every whole answer. `reason` is stop, length, content_filter or the server's own word."""

    reason: str


Event = Text | Usage | Finish


class Decoder:
    """Decodes one answer: a stream of server-sent events, or one JSON body from a server that does not stream.

    Feed it until `done`, then call `end` once, then `verdict`. Feeding raises nothing: what went wrong waits in
    `error`, so that the text before it is not lost. `progress` grows with every piece of text or reasoning; comments
    and empty chunks, which a stuck server may send for ever, leave it alone.
    """

    __slots__ = (
        "_body", "_chars", "_cr", "_data", "_foreign", "_high", "_max_chars", "_max_line", "_rest", "_seen", "_size",
        "done", "error", "progress", "reason", "usage",
    )  # fmt: skip

    def __init__(self, *, max_chars: int = MAX_CHARS, max_line: int = MAX_LINE) -> None:
        self._max_chars = max_chars
        self._max_line = max_line
        self._rest = bytearray()  # the line that has not ended yet
        self._data: list[bytes] = []  # data lines of the event that has not ended yet
        self._size = 0  # and their bytes
        self._cr = False  # the last byte was a CR: an LF that follows belongs to it
        self._high = ""  # a high surrogate whose low half may come with the next chunk
        self._chars = 0
        self._seen = False  # something other than white space came
        self._body = False  # it is one JSON body, not a stream of events
        self._foreign = False  # a line came that is not of this protocol
        self.done = False
        self.error: AgentError | None = None
        self.progress = 0
        self.reason: str | None = None
        self.usage: Usage | None = None

    def feed(self, data: bytes) -> str:
        """Take the next bytes, return the text they complete: often all of it, sometimes none."""
        if not self._seen:
            data = self._opening(data)
        if self.done or not data:
            return ""
        if not self._body:
            if self._cr or b"\r" in data:
                data = self._newlines(data)
            if b"\n" in data:
                return self._lines(data)
        self._rest += data
        if len(self._rest) > self._max_line:
            self._fail("a line without end")
        return ""

    def end(self) -> str:
        """The bytes have ended. Return what text was still held back."""
        text = "" if self.done else self._clean(self._last())
        self.done = True
        if self._high:  # its other half never came
            self._high = ""
            text += self._capped(_REPLACEMENT)
        return text

    def verdict(self) -> str:
        """The finish reason of a whole answer.

        Raises: `error`, if there is one; BadAnswer, EmptyAnswer or CutOff if what came is no whole answer.
        """
        if self.error:
            raise self.error
        if self.reason == "content_filter":
            return self.reason
        if not self._chars:
            raise BadAnswer("not an event stream") if self._foreign else EmptyAnswer(f"finish reason {self.reason}")
        if self.reason is None:
            raise CutOff("no finish reason")
        return self.reason

    def _opening(self, data: bytes) -> bytes:
        """Look at the first byte that says anything, and return what to go on with."""
        data = data.lstrip(_LEADING)
        if data:
            self._seen = True
            self._body = data.startswith(b"{")
            if data.startswith(b"<"):
                self._fail("markup")
        return data

    def _newlines(self, data: bytes) -> bytes:
        """CRLF and CR end a line as LF does, also when the network cuts between the two."""
        if self._cr and data.startswith(b"\n"):
            data = data[1:]
        self._cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _lines(self, data: bytes) -> str:
        *lines, rest = (bytes(self._rest) + data if self._rest else data).split(b"\n")
        if rest or self._rest:
            self._rest = bytearray(rest)
        pieces: list[str] = []
        for line in lines:
            if not line:
                if self._data:
                    pieces.append(self._event())
            elif line.startswith(b"data:"):
                self._data.append(line[5:])
                self._size += len(line)
            elif not line.startswith(_FIELDS):
                self._foreign = True
            if len(line) > self._max_line or self._size > self._max_line:
                self._fail("a line without end")
            if self.done:
                break
        if len(rest) > self._max_line and not self.done:
            self._fail("a line without end")
        return self._clean("".join(pieces))

    def _event(self) -> str:
        data = b"\n".join(self._data).strip()
        self._data.clear()
        self._size = 0
        if not data:  # some servers send an empty data line to keep the connection open
            return ""
        if data == b"[DONE]":
            self.done = True
            return ""
        try:
            return self._chunk(_parsed(data))
        except (ValueError, RecursionError):
            self._fail("a chunk that is no JSON")
            return ""

    def _last(self) -> str:
        """What stands after the last line end: a whole JSON body, or an event whose blank line never came."""
        if not self._body and self._rest.startswith(b"data:"):
            self._data.append(bytes(self._rest[5:]))
        data = bytes(self._rest) if self._body else b"\n".join(self._data)
        try:
            text = self._chunk(_parsed(data.strip()))
        except (ValueError, RecursionError):
            if self._body:
                self._fail("a body that is no JSON")
            return ""  # a stream that broke off inside a chunk is cut off, not garbage
        if self._body and not self.error:
            self.reason = self.reason or "stop"  # valid JSON came to its end: that cannot be half an answer
        return text

    def _chunk(self, chunk: Any) -> str:
        if not isinstance(chunk, dict):
            self._fail("a chunk that is no object")
            return ""
        if chunk.get("error"):
            self._refused(chunk["error"])
            return ""
        if chunk.get("usage"):
            self._count(chunk["usage"])
        choices = chunk.get("choices")
        if not choices:
            return ""
        choice = choices[0] if isinstance(choices, list) else None
        if not isinstance(choice, dict):
            self._fail("a choice that is no object")
            return ""
        text = self._said(choice.get("message" if self._body else "delta"))
        if choice.get("finish_reason"):
            self._finish(choice["finish_reason"])
        if choice.get("error"):
            self._refused(choice["error"])
        return text

    def _said(self, delta: Any) -> str:
        if not isinstance(delta, dict):
            return ""
        content = delta.get("content")
        if isinstance(content, list):  # in parts, as some servers send it when the model also reasons
            parts = (part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text")
            content = "".join(part for part in parts if isinstance(part, str))
        if isinstance(content, str) and content:
            self.progress += 1
            return content
        if delta.get("reasoning_content") or delta.get("reasoning"):
            self.progress += 1  # not shown, but not silence either
        return ""

    def _finish(self, reason: Any) -> None:
        if reason in _ABORTED:
            self.error = CutOff(f"finish reason {reason}")
            self.done = True
        elif isinstance(reason, str):
            plain = reason.isascii() and reason.isidentifier() and len(reason) <= _MAX_REASON
            self.reason = _REASONS.get(reason, reason) if plain else "other"

    def _count(self, usage: Any) -> None:
        """Some servers repeat the usage in every chunk; the last one is the sum."""
        if isinstance(usage, dict):
            counts = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
            prompt, completion = (n if type(n) is int and 0 <= n <= _MAX_COUNT else 0 for n in counts)
            if prompt or completion:
                self.usage = Usage(prompt, completion)

    def _refused(self, error: Any) -> None:
        said = error if isinstance(error, dict) else {"message": error}
        code, kind, message = (said.get(name) for name in ("code", "type", "message"))
        self.error = refusal(None, code=_word(code), kind=_word(kind), message=_word(message))
        self.done = True

    def _fail(self, detail: str) -> None:
        self.error = BadAnswer(detail)
        self.done = True

    def _clean(self, text: str) -> str:
        """What Postgres, JSON and every browser can carry: no NUL, no half of a surrogate pair."""
        if not text:
            return ""
        if "\0" in text:
            text = text.replace("\0", _REPLACEMENT)
        if self._high or not text.isascii():
            text = self._paired(self._high + text)
        return self._capped(text)

    def _paired(self, text: str) -> str:
        """Join the halves of pairs that were sent as two escapes, perhaps in two chunks; replace those left alone."""
        self._high = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        if self._high:
            text = text[:-1]
        try:
            text.encode()
        except UnicodeEncodeError:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text

    def _capped(self, text: str) -> str:
        room = self._max_chars - self._chars
        if len(text) > room:
            # An answer too long to keep is an answer cut at its length, whatever would have come after.
            text, self.error, self.usage, self.reason, self.done = text[:room], None, None, "length", True
        self._chars += len(text)
        return text


def _parsed(data: bytes) -> Any:
    """The JSON value in stripped bytes, which is all that json.loads would skip. Raises: ValueError, RecursionError."""
    text = data.decode("utf-8", "replace")
    value, end = _decode(text)
    if end != len(text):
        raise ValueError("more than one value")
    return value


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""
