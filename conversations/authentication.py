"""Who opens a socket, and from which page. Members are found in the threads for database work, so that nobody waits
for another's handshake.
"""

import logging
from collections.abc import Collection
from typing import Any
from urllib.parse import urlparse

from channels.auth import CookieMiddleware, SessionMiddleware
from channels.security.websocket import OriginValidator
from django.contrib.auth import get_user
from django.http import HttpRequest

from conversations import wire
from conversations.database import DatabaseDown, in_database

logger = logging.getLogger(__name__)


class OriginMiddleware(OriginValidator):  # type: ignore[misc]
    """Lets in only pages of these origins. Others are told why: a browser learns nothing of a handshake refused."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if self._lets_in(dict(scope["headers"]).get(b"origin")):
            await self.application(scope, receive, send)
            return
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": wire.FORBIDDEN})

    def _lets_in(self, origin: bytes | None) -> bool:
        try:
            return bool(self.valid_origin(urlparse(origin.decode("latin1")) if origin else None))
        except ValueError:  # no address at all
            return False


class MemberMiddleware:
    """Puts the member of the session into the scope. Without Postgres it asks the browser to come again."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        request = HttpRequest()
        request.session = scope["session"]
        try:
            user = await in_database(get_user, request)
        except DatabaseDown as error:
            logger.warning("nobody could be let in: %s", type(error).__name__)
            await send({"type": "websocket.accept"})  # or the browser could not be told why
            await send({"type": "websocket.close", "code": wire.UNAVAILABLE})
            return
        await self._inner({**scope, "user": user}, receive, send)


def authenticated(inner: Any, *, origins: Collection[str]) -> Any:
    """`inner`, for pages of these origins, with `user` and `session` in its scope."""
    return OriginMiddleware(CookieMiddleware(SessionMiddleware(MemberMiddleware(inner))), origins)
