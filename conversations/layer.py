"""The channel layer: over the one connection on which a process hears what is said in its sockets' groups.

channels_redis asks Redis before it lets a socket in or out, so without Redis no tab could open. Here it is written
down which groups the process wants to hear, and nobody waits; one task keeps a connection on which Redis knows them.
What was said while there was none is lost, as any event may be.
"""

import asyncio
import logging
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection
from redis.exceptions import ConnectionError as RedisConnectionError

logger = logging.getLogger(__name__)

QUIET = 5.0  # seconds without a word from Redis after which it is asked for one; as long again, and the line is dead
AGAIN = 0.5  # seconds between two tries to connect
SAY = 1.0  # seconds a socket waits at most for its group to be told to a Redis that takes nothing
MOST_EVENTS = 1000  # that wait for one socket; more are dropped, which its relays find and heal


class Line(RedisSingleShardConnection):  # type: ignore[misc]
    """The connection. `_subscribed_to` is what should be heard, whether Redis can be told of it now or not."""

    def __init__(self, host: Any, layer: Any) -> None:
        super().__init__(host, layer)
        self._open: Any = None  # while Redis knows all of it
        self._tried = asyncio.Event()  # whether that is so, or cannot be
        self._away = False

    async def subscribe(self, channel: str) -> None:
        if channel not in self._subscribed_to:
            self._subscribed_to.add(channel)
            self._ensure_receiver()
            await self._say("subscribe", channel)

    async def unsubscribe(self, channel: str) -> None:
        if channel in self._subscribed_to:
            self._subscribed_to.discard(channel)
            await self._say("unsubscribe", channel)

    async def _say(self, command: str, channel: str) -> None:
        try:
            async with asyncio.timeout(SAY):
                if self._open is None:
                    await self._tried.wait()  # who makes the connection says it
                    return
                async with self._lock:
                    if self._open is not None:  # a closed one would open a connection that nobody reads
                        await getattr(self._open, command)(channel)
        except Exception:
            line, self._open = self._open, None  # who listens there begins anew
            if line is not None and line.connection is not None:
                await line.connection.disconnect(nowait=True)

    async def _do_receiving(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                # Whatever it was: without this task every socket of the process would be deaf for good.
                if not self._away:
                    logger.warning("the groups hear nothing: %s", type(error).__name__)
                self._away = True
                self._tried.set()
            await asyncio.sleep(AGAIN)

    async def _listen(self) -> None:
        self._ensure_redis()
        async with self._redis.pubsub() as line:
            try:
                await line.ping()
                told: set[str] = set()
                while told != self._subscribed_to:  # others come and go while we speak
                    if missing := self._subscribed_to - told:
                        await line.subscribe(*missing)
                    if surplus := told - self._subscribed_to:
                        await line.unsubscribe(*surplus)
                    told = (told | missing) - surplus
                self._open = line
                self._tried.set()
                await self._hear(line)
            finally:
                self._open = None

    async def _hear(self, line: Any) -> None:
        asked = False
        while True:
            message = await line.get_message(timeout=QUIET)
            if self._open is not line:
                # The library mends a broken line in silence, by what it thinks should be heard.
                raise RedisConnectionError("Redis could not be told")
            if message is not None:
                asked = False
                self._heard(message)
            elif asked:
                raise RedisConnectionError("Redis is silent")
            else:
                asked = True
                await line.ping()

    def _heard(self, message: dict[str, Any]) -> None:
        if self._away:
            self._away = False
            logger.info("the groups hear again")
        if message["type"] != "message":
            return
        name = message["channel"].decode()
        layer = self.channel_layer
        for channel in layer.groups.get(name, (name,)):
            queue = layer.channels.get(channel)
            if queue is not None and queue.qsize() < MOST_EVENTS:
                queue.put_nowait(message["data"])


class ChannelLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """As RedisPubSubChannelLayer, but whether Redis is there makes no difference to who comes and goes."""

    def _get_layer(self) -> Any:
        known = asyncio.get_running_loop() in self._layers
        layer = super()._get_layer()
        if not known:
            layer._shards = [Line(shard.host, layer) for shard in layer._shards]
        return layer

    async def close_channel(self, channel: str) -> None:
        """Hear nothing more for a socket that is gone.

        The library does so by itself only where the socket was waiting for an event in that very moment.
        """
        layer = self._get_layer()
        if layer.channels.pop(channel, None) is not None:
            await layer._get_shard(channel).unsubscribe(channel)
