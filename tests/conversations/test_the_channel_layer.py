"""What the settings of the channel layer are for: each of these fails when they are taken away."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from channels.layers import BaseChannelLayer, get_channel_layer
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from redis.exceptions import RedisError

from accounts.models import User
from tests.server import eventually
from tests.site import Site
from tests.valkey import Valkey


def test_a_line_on_which_nothing_is_said_stays_open(site: Site, alice: User) -> None:
    """A time limit for reading, as redis-py has one by itself, must not end a quiet line."""
    tab = site.open(alice)
    tab.silence("error", seconds=7)
    tab.answer(tab.ask("Still there? [[tokens=1]]").reply)


@pytest.fixture
async def layer() -> Any:
    layer = get_channel_layer()
    assert layer is not None
    yield layer
    await layer.flush()


async def test_a_thousand_events_at_once_all_arrive(layer: BaseChannelLayer) -> None:
    """The other layer keeps a hundred for all sockets of a process together, and drops the rest (BACKEND)."""
    channels = [await layer.new_channel() for _ in range(4)]
    for channel in channels:
        await layer.group_add("everybody", channel)

    async def heard(channel: str) -> list[int]:
        return [(await layer.receive(channel))["number"] for _ in range(1000)]

    for number in range(1000):
        await layer.group_send("everybody", {"type": "event", "number": number})
    async with asyncio.timeout(20):
        everything = await asyncio.gather(*map(heard, channels))

    assert everything == [list(range(1000))] * 4


async def test_it_hears_again_after_redis_was_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis has forgotten who wants to hear what: the layer tells it anew."""
    valkey = Valkey(tmp_path)
    config: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    host = {**config["hosts"][0], "address": valkey.url}
    backend = type(get_channel_layer())
    layer = backend(**{**config, "hosts": [host]})
    heard: list[int] = []

    async def listen(channel: str) -> None:
        while True:
            heard.append((await layer.receive(channel))["number"])

    async def say(number: int) -> None:
        async with asyncio.timeout(15):
            while number not in heard:  # what is said while it subscribes again is lost, and that is known
                with suppress(RedisError):
                    await layer.group_send("everybody", {"type": "event", "number": number})
                await asyncio.sleep(0.1)

    with valkey:
        channel = await layer.new_channel()
        await layer.group_add("everybody", channel)
        listening = asyncio.create_task(listen(channel))
        await say(1)
    with valkey:
        await say(2)
        assert not listening.done(), "the socket's own line to the layer broke"
        listening.cancel()
        await layer.flush()


def test_who_leaves_while_events_wait_for_it_is_forgotten(site: Site, alice: User) -> None:
    """The library forgets a channel only if its socket happened to wait for an event when it was closed."""
    tab, other = site.open(alice), site.open(alice)
    ack = tab.ask("Count [[tokens=2000 pace=5ms]]")
    tab.until(ack.reply, "t20 ")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE conversations_summary")  # so that the socket is busy for a while
        tab.send("subscribe", conversation=ack.conversation)
        eventually(lambda: waits_for_a_lock(cursor))
        other.say("Something new for all tabs [[tokens=1]]")
        tab.vanish()
        other.close()

    with redis.Redis.from_url(settings.REDIS_URL) as client:
        eventually(lambda: not client.pubsub_channels("parleyspecific*"))


def waits_for_a_lock(cursor: CursorWrapper) -> bool:
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    (number,) = cursor.fetchone()
    return bool(number)


class TestWhatRedisCouldNotBeTold:
    """Whatever comes between, in the end Redis knows exactly the groups that somebody here wants to hear."""

    @pytest.fixture
    async def line(self, layer: Any) -> Any:
        (shard,) = layer._get_layer()._shards
        return shard

    async def heard(self, *groups: str) -> dict[str, int]:
        async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as client:
            found: Any = await client.pubsub_numsub(*(f"parley__group__{group}" for group in groups))
        return {channel.decode().removeprefix("parley__group__"): number for channel, number in found}

    async def until(self, expected: dict[str, int]) -> None:
        async with asyncio.timeout(20):
            while await self.heard(*expected) != expected:
                await asyncio.sleep(0.05)

    async def test_in_time(self, layer: Any, line: Any) -> None:
        channel = await layer.new_channel()
        for group in ("left", "kept"):
            await layer.group_add(group, channel)
        await self.until({"left": 1, "kept": 1})
        async with line._lock:
            await layer.group_discard("left", channel)

        await self.until({"left": 0, "kept": 1})

    async def test_on_a_line_that_is_gone(self, layer: Any, line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("conversations.layer.SAY", 30.0)
        channel = await layer.new_channel()
        await layer.group_add("kept", channel)
        await self.until({"kept": 1})
        before = line._open
        async with line._lock:
            joining = asyncio.create_task(layer.group_add("joined", channel))
            await asyncio.sleep(0)
            await before.connection.disconnect(nowait=True)
            async with asyncio.timeout(20):
                while line._open in (None, before):
                    await asyncio.sleep(0.05)
        await joining
        await self.until({"joined": 1, "kept": 1})
        await layer.group_discard("joined", channel)

        await self.until({"joined": 0, "kept": 1})
