"""When a session ends: by signing out, another password, a member made inactive. Who holds a line open hears of it.

The event may be lost on its way, so holders also ask now and then (`over`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from allauth.account.signals import password_changed, password_reset
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.models import Session
from django.db import transaction
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User

# Sent with `user`, the member's id, and `session`, the key of the one that ended; None: any of them may have.
sessions_ended = Signal()


@dataclass(frozen=True, slots=True)
class Held:
    """What the holder of an open line was let in with."""

    user: int
    session: str
    password_hash: str


def over(held: Collection[Held]) -> set[Held]:
    """Those of these whose session has ended, whose password is another one, or whose member is not active any more."""
    keys = Session.objects.filter(
        session_key__in={each.session for each in held}, expire_date__gt=timezone.now()
    ).values_list("session_key", flat=True)
    living = set(keys)
    users = {user.pk: user for user in User.objects.filter(pk__in={each.user for each in held}, is_active=True)}
    return {each for each in held if each.session not in living or not _same_password(users.get(each.user), each)}


def end_sessions(user: User) -> None:
    """Say, once what was written is committed, that sessions of this member may have ended."""
    _announce(user.pk, None)


def _same_password(user: User | None, held: Held) -> bool:
    return user is not None and constant_time_compare(held.password_hash, user.get_session_auth_hash())


def _announce(user: int, session: str | None) -> None:
    transaction.on_commit(partial(sessions_ended.send, sender=User, user=user, session=session))


@receiver(user_logged_out)
def _signed_out(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    # Told before Django removes the session: who hears of it must go by the key and not look.
    if user is not None and request is not None and request.session.session_key:
        _announce(user.pk, request.session.session_key)


@receiver([password_changed, password_reset])
def _has_another_password(user: User, **kwargs: Any) -> None:
    _announce(user.pk, None)
