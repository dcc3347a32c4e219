"""All that is ephemeral, in Redis: the log of running answers, the groups' events, wake-ups and hints to stop.

Nothing here is the truth. The log is the stream, a group event a hint that something is new, and the row what counts;
Redis may vanish at any moment and take nothing with it but a second of speed.

The log of one attempt is a Redis Stream whose entries have explicit ids, `<seq>-0`: Redis itself then refuses a late
writer. An entry is the frame as the browser gets it, encoded once.
"""

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, Literal, TypedDict
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
import redis.asyncio.retry
from channels.layers import get_channel_layer
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

RedisError = redis.RedisError

ANSWER_WITHIN = 2.0  # seconds Redis has to answer the log
TELL_WITHIN = 0.5  # seconds it has to take what is told from a thread: who just sent a message waits for it
LINES = 24  # to Redis, of one process's log: hundreds of readers who heal at once take turns, and none is kept for each
SILENCE = 1.0  # seconds for which a Redis that did not answer is not asked again: one waits, and not all of them
LOG_SECONDS = 3600  # an attempt's log lives this long after its first event
LOG_SECONDS_AFTER_END = 900
WAKE = "parley.wake"
STOP = "parley.stop"
PREFIX = settings.CHANNEL_PREFIX

# Appends each entry and, only if Redis took it, publishes it: a reader is never shown what the log does not hold.
_APPEND = """
local out = {}
for i = 1, #KEYS do
  local a = (i - 1) * 6
  local added = redis.pcall('XADD', KEYS[i], ARGV[a + 1] .. '-0', 'f', ARGV[a + 2])
  if type(added) == 'table' and added.err then
    out[i] = string.find(added.err, 'equal or smaller', 1, true) and 0 or -1
  else
    local life = ARGV[a + 5]
    if life == '0' and redis.call('XLEN', KEYS[i]) == 1 then life = ARGV[#ARGV] end
    if life ~= '0' then redis.call('EXPIRE', KEYS[i], life) end
    if ARGV[a + 6] == '0' or redis.call('PUBSUB', 'NUMSUB', ARGV[a + 3])[2] > 1 then
      redis.call('PUBLISH', ARGV[a + 3], ARGV[a + 4])
    end
    out[i] = 1
  end
end
return out
"""


def group_of(conversation: uuid.UUID | str) -> str:
    return f"conversation.{conversation}"


def group_of_member(user: int) -> str:
    return f"member.{user}"


def _channel(group: str) -> str:
    # As RedisPubSubChannelLayer names a group's channel: written here so that one script can append and publish.
    return f"{PREFIX}__group__{group}"


def _message(event: Mapping[str, Any]) -> bytes:
    layer = get_channel_layer()
    assert layer is not None
    packed: bytes = layer.serialize(event)
    return packed


# --- The log of running answers ---------------------------------------------------------------------------------


class Event(TypedDict):
    """One numbered event of one attempt, as it goes to the conversation's group.

    `kind` is its frame's type: `reply`, `delta`, `reset` or `end`. `rev` is the conversation's: on the first event and
    on a `reset` the one that shows the message, on an `end` the one that shows the end, on all others 0. `frame` is
    what the browser gets, encoded once for all of them.
    """

    type: Literal["reply.event"]
    conversation: str
    reply: str
    attempt: int
    seq: int
    kind: str
    rev: int
    frame: str


class Append(IntEnum):
    """What became of an append."""

    TAKEN = 1
    REFUSED = 0  # the log is already further: another writer was here, or an earlier try of ours did arrive
    ERROR = -1


class Away(redis.ConnectionError):
    """Redis did not answer a moment ago and was not asked again."""


