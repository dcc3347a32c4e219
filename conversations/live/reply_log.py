"""The log of running answers.

That of one attempt is a Redis Stream whose entries have explicit ids, `<seq>-0`: Redis itself then refuses a late
writer. An entry is the frame as the browser gets it, encoded once.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any, Literal, TypedDict
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
import redis.asyncio.retry
from django.conf import settings
from redis.backoff import NoBackoff

from conversations.live.names import STOP, WAKE, channel_of, group_of, key_of, message_of

logger = logging.getLogger(__name__)

RedisError = redis.RedisError

ANSWER_WITHIN = 2.0  # seconds Redis has to answer the log
LINES = 24  # to Redis, of one process's log: hundreds of readers who heal at once take turns, and none is kept for each
SILENCE = 1.0  # seconds for which a Redis that did not answer is not asked again: one waits, and not all of them
LOG_SECONDS = 3600  # an attempt's log lives this long after its first event
LOG_SECONDS_AFTER_END = 900

# Appends each entry and, only if Redis took it, publishes it: a reader is never shown what the log does not hold.
# The library asks once more when the line drops before Redis has answered. What arrived the first time is taken.
_APPEND = """
local out = {}
for i = 1, #KEYS do
  local a = (i - 1) * 6
  local added = redis.pcall('XADD', KEYS[i], ARGV[a + 1] .. '-0', 'f', ARGV[a + 2])
  if type(added) == 'table' and added.err then
    out[i] = -1
    if string.find(added.err, 'equal or smaller', 1, true) then
      local last = redis.call('XREVRANGE', KEYS[i], '+', '-', 'COUNT', 1)[1]
      out[i] = last and last[1] == ARGV[a + 1] .. '-0' and last[2][2] == ARGV[a + 2] and 1 or 0
    end
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
    REFUSED = 0  # the log is already further: another writer was here
    ERROR = -1


class Away(redis.ConnectionError):
    """Redis did not answer a moment ago and was not asked again."""


class Log:
    """The log, from one event loop. Every method raises RedisError when Redis is not there; all but `hints`, which only
    waits, do so within ANSWER_WITHIN.
    """

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
            keys.append(key_of(event["reply"], event["attempt"]))
            values += [seq, event["frame"], channel_of(group_of(group)), message_of(event), life, int(group in shown)]
        values.append(LOG_SECONDS)  # of a log that was emptied or removed in the middle
        async with self._answer():
            results = await self._append(keys=keys, args=values)
        return [Append(result) for result in results]

    async def read(self, reply: uuid.UUID | str, attempt: int, *, after: int) -> list[tuple[int, str]]:
        """The events after `after` as (seq, frame), oldest first. Empty when there are none, or no log any more."""
        async with self._answer():
            entries: Any = await self._redis.xrange(key_of(reply, attempt), min=f"({after}-0")
        return [(int(entry.partition(b"-")[0]), values[b"f"].decode()) for entry, values in entries]

    @asynccontextmanager
    async def hints(self) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        """Wake-ups and hints to stop, as (WAKE or STOP, text), for as long as the context is open."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(WAKE, STOP)
            yield _hints(pubsub)

    async def remove(self, reply: uuid.UUID | str, attempt: int) -> None:
        async with self._answer():
            await self._redis.unlink(key_of(reply, attempt))

    async def aclose(self) -> None:
        await self._redis.aclose()


async def _hints(pubsub: redis.asyncio.client.PubSub) -> AsyncIterator[tuple[str, str]]:
    while True:
        message = await pubsub.get_message(timeout=4)
        if message is not None:
            yield message["channel"].decode(), message["data"].decode()


_logs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Log]" = WeakKeyDictionary()


def log() -> Log:
    """This event loop's log."""
    loop = asyncio.get_running_loop()
    if loop not in _logs:
        _logs[loop] = Log()
    return _logs[loop]
