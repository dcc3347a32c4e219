"""Telling the groups and the runners, from threads and from Celery."""

import logging
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from conversations.live.names import STOP, WAKE, channel_of, group_of, group_of_member, key_of, message_of
from conversations.live.reply_log import SILENCE, RedisError

logger = logging.getLogger(__name__)

TELL_WITHIN = 0.5  # seconds Redis has to take what is told from a thread: who just sent a message waits for it


class Teller:
    """Publishes from synchronous code. Never raises and never waits long: every event here is only a hint."""

    def __init__(self) -> None:
        self._redis: redis.Redis | None = None
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def publish(self, messages: Iterable[tuple[str, bytes]], *, remove: Iterable[str] = ()) -> None:
        if time.monotonic() < self._silent_until:
            return
        with self._lock:
            if self._redis is None:
                self._redis = redis.Redis.from_url(
                    settings.REDIS_URL,
                    socket_timeout=TELL_WITHIN,
                    socket_connect_timeout=TELL_WITHIN,
                    retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
                )
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for channel, message in messages:
                    pipe.publish(channel, message)
                for key in remove:
                    pipe.unlink(key)
                pipe.execute()
        except RedisError as error:
            self._silent_until = time.monotonic() + SILENCE
            logger.warning("not told: %s", type(error).__name__)


_teller = Teller()


def tell_changed(conversation: uuid.UUID | str, *, first: int, rev: int, frames: Sequence[str] = ()) -> None:
    """Say that a conversation went from before `first` to `rev`. `frames` show it, one a step; else readers look."""
    _teller.publish([(channel_of(group_of(conversation)), message_of(_changed(conversation, first, rev, frames)))])


def tell_members(users: Iterable[int], frame: str) -> None:
    """Show a frame to every open tab of these members, whatever it shows. A hint: a lost one is not repeated."""
    message = message_of({"type": "member.told", "frame": frame})
    _teller.publish([(channel_of(group_of_member(user)), message) for user in users])


def tell_gone(conversation: uuid.UUID, users: Iterable[int], frame: str) -> None:
    """Let the tabs of these members hear no more of a conversation, and show them `frame`."""
    message = message_of({"type": "conversation.gone", "conversation": str(conversation), "frame": frame})
    _teller.publish([(channel_of(group_of_member(user)), message) for user in users])


def forget(logs: Iterable[tuple[uuid.UUID, int]]) -> None:
    """Remove the logs of these attempts. One that Redis does not hear of is gone within the hour."""
    _teller.publish([], remove=[key_of(reply, attempt) for reply, attempt in logs])


def tell_sent(
    conversation: uuid.UUID | str, *, first: int, rev: int, frames: Sequence[str], to: Iterable[int], listed: str
) -> None:
    """Show new messages to the conversation's readers and a list's entry to its members, and wake the runners."""
    listing = message_of({"type": "member.told", "frame": listed})
    _teller.publish(
        [
            (channel_of(group_of(conversation)), message_of(_changed(conversation, first, rev, frames))),
            (WAKE, b"1"),
            *((channel_of(group_of_member(user)), listing) for user in to),
        ]
    )


def _changed(conversation: uuid.UUID | str, first: int, rev: int, frames: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "conversation.changed",
        "conversation": str(conversation),
        "first": first,
        "rev": rev,
        "frames": list(frames),
    }


def tell_session_ended(user: int, session: str | None, **kwargs: Any) -> None:
    """Tell the member's open tabs that this session, or any of theirs, has ended."""
    message = message_of({"type": "session.ended", "session": session})
    _teller.publish([(channel_of(group_of_member(user)), message)])


def wake() -> None:
    """Tell the runners that something is queued."""
    _teller.publish([(WAKE, b"1")])


def hint_stop(reply: uuid.UUID) -> None:
    """Tell the runner that writes this reply that it should stop."""
    _teller.publish([(STOP, str(reply).encode())])
