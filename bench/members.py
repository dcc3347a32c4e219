"""Members to measure with, signed in."""

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import User


def cookies_of_members(number: int) -> list[str]:
    """Cookie headers, each with the session of another member made for this."""
    return [_cookie(f"bench-{each}@parley.local") for each in range(number)]


def _cookie(email: str) -> str:
    user, _ = User.objects.get_or_create(email=email, defaults={"name": "Bench"})
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
