"""One tab of a browser: a real WebSocket with a session cookie and an Origin, and a `Page` that judges every frame."""

import json
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.page import Frame, Page

PATIENCE = 10.0  # seconds a test waits for what should come at once


@dataclass(frozen=True, slots=True)
class Ack:
    client_id: str
    conversation: str
    message: str
    reply: str


def new_id() -> str:
    return str(uuid.uuid4())


class Tab:
    """Frames that no `expect` took stay in the inbox, so the order in which a test asks does not matter."""

    def __init__(
        self, site: str, *, session: str | None, origin: str | None = "same", acknowledges: bool = False
    ) -> None:
        """`site` is its address, http://host:port; `origin` is the page's: the same, another one, or none sent.

        A tab of a test reads when it is asked to, and so acknowledges only what is asked of it.
        """
        self.session = session
        address = urlsplit(site)
        cookies = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {}
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(
            connect(
                f"ws://{address.netloc}/ws/v1/",
                origin=site if origin == "same" else origin,  # type: ignore[arg-type]
                additional_headers=cookies,
                compression=None,
                max_size=None,
                max_queue=None,
                ping_interval=None,
                proxy=None,
                open_timeout=PATIENCE,
            )
        )
        self.page = Page()
        self.acknowledges = acknowledges
        self.frames: list[Frame] = []
        self._inbox: list[Frame] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()

    def vanish(self) -> None:
        """Be gone without a word, as a phone in a tunnel."""
        self._socket.socket.close()

    # --- Saying -------------------------------------------------------------------------------------------------

    def send(self, kind: str, /, **fields: Any) -> None:
        self.send_raw(json.dumps({"type": kind, **fields}))

    def send_raw(self, data: str | bytes) -> None:
        self._socket.send(data)

    def say(
        self,
        text: str,
        *,
        conversation: str | None = None,
        personality: str | None = None,
        client_id: str | None = None,
        parent: str | None = None,
    ) -> Ack:
        """Send a message and wait until it is acknowledged. Without a conversation a new one is started."""
        personality = personality or (None if conversation else "assistant")
        conversation = conversation or new_id()
        client_id = client_id or new_id()
        optional = {name: value for name, value in (("parent", parent), ("personality", personality)) if value}
        self.send("send", client_id=client_id, conversation=conversation, text=text, **optional)
        return self.acknowledged(client_id)

    def ask(self, text: str, **fields: Any) -> Ack:
        """Say, and read the conversation from then on."""
        ack = self.say(text, **fields)
        if ack.conversation not in self.page.conversations:
            self.read(ack.conversation)
        return ack

    def read(self, conversation: str, **resume: Any) -> Frame:
        """Subscribe; returns the snapshot."""
        self.send("subscribe", conversation=conversation, **resume)
        return self.expect("snapshot", where=lambda frame: frame["conversation"]["id"] == conversation)

    def refused(self, kind: str, /, **fields: Any) -> Frame:
        """Send what should be refused; returns the error that answers it."""
        ref = new_id()
        self.send(kind, ref=ref, **fields)
        return self.expect("error", ref=ref)

    # --- Hearing ------------------------------------------------------------------------------------------------

    def acknowledged(self, client_id: str, *, within: float = PATIENCE) -> Ack:
        frame = self.expect("ack", client_id=client_id, within=within)
        return Ack(frame["client_id"], frame["conversation"], frame["message"], frame["reply"])

    def expect(self, kind: str, /, *, within: float = PATIENCE, where: Any = None, **fields: Any) -> Frame:
        """The first frame of this type, with these fields, that no one took yet; waits for it."""

        def fits(frame: Frame) -> bool:
            same = frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items())
            return same and (where is None or bool(where(frame)))

        until = time.monotonic() + within
        for frame in self._inbox:
            if fits(frame):
                self._inbox.remove(frame)
                return frame
        while True:
            frame = self._receive(until, f"no {kind} {fields} came")
            if fits(frame):
                return frame
            self._inbox.append(frame)

    def answer(self, reply: str, *, within: float = 2 * PATIENCE) -> str:
        """The whole text of an answer, once it has ended."""
        self.ended(reply, within=within)
        return self.page.text(reply)

    def ended(self, reply: str, *, within: float = 2 * PATIENCE) -> Frame:
        """The answer's reply object, once it has ended: by its `end`, or by a snapshot that shows it."""
        until = time.monotonic() + within
        while True:
            message = self._message(reply)
            if message is not None and message["reply"]["status"] in ("complete", "stopped", "interrupted", "failed"):
                ended: Frame = message["reply"]
                return ended
            self._inbox.append(self._receive(until, f"no end of {reply} came"))

    def until(self, reply: str, words: str, *, within: float = 2 * PATIENCE) -> None:
        """Read on until the answer's text holds these words."""
        until = time.monotonic() + within
        while True:
            message = self._message(reply)
            if message is not None and words in message["text"]:
                return
            self._inbox.append(self._receive(until, f"{words!r} was not said"))

    def shown(self, message: str, fits: Callable[[Frame], object], *, within: float = 2 * PATIENCE) -> Frame:
        """Read on until the page shows this message like that; returns it."""
        until = time.monotonic() + within
        while True:
            found = self._message(message)
            if found is not None and fits(found):
                return found
            self._inbox.append(self._receive(until, f"{message} was not shown so"))

    def status(self, reply: str, status: str, *, within: float = 2 * PATIENCE) -> Frame:
        """Read on until the answer has this status; returns its reply object."""
        until = time.monotonic() + within
        while True:
            message = self._message(reply)
            if message is not None and message["reply"]["status"] == status:
                found: Frame = message["reply"]
                return found
            self._inbox.append(self._receive(until, f"{reply} did not become {status}"))

    def changed(self, message: str, *, after: int, within: float = PATIENCE) -> None:
        """Read on until the page has this message as it was changed after this `rev`."""
        until = time.monotonic() + within
        while self.page.message(message)["rev"] <= after:
            self._inbox.append(self._receive(until, f"{message} did not change"))

    def silence(self, kind: str, *, seconds: float) -> None:
        """Listen for so long; fails when a frame of this type comes. For what must not happen."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                frame = self._next(left)
            except TimeoutError:
                break
            self._inbox.append(frame)
        assert not [frame for frame in self._inbox if frame["type"] == kind]

    def flush(self) -> None:
        """Wait until everything sent before was served: one socket's frames are served in turn."""
        assert self.refused("nothing of the kind")["code"] == "unknown_type"

    def closed(self, *, within: float = PATIENCE) -> int:
        """The code the server closed with."""
        until = time.monotonic() + within
        while True:
            try:
                self._inbox.append(self._next(max(until - time.monotonic(), 0)))
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006
            except TimeoutError:
                raise AssertionError(f"not closed, but: {self._said()}") from None

    def _message(self, reply: str) -> Frame | None:
        for shown in self.page.conversations.values():
            if reply in shown.messages:
                return shown.messages[reply]
        return None

    def _receive(self, until: float, otherwise: str) -> Frame:
        try:
            return self._next(max(until - time.monotonic(), 0))
        except TimeoutError:
            raise AssertionError(f"{otherwise}, but: {self._said()}") from None
        except ConnectionClosed as closed:
            raise AssertionError(f"{otherwise}, but {closed}: {self._said()}") from None

    def _next(self, timeout: float) -> Frame:
        text = self._socket.recv(timeout=timeout)
        frame: Frame = json.loads(text)
        self.frames.append(frame)
        with suppress(ConnectionClosed):  # what was said before the end is still to be read
            if self.acknowledges and (len(self.frames) % 64 == 1 or len(text) > 65_536):
                self.send("ack", n=len(self.frames))
            if frame["type"] == "ping":
                self.send("pong", n=frame["n"])
        self.page.take(frame)
        return frame

    def _said(self) -> str:
        return "; ".join(str(frame)[:300] for frame in self._inbox[-6:]) or "nothing"
