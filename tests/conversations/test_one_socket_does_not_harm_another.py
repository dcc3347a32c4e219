"""Sockets share a heartbeat, a watchdog and a runner. One that breaks breaks none of these for the others."""

import asyncio
import json
import math
from collections.abc import Collection
from typing import Any

import pytest
from django.db import OperationalError

from accounts.sessions import Held
from conversations import pulse as pulses
from conversations import wire
from conversations.consumers import ChatConsumer
from conversations.pulse import Pulse
from conversations.readers import Readers
from conversations.window import Window
from tests.conversations.reader import Reader
from tests.conversations.small_talk import SmallTalk


class FakeSocket(ChatConsumer):
    """A consumer whose browser is a list, or is gone."""

    def __init__(self, *, broken: bool = False) -> None:
        self.pings = 0
        self.closed = False
        self.sending = 0
        self.window = Window()
        self.heard = self.pinged = 0.0
        self.sent: list[dict[str, Any]] = []
        self.broken = broken

    async def base_send(self, message: dict[str, Any]) -> None:
        if self.broken:
            raise RuntimeError("the browser is gone")
        self.sent.append(message)

    def frames(self) -> list[Any]:
        return [json.loads(message["text"]) for message in self.sent if message["type"] == "websocket.send"]


class TestHeartbeat:
    async def test_a_ping_when_it_is_time(self) -> None:
        socket = FakeSocket()
        await socket.beat(wire.HEARTBEAT - 1)
        assert socket.sent == []
        await socket.beat(wire.HEARTBEAT)
        await socket.beat(wire.HEARTBEAT + 1)
        await socket.beat(2 * wire.HEARTBEAT)
        assert socket.frames() == [{"type": "ping", "n": 1}, {"type": "ping", "n": 2}]

    async def test_no_sign_of_life_ends_the_line(self) -> None:
        socket = FakeSocket()
        await socket.beat(wire.PONG_WITHIN + 1)
        assert socket.sent == [{"type": "websocket.close", "code": 4408}]

    async def test_who_is_being_sent_something_is_not_waited_for(self) -> None:
        socket = FakeSocket()
        socket.sending = 1
        await socket.beat(wire.HEARTBEAT)
        assert socket.sent == []

    async def test_any_frame_is_a_sign_of_life(self) -> None:
        socket = FakeSocket()
        socket.heard = 50.0
        await socket.beat(wire.PONG_WITHIN + 40)
        assert [frame["type"] for frame in socket.frames()] == ["ping"]

    async def test_a_socket_that_breaks_takes_no_heartbeat_from_the_others(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pulse = Pulse()
        well = FakeSocket()
        sockets = [FakeSocket(broken=True), well, FakeSocket(broken=True)]
        for socket in sockets:
            socket.heard = math.inf
        pulse.sockets = set(sockets)
        monkeypatch.setattr(pulses, "BEAT", 0.001)
        monkeypatch.setattr(wire, "HEARTBEAT", 0)
        beating = asyncio.create_task(pulse._beat())
        async with asyncio.timeout(5):
            while len(well.sent) < 3:
                await asyncio.sleep(0.005)
        assert not beating.done()
        assert well.frames()[-1]["type"] == "ping"
        beating.cancel()

    async def test_a_socket_that_breaks_does_not_stop_the_drain(self) -> None:
        pulse = Pulse()
        well = [FakeSocket(), FakeSocket()]
        pulse.sockets = {well[0], FakeSocket(broken=True), well[1]}
        await pulse.drain(0.01)
        for socket in well:
            assert [frame["type"] for frame in socket.frames()] == ["draining"]
            assert socket.sent[-1] == {"type": "websocket.close", "code": 4012}


async def test_sessions_are_looked_at_soon_after_postgres_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their ends were told to nobody meanwhile; another whole minute would break our word."""
    assert pulses.SESSIONS_AGAIN < pulses.SESSIONS_LOOK / 10
    monkeypatch.setattr(pulses, "SESSIONS_LOOK", 0.01)
    monkeypatch.setattr(pulses, "SESSIONS_AGAIN", 0.01)
    looks = 0

    async def ended(held: Collection[Held]) -> set[Held]:
        nonlocal looks
        looks += 1
        if looks == 1:
            monkeypatch.setattr(pulses, "SESSIONS_LOOK", 3600)
            raise OperationalError("away")
        return set(held)

    monkeypatch.setattr(pulses, "ended", ended)
    pulse, socket = Pulse(), FakeSocket()
    socket.held = Held(1, "a session that is over", "")
    pulse.sockets = {socket}
    looking = asyncio.create_task(pulse._look_at_sessions())
    async with asyncio.timeout(5):
        while not socket.closed:
            await asyncio.sleep(0.005)
    looking.cancel()
    assert socket.sent[-1] == {"type": "websocket.close", "code": 4401}


async def test_a_socket_that_breaks_does_not_stop_the_runner_beside_it() -> None:
    """Events go from the runner of a process straight to its own sockets."""
    events: list[dict[str, Any]] = []
    talk = SmallTalk(events.append)
    talk.send()
    draft = talk.claim()
    assert draft is not None
    talk.print(draft)
    broken, well = Reader(talk), Reader(talk)
    readers = Readers()
    for reader in (broken, well):
        await reader.connect()
        assert reader.relay is not None
        readers.add(reader.relay)

    async def fail(text: str) -> None:
        raise RuntimeError("the browser is gone")

    assert broken.relay is not None
    broken.relay._send = fail
    draft.add("t1 ")
    await readers.show(draft.form())
    assert well.page.text(str(draft.claim.reply)) == "t1 "
