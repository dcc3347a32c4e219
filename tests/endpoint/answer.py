"""Writes one streamed answer, token by token, and spoils it where its script says so."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from tests.endpoint.script import Script

_BATCH = 16  # tokens in one write when they are to go as fast as the client reads
_KEEPALIVE = 0.02  # seconds between two comments
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
_SPOILT = {
    "garbage": b'{"choices":[{"delta":{"content":"t',
    "empty_data": b"",
    "error": b'{"error":{"message":"the engine fell over","type":"server_error","code":null}}',
    "lone_surrogate": rb'{"choices":[{"index":0,"delta":{"content":"\udc00"}}]}',
    "nul": rb'{"choices":[{"index":0,"delta":{"content":"\u0000"}}]}',
}


class Answer:
    """`record` is its entry in the log; `done` is called once, when the response is complete."""

    def __init__(
        self,
        transport: asyncio.Transport,
        script: Script,
        record: dict[str, Any],
        *,
        usage: bool,
        done: Callable[[], None],
    ) -> None:
        self.paused = False
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._script = script
        self._record = record
        self._usage = usage and script.fault != "no_usage"
        self._done = done
        self._over = False
        self._pieces = [] if script.fault in ("empty", "nothing") else script.pieces()
        self._at = script.at if script.at >= 0 else len(self._pieces) // 2
        self._next = 0
        self._thoughts = script.reasoning
        self._spoilt = False
        self._due = 0.0
        self._before = (
            b'{"id":"chatcmpl-%d","object":"chat.completion.chunk","created":1700000000,"model":"%b",'
            b'"system_fingerprint":"fp","choices":[' % (record["id"], record["model"].encode())
        )

    def start(self) -> None:
        script = self._script
        self._loop.call_later(script.headers, self._head) if script.headers else self._head()

    def stop(self) -> None:
        """The client is gone."""
        self._over = True

    def resume(self) -> None:
        self.paused = False
        if not self._over and self._next and not self._script.pace:
            self._tick()

    def _head(self) -> None:
        if self._over:
            return
        self._transport.write(_HEAD)
        if self._script.fault == "page":
            self._page()
        else:
            self._event(self._choice(b'"role":"assistant","content":""'))
            self._due = self._loop.time() + self._script.first
            self._loop.call_at(self._due, self._tick) if self._script.first else self._tick()

    def _tick(self) -> None:
        if self._over:
            return
        if self._thoughts:
            self._thoughts -= 1
            self._event(self._choice(b'"content":null,"reasoning_content":"hm "'))
            self._later()
        elif self._next == self._at and self._spoil():
            pass
        elif self._next < len(self._pieces):
            self._send_next()
            self._later()
        else:
            self._finish()

    def _send_next(self) -> None:
        stop = self._next + 1 if self._script.pace or self._script.torn else self._next + _BATCH
        if self._next < self._at:
            stop = min(stop, self._at)
        batch = self._pieces[self._next : stop]
        if not self._next:
            self._record["first"] = time.time()
        self._next += len(batch)
        self._record["tokens"] = self._next
        if len(batch) == 1:
            self._event(self._token(batch[0]))
        else:
            self._transport.write(b"".join(self._framed(self._token(piece)) for piece in batch))

    def _later(self) -> None:
        if self._script.pace:
            self._due += self._script.pace
            self._loop.call_at(self._due, self._tick)
        elif not self.paused:
            self._loop.call_soon(self._tick)

    def _spoil(self) -> bool:
        """The fault that was due here. True if nothing more is to come by itself."""
        fault = self._script.fault
        if self._spoilt:
            return False
        self._spoilt = True
        if fault == "cut":
            self._transport.abort()
        elif fault == "close":
            self._end(b"")
        elif fault == "keepalive":
            self._comment()
        elif fault == "surrogate":
            self._event(self._choice(rb'"content":"\ud83d"'))
            self._event(self._choice(rb'"content":"\ude00"'))
        elif fault in _SPOILT:
            self._event(_SPOILT[fault])
        return fault in ("cut", "close", "keepalive", "stall")

    def _comment(self) -> None:
        if not self._over:
            self._raw(b": keep-alive" + self._line_end() * 2)
            self._loop.call_later(_KEEPALIVE, self._comment)

    def _page(self) -> None:
        self._raw(b"<!doctype html><p>Bad gateway</p>\n\n")
        self._end(b"")

    def _finish(self) -> None:
        fault = self._script.fault
        if fault not in ("no_finish", "nothing"):
            reason = fault if fault in ("length", "content_filter") else "stop"
            self._event(
                self._before + b'{"index":0,"delta":{},"logprobs":null,"finish_reason":"%b"}]}' % reason.encode()
            )
        if self._usage and fault != "hold_finish":
            count, prompt = self._next, self._script.prompt
            total = prompt + count
            usage = b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}' % (prompt, count, total)
            self._event(self._before + b"]," + usage + b"}")
        if fault == "hold_finish":
            return
        last = b"" if fault == "no_done" else self._framed(b"[DONE]")
        if fault == "hold":
            self._transport.write(last)
            return
        self._end(last)

    def _end(self, last: bytes) -> None:
        self._transport.write(last)
        self._loop.call_later(self._script.linger, self._close) if self._script.linger else self._close()

    def _close(self) -> None:
        if not self._over:
            self._over = True
            self._transport.write(b"0\r\n\r\n")
            self._done()

    # Bytes

    def _line_end(self) -> bytes:
        return _ENDS[self._script.ends]

    def _choice(self, delta: bytes) -> bytes:
        return self._before + b'{"index":0,"delta":{' + delta + b'},"logprobs":null,"finish_reason":null}]}'

    def _token(self, piece: str) -> bytes:
        return self._choice(b'"content":' + json.dumps(piece, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    def _framed(self, data: bytes) -> bytes:
        event = b"data: " + data + self._line_end() * 2
        return b"%x\r\n%b\r\n" % (len(event), event)

    def _raw(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _event(self, data: bytes) -> None:
        if not self._script.torn:
            self._transport.write(self._framed(data))
            return
        event = b"data: " + data + self._line_end() * 2
        # Torn inside the first character that has more than one byte, and once more inside the line end.
        wide = next((i for i, byte in enumerate(event) if byte > 127), len(event) // 2)
        for part in (event[: wide + 1], event[wide + 1 : -1], event[-1:]):
            self._raw(part)
