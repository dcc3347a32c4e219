"""Daphne's WebSockets, with a bound on what the other end does not read and none on what we may say at once.

Daphne hands every frame to Twisted, which keeps what the network does not take, however much that is. A page that
acknowledges is bounded by `conversations/window.py` long before; this is for all others.
"""

import logging
from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from conversations.window import MOST_BYTES
from conversations.wire import TOO_SLOW

logger = logging.getLogger(__name__)


class Line(WebSocketProtocol):  # type: ignore[misc]
    """One socket. Twisted says when its buffer is full (64 kB) and when it is empty again."""

    maxMessagePayloadSize: int  # bytes; Autobahn's
    _waiting: int | None = None  # bytes given since the buffer was full; None: it is not

    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.unregisterProducer()  # the HTTP channel as which this line began
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        self._waiting = 0

    def resumeProducing(self) -> None:
        self._waiting = None

    def stopProducing(self) -> None:
        """The line is gone; who closed it tells the consumer."""

    def serverSend(self, content: Any, binary: bool = False) -> None:
        if self.state != self.STATE_OPEN:
            return  # it is closing, and nobody at the other end will read this
        if self._waiting is not None:
            self._waiting += len(content.encode() if isinstance(content, str) else content)
            if self._waiting > MOST_BYTES:
                logger.info("a reader does not read: its line is closed")
                self.sendClose(code=TOO_SLOW)  # one who does not even read this is dropped a second later
                return
        super().serverSend(content, binary)

    def sendMessage(self, payload: bytes, *args: Any, **options: Any) -> None:
        # Autobahn holds what we say to the limit of what we accept; but a page of long messages is larger than a frame
        # that somebody sends.
        limit, self.maxMessagePayloadSize = self.maxMessagePayloadSize, 0
        try:
            super().sendMessage(payload, *args, **options)
        finally:
            self.maxMessagePayloadSize = limit


def bound(factory: WebSocketFactory) -> None:
    """Make the sockets of this factory bounded ones."""
    factory.protocol = Line
