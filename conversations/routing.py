"""Addresses of the socket door."""

from typing import Any

from django.urls import path, re_path

from conversations import wire
from conversations.consumers import ChatConsumer


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """Any other address. A browser would not be told why a handshake is refused."""
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": wire.NOWHERE})


websocket_urlpatterns = [
    path("ws/v1/", ChatConsumer.as_asgi()),
    re_path("", nowhere),  # type: ignore[arg-type]  # which is no view, as Channels wants it
]
