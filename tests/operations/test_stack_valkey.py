"""Our Valkey is reached by all three libraries that need it, and keeps what it was given. Real servers throughout."""

import asyncio
import io
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from kombu.connection import Connection
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from operations.stack.console import Console
from operations.stack.supervisor import Supervisor
from operations.stack.valkey import Valkey
from tests.operations.small_stack import command_lines

Use = Callable[[str], Awaitable[None]]


async def run(server: Valkey, use: Use, ends_with: int = 0) -> str:
    """Start, use, stop; what was printed."""
    printed = io.StringIO()
    supervisor = Supervisor(Console(printed))

    async def work() -> int:
        await server.start(supervisor, os.environ)
        await use(server.url)
        return 0

    assert await supervisor.run(work()) == ends_with, printed.getvalue()
    return printed.getvalue()


async def write(url: str) -> None:
    async with Redis.from_url(url) as client:
        await client.set("word", "here")


async def read(url: str) -> None:
    async with Redis.from_url(url) as client:
        assert await client.get("word") == b"here"


async def test_what_was_written_is_there_at_the_next_start(tmp_path: Path) -> None:
    await run(Valkey.at(tmp_path / "valkey"), write)
    await run(Valkey.at(tmp_path / "valkey"), read)


async def test_it_keeps_what_was_written_a_moment_before_it_was_killed(tmp_path: Path) -> None:
    async def write_and_kill(url: str) -> None:
        async with Redis.from_url(url) as client:
            await client.set("word", "here")
            process = (await client.info("server"))["process_id"]
        await asyncio.sleep(1.1)  # it writes to its disk each second
        os.kill(process, 9)
        await asyncio.Event().wait()

    said = await run(Valkey.at(tmp_path / "valkey"), write_and_kill, ends_with=1)
    assert "valkey was ended by SIGKILL" in said
    await run(Valkey.at(tmp_path / "valkey"), read)


async def test_it_never_throws_data_away_to_make_room(tmp_path: Path) -> None:
    async def use(url: str) -> None:
        async with Redis.from_url(url) as client:
            assert (await client.config_get("maxmemory-policy")) == {"maxmemory-policy": "noeviction"}

    await run(Valkey.at(tmp_path / "valkey"), use)


async def test_the_channel_layer_and_celery_reach_it(tmp_path: Path) -> None:
    async def use(url: str) -> None:
        layer = RedisPubSubChannelLayer(hosts=[url])
        channel = await layer.new_channel()
        await layer.group_add("group", channel)
        await layer.group_send("group", {"type": "word", "text": "here"})
        assert (await asyncio.wait_for(layer.receive(channel), 10))["text"] == "here"
        await layer.flush()
        await asyncio.to_thread(through_kombu, url)

    await run(Valkey.at(tmp_path / "valkey"), use)


def through_kombu(url: str) -> None:
    with Connection(url) as connection, connection.SimpleQueue("words") as queue:  # type: ignore[no-untyped-call]
        queue.put("here")
        message = queue.get(timeout=10)
        assert message.payload == "here"
        message.ack()


async def test_nobody_gets_in_without_the_password(tmp_path: Path) -> None:
    server = Valkey.at(tmp_path / "valkey")

    async def use(url: str) -> None:
        async with Redis(port=server.port) as client:
            with pytest.raises(AuthenticationError):
                await client.get("word")
        assert not [line for line in command_lines() if server.password in line]

    await run(server, use)
    assert stat.S_IMODE((tmp_path / "valkey" / "password.conf").stat().st_mode) == 0o600


async def test_damaged_data_is_told_of_with_what_to_do(tmp_path: Path) -> None:
    await run(Valkey.at(tmp_path / "valkey"), write)
    for file in (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"damaged")

    said = await run(Valkey.at(tmp_path / "valkey"), read, ends_with=1)

    assert f"If its data is damaged, move {tmp_path / 'valkey'} away" in said
