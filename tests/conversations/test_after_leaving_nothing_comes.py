"""Who was told that a conversation is gone, or has left it, is shown nothing of it any more."""

import asyncio

import pytest
from channels.layers import InMemoryChannelLayer

from conversations import wire
from conversations.errors import NotFound
from conversations.pulse import Pulse
from conversations.relay import Relay
from conversations.snapshots import View
from tests.conversations.half_written import World
from tests.conversations.test_one_socket_does_not_harm_another import FakeSocket


class Slow:
    """Rows that take as long to read as the test wants."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gone = False
        self.asked, self.answered = asyncio.Event(), asyncio.Event()

    async def rows(self, since: int | None) -> View:
        view = await self.world.talk.rows(since)
        self.asked.set()
        await self.answered.wait()
        if self.gone:
            raise NotFound
        return view


@pytest.fixture
async def slow() -> Slow:
    return Slow(World())


@pytest.fixture
async def reading(slow: Slow) -> FakeSocket:
    """A socket that reads the conversation."""
    socket = FakeSocket()
    socket.pulse, socket.channel_layer = Pulse(), InMemoryChannelLayer()
    socket.channel_name = await socket.channel_layer.new_channel()
    talk = slow.world.talk
    relay = Relay(conversation=talk.id, log=talk, read=slow.rows, send=socket._send_text, gone=socket._gone)
    slow.answered.set()
    await relay.start()
    socket.relays = {str(talk.id): relay}
    slow.asked.clear()
    slow.answered.clear()
    socket.sent.clear()
    return socket


@pytest.mark.parametrize("gone", [False, True])
async def test_what_was_still_being_read_is_kept_back(slow: Slow, reading: FakeSocket, gone: bool) -> None:
    talk = slow.world.talk
    talk.rename("Lost on the way")
    looking = asyncio.create_task(reading.relays[str(talk.id)].check(rows=True))
    await slow.asked.wait()
    slow.gone = gone
    deleted = wire.encode(wire.Deleted(type="deleted", conversation=str(talk.id)))
    await reading.conversation_gone({"conversation": str(talk.id), "frame": deleted})
    slow.answered.set()
    await looking
    assert [frame["type"] for frame in reading.frames()] == ["deleted"]


async def test_without_leaving_it_is_shown(slow: Slow, reading: FakeSocket) -> None:
    slow.world.talk.rename("Lost on the way")
    slow.answered.set()
    await reading.relays[str(slow.world.talk.id)].check(rows=True)
    assert [frame["type"] for frame in reading.frames()] == ["snapshot"]
