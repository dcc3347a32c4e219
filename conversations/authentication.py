"""Who opens a socket: found in the threads for database work, so that nobody waits for another's handshake."""

import logging
from typing import Any

from channels.auth import CookieMiddleware, SessionMiddleware
from django.contrib.auth import get_user
from django.http import HttpRequest

from conversations import wire
from conversations.database import DatabaseDown, in_database

logger = logging.getLogger(__name__)


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


def authenticated(inner: Any) -> Any:
    """`inner` with `user` and `session` in its scope."""
    return CookieMiddleware(SessionMiddleware(MemberMiddleware(inner)))
