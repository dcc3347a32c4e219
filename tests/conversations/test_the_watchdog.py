"""Who is behind and was not told so is found by the watchdog; who is up to date is left alone."""

import asyncio
import uuid
from typing import Any

import pytest

from conversations import readers as room
from conversations import relay
from conversations.readers import Readers, Watchdog
from conversations.snapshots import Mark
from tests.conversations.half_written import World
from tests.conversations.reader import Reader
from tests.said import tokens


@pytest.fixture
def world() -> World:
    return World()


class TestWhoIsBehind:
    """Rows are a moment ahead of the event that tells of them: that alone is no reason to read them anew."""

    @pytest.fixture
    async def reader(self, world: World) -> Reader:
        reader = await world.reader()
        reader.kinds.clear()
        world.events.clear()
        return reader

    @pytest.fixture
    def watchdog(self, world: World, reader: Reader) -> Watchdog:
        self.readers = Readers()
        assert reader.relay is not None
        self.readers.add(reader.relay)
        return Watchdog(self.readers, world.marks)

    @pytest.mark.parametrize("change", ["end", "rename", "hand_back"])
    async def test_an_event_on_its_way_is_waited_for(
        self, world: World, reader: Reader, watchdog: Watchdog, change: str
    ) -> None:
        world.talk.rename("A title") if change == "rename" else getattr(world.talk, change)(world.draft)
        await watchdog.look_at_rows()
        assert reader.kinds == [], "it was told what is on its way"
        for event in world.events:
            await reader.hear(event)
        told = list(reader.kinds)
        await watchdog.look()
        assert reader.kinds == told, "it was told twice"

    async def test_one_that_was_lost_is_found_at_the_next_look(
        self, world: World, reader: Reader, watchdog: Watchdog
    ) -> None:
        world.talk.end(world.draft)
        await watchdog.look_at_rows()
        await watchdog.look()
        assert reader.page.message(world.answer)["reply"]["status"] == "complete"
        told = list(reader.kinds)
        await watchdog.look_at_rows()
        await watchdog.look()
        assert reader.kinds == told

    async def test_so_is_the_first_of_an_attempt(self, world: World, reader: Reader, watchdog: Watchdog) -> None:
        world.talk.hand_back(world.draft)
        for event in world.events:
            await reader.hear(event)
        second = world.talk.claim()
        assert second is not None
        second.add("t1 ")
        world.talk.save(second)
        await watchdog.look_at_rows()
        assert reader.page.message(world.answer)["reply"]["attempt"] == 1
        await watchdog.look()
        assert reader.page.message(world.answer)["reply"]["attempt"] == 2

    async def test_who_has_come_further_meanwhile_is_left_alone(
        self, world: World, reader: Reader, watchdog: Watchdog
    ) -> None:
        """Whether it is where the rows were is asked, not whether it is where they are by now."""
        world.talk.rename("One")
        await watchdog.look_at_rows()
        world.talk.rename("Two")
        for event in world.events:
            await reader.hear(event)
        await watchdog.look()
        assert reader.kinds == ["conversation", "conversation"]

    async def test_who_left_meanwhile_is_told_nothing(self, world: World, reader: Reader, watchdog: Watchdog) -> None:
        world.talk.end(world.draft)
        await watchdog.look_at_rows()
        assert reader.relay is not None
        self.readers.discard(reader.relay)
        await watchdog.look()
        assert reader.kinds == []

    async def test_who_is_just_being_told_makes_nobody_wait(
        self, world: World, reader: Reader, watchdog: Watchdog
    ) -> None:
        """A server that waits for its reader must not hold up the watchdog of all others."""
        world.talk.end(world.draft)
        assert reader.relay is not None
        await watchdog.look_at_rows()
        async with reader.relay._lock, asyncio.timeout(5):
            await watchdog.look()
            await watchdog.look_at_rows()
            await watchdog.look()


class TestWatchdog:
    @pytest.fixture(autouse=True)
    def _hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module, names in ((room, ("LOOK", "MARKS_LOOK")), (relay, ("SILENCE", "ROW_LOOK"))):
            for name in names:
                monkeypatch.setattr(module, name, 0.01)

    async def watched(self, world: World, reader: Reader, marks: Any, until: str) -> None:
        """Run the watchdog until the reader has the answer in this state."""
        assert reader.relay is not None
        readers = Readers()
        readers.add(reader.relay)
        watchdog = asyncio.create_task(Watchdog(readers, marks).run())
        try:
            async with asyncio.timeout(5):
                while reader.page.message(world.answer)["reply"]["status"] != until:
                    await asyncio.sleep(0.005)
        finally:
            watchdog.cancel()

    async def test_a_lost_end_is_found(self, world: World) -> None:
        reader = await world.reader()
        world.talk.end(world.draft)
        await self.watched(world, reader, world.marks, "complete")
        assert reader.page.text(world.answer) == tokens(5)

    async def test_a_database_that_is_away_does_not_end_it(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(relay, "SILENCE", 60)  # so that only the rows tell
        asked = 0

        async def marks(conversations: list[uuid.UUID]) -> dict[uuid.UUID, Mark]:
            nonlocal asked
            asked += 1
            if asked < 3:
                raise ConnectionError("away")
            return await world.marks(conversations)

        reader = await world.reader()
        world.talk.end(world.draft)
        await self.watched(world, reader, marks, "complete")
        assert asked >= 3

    async def test_only_the_silent_ask_the_log(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(relay, "SILENCE", 60)
        reader = await world.reader()
        assert reader.relay is not None
        assert not reader.relay.silent()
        monkeypatch.setattr(relay, "SILENCE", 0)
        assert reader.relay.silent()