class Log:
    """The log, from one event loop. Every method raises RedisError, within ANSWER_WITHIN, when Redis is not there."""

    def __init__(self) -> None:
        pool: redis.asyncio.BlockingConnectionPool = redis.asyncio.BlockingConnectionPool.from_url(
            settings.REDIS_URL,
            max_connections=LINES,
            timeout=ANSWER_WITHIN,
            socket_timeout=5,
            socket_connect_timeout=2,
            health_check_interval=15,
            # A connection that Redis has hung up is replaced, and that is all. The library's own patience is 4 s.
            retry=redis.asyncio.retry.Retry(NoBackoff(), 1),
        )
        self._redis = redis.asyncio.Redis.from_pool(pool)
        self._append = self._redis.register_script(_APPEND)
        self._silent_until = 0.0

    @asynccontextmanager
    async def _answer(self) -> AsyncIterator[None]:
        """For the time of one question. Raises RedisError, and at once when Redis failed a moment ago."""
        now = asyncio.get_running_loop().time
        if now() < self._silent_until:
            raise Away("not asked")
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                yield
        except (redis.ConnectionError, redis.TimeoutError, TimeoutError) as error:
            self._silent_until = now() + SILENCE
            logger.warning("the log does not answer: %s", type(error).__name__)
            raise error if isinstance(error, RedisError) else redis.TimeoutError("no answer") from None

    async def append(self, events: Sequence[Event], *, shown: Collection[str] = ()) -> list[Append]:
        """Append these and publish them to their conversations' groups, in one round trip. At most one per reply.

        For the conversations in `shown` the caller serves this process's own readers itself: they are published only
        when some other process listens too.
        """
        keys: list[str] = []
        values: list[str | bytes | int] = []
        for event in events:
            group, seq = event["conversation"], event["seq"]
            life = LOG_SECONDS_AFTER_END if event["kind"] == "end" else LOG_SECONDS if seq % 256 == 1 else 0
            keys.append(_log_key(event["reply"], event["attempt"]))
            values += [seq, event["frame"], _channel(group_of(group)), _message(event), life, int(group in shown)]
        values.append(LOG_SECONDS)  # of a log that was emptied or removed in the middle
        async with self._answer():
            results = await self._append(keys=keys, args=values)
        return [Append(result) for result in results]

    async def read(self, reply: uuid.UUID | str, attempt: int, *, after: int) -> list[tuple[int, str]]:
        """The events after `after` as (seq, frame), oldest first. Empty when there are none, or no log any more."""
        async with self._answer():
            entries: Any = await self._redis.xrange(_log_key(reply, attempt), min=f"({after}-0")
        return [(int(entry.partition(b"-")[0]), values[b"f"].decode()) for entry, values in entries]

    @asynccontextmanager
    async def hints(self) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        """Wake-ups and hints to stop, as (WAKE or STOP, text), for as long as the context is open."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(WAKE, STOP)
            yield _hints(pubsub)

    async def remove(self, reply: uuid.UUID | str, attempt: int) -> None:
        async with self._answer():
            await self._redis.unlink(_log_key(reply, attempt))

    async def ping(self) -> None:
        await self._redis.ping()

    async def aclose(self) -> None:
        await self._redis.aclose()


async def _hints(pubsub: redis.asyncio.client.PubSub) -> AsyncIterator[tuple[str, str]]:
    while True:
        message = await pubsub.get_message(timeout=4)
        if message is not None:
            yield message["channel"].decode(), message["data"].decode()


def _log_key(reply: uuid.UUID | str, attempt: int) -> str:
    return f"parley:reply:{reply}:{attempt}"


_logs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Log]" = WeakKeyDictionary()


def log() -> Log:
    """This event loop's log."""
    loop = asyncio.get_running_loop()
    if loop not in _logs:
        _logs[loop] = Log()
    return _logs[loop]


# --- Telling, from threads and from Celery ----------------------------------------------------------------------


class _Teller:
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


_teller = _Teller()


def tell_changed(conversation: uuid.UUID | str, *, first: int, rev: int, frames: Sequence[str] = ()) -> None:
    """Say that a conversation went from before `first` to `rev`. `frames` show it, one a step; else readers look."""
    _teller.publish([(_channel(group_of(conversation)), _message(_changed(conversation, first, rev, frames)))])


def tell_members(users: Iterable[int], frame: str) -> None:
    """Show a frame to every open tab of these members, whatever it shows. A hint: a lost one is not repeated."""
    message = _message({"type": "member.told", "frame": frame})
    _teller.publish([(_channel(group_of_member(user)), message) for user in users])


def tell_gone(conversation: uuid.UUID, users: Iterable[int], frame: str) -> None:
    """Let the tabs of these members hear no more of a conversation, and show them `frame`."""
    message = _message({"type": "conversation.gone", "conversation": str(conversation), "frame": frame})
    _teller.publish([(_channel(group_of_member(user)), message) for user in users])


def forget(logs: Iterable[tuple[uuid.UUID, int]]) -> None:
    """Remove the logs of these attempts. One that Redis does not hear of is gone within the hour."""
    _teller.publish([], remove=[_log_key(reply, attempt) for reply, attempt in logs])


def tell_sent(
    conversation: uuid.UUID | str, *, first: int, rev: int, frames: Sequence[str], to: Iterable[int], listed: str
) -> None:
    """Show new messages to the conversation's readers and a list's entry to its members, and wake the runners."""
    listing = _message({"type": "member.told", "frame": listed})
    _teller.publish(
        [
            (_channel(group_of(conversation)), _message(_changed(conversation, first, rev, frames))),
            (WAKE, b"1"),
            *((_channel(group_of_member(user)), listing) for user in to),
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
    message = _message({"type": "session.ended", "session": session})
    _teller.publish([(_channel(group_of_member(user)), message)])


def wake() -> None:
    """Tell the runners that something is queued."""
    _teller.publish([(WAKE, b"1")])


def hint_stop(reply: uuid.UUID) -> None:
    """Tell the runner that writes this reply that it should stop."""
    _teller.publish([(STOP, str(reply).encode())])
