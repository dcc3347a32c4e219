"""What a reader missed is healed: from the log, else from the row, at the latest by the watchdog."""

import uuid
from typing import Any

import pytest

from conversations import relay
from conversations.errors import NotFound
from conversations.models import Status
from conversations.readers import Readers
from conversations.relay import Relay
from tests.conversations.half_written import World
from tests.conversations.reader import Reader
from tests.conversations.small_talk import SmallTalk
from tests.said import tokens


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("saved", range(1, 9))
async def test_from_every_cut_point_the_snapshot_and_the_rest_make_the_whole(saved: int) -> None:
    """For every number of events k: the snapshot at k, and k + 1 and what follows, give the final text."""
    connected = 0
    for cut in range(40):
        events: list[dict[str, Any]] = []
        talk = SmallTalk(events.append)
        reader = Reader(talk)
        connected += await write_and_join(talk, reader, events, cut=cut, saved=saved)
        (answer,) = (message for message in talk.messages.values() if message["reply"])
        assert answer["text"] == tokens(8)
        if reader.relay is None:
            continue
        for event in events[cut:]:
            await reader.hear(event)
        assert reader.page.text(answer["id"]) == tokens(8)
        assert reader.page.message(answer["id"])["reply"]["status"] == "complete"
    assert connected == 12  # before the first event, and after each of eleven


async def write_and_join(
    talk: SmallTalk, reader: Reader, events: list[dict[str, Any]], *, cut: int, saved: int
) -> bool:
    """A whole answer, saved after so many tokens; the reader joins when so many events have been."""

    async def join_when_due() -> None:
        if len(events) == cut and reader.relay is None:
            await reader.connect()

    await join_when_due()
    talk.send()
    await join_when_due()
    draft = talk.claim()
    assert draft is not None
    talk.print(draft)
    await join_when_due()
    for number in range(1, 9):
        draft.add(f"t{number} ")
        talk.print(draft)
        if number == saved:
            talk.save(draft)
        await join_when_due()
    talk.end(draft)
    await join_when_due()
    return reader.relay is not None


async def test_a_gap_is_filled_from_the_log(world: World) -> None:
    reader = await world.reader()
    world.write(3)
    await reader.hear(world.events[-1])

    assert reader.page.text(world.answer) == tokens(8)


@pytest.mark.parametrize(("missed", "kinds"), [(relay.MOST_REPLAYED, {"delta"}), (relay.MOST_REPLAYED + 1, {"reset"})])
async def test_who_missed_many_gets_them_in_one(world: World, missed: int, kinds: set[str]) -> None:
    """Or to come back would be as much at once as a slow reader may have on the way."""
    reader = await world.reader()
    world.write(missed)
    reader.kinds.clear()
    await reader.watch()

    assert set(reader.kinds) == kinds
    assert reader.page.text(world.answer) == tokens(5 + missed)


async def test_what_the_log_has_lost_comes_whole_from_the_row(world: World) -> None:
    reader = await world.reader()
    world.write(3)
    world.talk.save(world.draft)
    world.talk.forget_log()
    world.write(1)
    await reader.hear(world.events[-1])

    assert reader.page.text(world.answer) == tokens(9)


async def test_what_neither_has_yet_is_waited_for(world: World) -> None:
    reader = await world.reader()
    world.write(2)
    world.talk.forget_log()
    world.write(1)
    await reader.hear(world.events[-1])
    assert reader.page.text(world.answer) == tokens(5), "half of it would be out of order"

    world.talk.save(world.draft)
    await reader.watch()
    assert reader.page.text(world.answer) == tokens(8)


async def test_without_redis_the_row_is_shown(world: World) -> None:
    reader = await world.reader()
    world.talk.log_is_down = True
    world.write(4)
    world.talk.save(world.draft)
    await reader.watch()

    assert reader.page.text(world.answer) == tokens(9)


async def test_without_postgres_a_gap_is_filled_from_the_log_alone(world: World) -> None:
    reader = await world.reader()
    world.talk.rows_are_down = True
    world.write(3)
    await reader.hear(world.events[-1])
    assert reader.page.text(world.answer) == tokens(8)

    world.write(2)
    await reader.watch()
    assert reader.page.text(world.answer) == tokens(10)


async def test_without_postgres_nothing_is_shown_of_a_message_that_is_not_here_yet(world: World) -> None:
    reader = await world.reader()
    world.talk.end(world.draft)
    await reader.hear(world.events[-1])
    world.talk.rows_are_down = True
    answer = world.talk.send()
    draft = world.talk.claim()
    assert draft is not None
    draft.add(tokens(3))
    world.talk.print(draft)
    for event in world.events[-2:]:
        await reader.hear(event)
    await reader.watch()
    world.talk.rows_are_down = False
    await reader.watch()

    assert reader.page.text(answer) == tokens(3)


