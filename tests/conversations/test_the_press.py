"""What is written reaches the log in numbered events, whatever Redis does in between."""

import asyncio
import json
import uuid
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from conversations import draft as drafting
from conversations import live
from conversations.draft import MOST_CHARACTERS, Draft, Press
from conversations.endings import outcome_frame
from conversations.live import Append
from conversations.models import Status
from conversations.states import Claim, Outcome


class FakeLog:
    """Takes what it is given until it is told to fail. `lost` says whether a failing append arrives all the same."""

    def __init__(self) -> None:
        self.taken: list[live.Event] = []
        self.rounds = 0
        self.fate: list[Append | type[Exception]] = []
        self.arrives_all_the_same = False

    async def append(self, events: Sequence[live.Event], *, shown: Collection[str] = ()) -> list[Append]:
        self.rounds += 1
        fate = self.fate.pop(0) if self.fate else Append.TAKEN
        if fate is Append.TAKEN or self.arrives_all_the_same:
            self.taken += events
        if isinstance(fate, type):
            raise fate
        return [fate] * len(events)

    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(event["frame"]) for event in self.taken]

    def text(self) -> str:
        """What a reader makes of it."""
        text, seq = "", 0
        for frame in self.frames():
            assert frame["seq"] > seq, "the log refuses a number that is not new"
            assert frame["seq"] == seq + 1 or frame["type"] == "reset", "a number is missing"
            seq = frame["seq"]
            text = frame["text"] if frame["type"] == "reset" else text + frame.get("text", "")
        return text


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def lost() -> list[Draft]:
    return []


@pytest.fixture
def press(log: FakeLog, lost: list[Draft], monkeypatch: pytest.MonkeyPatch) -> Press:
    monkeypatch.setattr(drafting, "PAUSE", 0.001)
    return Press(log, tick=0.001, lost=lost.append)  # type: ignore[arg-type]


@pytest.fixture
def draft() -> Draft:
    draft = Draft(Claim(uuid.uuid4(), uuid.uuid4(), 1))
    draft.begin(rev=2)
    return draft


async def test_the_first_event_says_that_it_begins_and_from_which_rev(press: Press, log: FakeLog, draft: Draft) -> None:
    await press.finish(draft)
    (event,) = log.taken
    assert (event["kind"], event["seq"], event["rev"]) == ("reply", 1, 2)
    assert log.frames()[0]["status"] == "streaming"


async def test_what_came_together_is_one_event(press: Press, log: FakeLog, draft: Draft) -> None:
    for word in ("one ", "two ", "three "):
        draft.add(word)
    await press.finish(draft)
    assert [(frame["type"], frame.get("text")) for frame in log.frames()] == [
        ("reply", None),
        ("delta", "one two three "),
    ]
    assert (draft.text, draft.seq) == ("one two three ", 2)


async def test_a_flood_is_cut_into_events_a_socket_can_take(press: Press, log: FakeLog, draft: Draft) -> None:
    for _ in range(100):
        draft.add("x" * 1_000)
    await press.finish(draft)
    assert log.text() == "x" * 100_000
    assert max(len(frame.get("text", "")) for frame in log.frames()) <= MOST_CHARACTERS + 1_000


async def test_a_state_stands_between_the_words_it_was_told_between(press: Press, log: FakeLog, draft: Draft) -> None:
    draft.add("before ")
    draft.announce("queued", {"code": "overloaded", "message": "Wait.", "seconds": 1.0})
    draft.add("after ")
    await press.finish(draft)
    assert [frame["type"] for frame in log.frames()] == ["reply", "delta", "reply", "delta"]
    assert [frame["seq"] for frame in log.frames()] == [1, 2, 3, 4]


@pytest.mark.parametrize("tries", [1, 2, 3])
async def test_what_could_not_be_shown_at_the_end_is_in_the_text_that_is_stored(
    press: Press, log: FakeLog, draft: Draft, tries: int
) -> None:
    """An answer that is shorter than one tick has not been formed at all when its end comes."""
    log.fate = [Append.TAKEN] * (tries - 1) + [live.RedisError] * 99
    draft.add("x" * MOST_CHARACTERS)
    draft.announce("queued", {"code": "overloaded", "message": "Wait.", "seconds": 1.0})
    draft.add("one ")
    await press.finish(draft)
    assert draft.text == draft.save().text == "x" * MOST_CHARACTERS + "one "
    assert draft.seq > len(log.taken)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("how", [Append.ERROR, live.RedisError])