async def test_an_answer_whose_beginning_nobody_told_is_found_in_its_row(world: World) -> None:
    """That an answer is begun is no change of the rows that a number counts."""
    talk = SmallTalk(world.events.append)
    answer = talk.send()
    reader = Reader(talk)
    await reader.connect()
    talk.log_is_down = True
    draft = talk.claim()
    assert draft is not None
    draft.add(tokens(3))
    for _ in range(2):  # what could not be told is told whole with the next try
        talk.print(draft)
    talk.save(draft)
    await reader.watch()

    assert reader.page.text(answer) == tokens(3)
    assert reader.relay is not None
    assert not reader.relay.behind(talk.mark())


async def test_a_reset_replaces_what_was_there(world: World) -> None:
    reader = await world.reader()
    world.draft.whole = True
    world.write(1)
    await reader.hear(world.events[-1])

    assert reader.page.text(world.answer) == tokens(6)


async def test_the_first_event_of_an_answer_that_goes_on_waits_for_its_rows(world: World) -> None:
    """It is a reset, which needs no event before it, but the row that says the answer is open again."""
    reader = await world.reader()
    seen = len(world.events)
    world.talk.end(world.draft, Status.INTERRUPTED)
    for event in world.events[seen:]:
        await reader.hear(event)
    world.events.clear()
    world.talk.go_on()
    draft = world.talk.claim()
    assert draft is not None
    world.talk.print(draft)
    _, first = world.events  # what says that it goes on is lost
    assert first["kind"] == "reset"
    assert reader.relay is not None
    assert not reader.relay.ready_for(first)  # type: ignore[arg-type]
    await reader.hear(first)

    assert reader.page.text(world.answer) == tokens(5)
    assert reader.page.message(world.answer)["reply"]["status"] == "streaming"
    assert reader.page.conversations[str(world.talk.id)].rev == world.talk.rev


async def test_another_attempt_begins_with_nothing(world: World) -> None:
    talk = SmallTalk(world.events.append)
    answer = talk.send()
    first = talk.claim()
    assert first is not None
    talk.print(first)
    reader = Reader(talk)
    await reader.connect()
    talk.hand_back(first)
    world.events.clear()
    second = talk.claim()
    assert second is not None
    for word in ("t1 ", "t2 "):
        second.add(word)
        talk.print(second)
    for event in world.events:
        await reader.hear(event)

    assert reader.page.text(answer) == tokens(2)
    assert reader.page.message(answer)["reply"]["attempt"] == 2


async def test_events_that_were_long_on_their_way_begin_no_answer_that_the_reader_has_whole(world: World) -> None:
    """A window that drops its socket and comes back may be given what its process has not yet heard from the bus."""
    world.talk.end(world.draft)
    reader = await world.reader()
    await reader.connect()  # with what it has: no message comes with this snapshot
    told = len(reader.kinds)
    for event in world.events:
        await reader.hear(event)

    assert reader.page.text(world.answer) == tokens(5)
    assert len(reader.kinds) == told, "what the window has is not sent to it again"


async def test_who_may_not_read_any_more_is_told_so(world: World) -> None:
    told: list[uuid.UUID] = []

    async def forbidden(since: int | None) -> Any:
        raise NotFound

    async def gone(conversation: uuid.UUID) -> None:
        told.append(conversation)

    reader = await world.reader()
    assert reader.relay is not None
    reader.relay._read, reader.relay._gone = forbidden, gone
    await reader.relay.check(rows=True)
    assert told == [world.talk.id]


async def test_readers_of_one_process_get_each_event_once(world: World) -> None:
    """The runner beside the sockets hands them its events itself, and other processes' copies change nothing."""
    readers = Readers()
    both = [await world.reader(), await world.reader()]
    for reader in both:
        assert isinstance(reader.relay, Relay)
        readers.add(reader.relay)
    assert readers.has(str(world.talk.id))
    seen = len(world.events)
    world.write(5)
    for event in world.events[seen:]:
        await readers.show(event)  # type: ignore[arg-type]
        await both[0].hear(event)

    assert [reader.page.text(world.answer) for reader in both] == [tokens(10)] * 2
    for reader in both:
        assert reader.relay is not None
        readers.discard(reader.relay)
    assert not readers.has(str(world.talk.id))