async def test_after_a_failure_the_whole_text_comes_under_a_new_number(
    press: Press, log: FakeLog, draft: Draft, how: Any, arrives: bool
) -> None:
    log.arrives_all_the_same = arrives
    draft.add("one ")
    await press.finish(draft)
    log.fate = [how]
    draft.add("two ")
    await press.finish(draft)
    draft.add("three ")
    await press.finish(draft)

    assert log.frames()[-1]["type"] == "reset"
    assert log.frames()[-1]["text"] == log.text() == draft.text == "one two three "


@pytest.mark.parametrize("got_to_begin", [True, False])
async def test_what_was_said_before_comes_before_anything_else(press: Press, log: FakeLog, got_to_begin: bool) -> None:
    """Also before the state that is told at once, and when the end comes before the beginning."""
    draft = Draft(Claim(uuid.uuid4(), uuid.uuid4(), 2, "The water of"))
    if got_to_begin:
        draft.begin(rev=2)
        draft.announce("queued", {"code": "overloaded", "message": "Wait.", "seconds": 1.0})
    await press.finish(draft)
    frames = log.frames()
    assert [frame["type"] for frame in frames] == (["reset", "reply"] if got_to_begin else ["reset"])
    assert frames[0]["text"] == "The water of"


async def test_redis_away_for_long_costs_nothing_but_time(press: Press, log: FakeLog, draft: Draft) -> None:
    running = asyncio.create_task(press.run())
    log.fate = [live.RedisError] * 20
    for number in range(30):
        draft.add(f"t{number} ")
        press.ready(draft)
        await asyncio.sleep(0.001)
    async with asyncio.timeout(5):
        while draft.pending or log.fate:
            await asyncio.sleep(0.001)
    running.cancel()
    assert log.text() == draft.text == "".join(f"t{number} " for number in range(30))


async def test_a_draft_that_is_refused_is_given_up_and_the_others_go_on(
    press: Press, log: FakeLog, draft: Draft, lost: list[Draft]
) -> None:
    log.fate = [Append.REFUSED]
    await press.finish(draft)
    assert lost == [draft]
    assert draft.refused

    other = Draft(Claim(uuid.uuid4(), uuid.uuid4(), 1))
    other.add("one ")
    await press.finish(other)
    assert log.text() == "one "


async def test_all_drafts_of_a_tick_go_in_one_round_trip(press: Press, log: FakeLog) -> None:
    drafts = [Draft(Claim(uuid.uuid4(), uuid.uuid4(), 1)) for _ in range(50)]
    running = asyncio.create_task(press.run())
    for draft in drafts:
        draft.add("one ")
        press.ready(draft)
    async with asyncio.timeout(5):
        while len(log.taken) < 50:
            await asyncio.sleep(0.001)
    running.cancel()
    assert log.rounds == 1


async def test_the_first_words_do_not_wait_for_the_tick(log: FakeLog, draft: Draft) -> None:
    press = Press(log, tick=30, lost=lambda draft: None)  # type: ignore[arg-type]
    running = asyncio.create_task(press.run())
    press.ready(draft)
    await asyncio.sleep(0.01)  # the round that opens the tick
    draft.add("one ")
    press.ready(draft, urgent=True)
    async with asyncio.timeout(5):
        while log.text() != "one ":
            await asyncio.sleep(0.001)
    running.cancel()


async def test_a_draft_that_was_dropped_is_not_shown(press: Press, log: FakeLog, draft: Draft) -> None:
    press.ready(draft)
    press.drop(draft)
    running = asyncio.create_task(press.run())
    await asyncio.sleep(0.01)
    running.cancel()
    assert log.taken == []


def test_the_end_is_the_last_number_and_shows_its_rev(draft: Draft) -> None:
    draft.form()
    event = draft.end(9, outcome_frame(Outcome(status=Status.STOPPED)))
    frame = json.loads(event["frame"])
    assert (event["kind"], event["rev"], frame["seq"], frame["rev"], frame["status"]) == ("end", 9, 2, 9, "stopped")


def test_a_draft_that_goes_on_where_another_stopped(draft: Draft) -> None:
    later = Draft(draft.claim, seq=7, text="so far ")
    later.whole = True
    event = later.form()
    assert (event["kind"], event["seq"], json.loads(event["frame"])["text"]) == ("reset", 8, "so far ")


def test_saved_is_what_was_formed(draft: Draft) -> None:
    draft.form()
    draft.add("one ")
    assert (draft.save().seq, draft.save().text) == (1, "")
    draft.form()
    assert (draft.save().seq, draft.save().text) == (2, "one ")
    assert not draft.empty
