"""Redis makes it fast and may vanish: nothing is lost with it, and nobody needs to do anything when it is back."""

from collections.abc import Callable

import pytest

from accounts.models import User
from tests.chaos.matrix import Row, survives
from tests.chaos.storm import OUTAGES, Storm
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import status_of
from tests.tab import Ack, Tab


@pytest.fixture
def storm(storm: Storm) -> Storm:
    storm.expected_errors += OUTAGES
    return storm


def two_readers(storm: Storm, alice: User, question: str) -> tuple[Ack, list[Tab]]:
    """One at each web process, both in the middle of an answer."""
    tabs = [storm.open(alice), storm.open(alice, at=storm.other)]
    ack = tabs[0].ask(question)
    tabs[1].read(ack.conversation)
    for tab in tabs:
        tab.until(ack.reply, "t30 ")
    return ack, tabs


@survives(Row.REDIS_RESTARTS)
@pytest.mark.parametrize("empty", [False, True], ids=["with what it knew", "empty"])
def test_after_a_restart_all_readers_go_on(storm: Storm, alice: User, empty: bool) -> None:
    ack, tabs = two_readers(storm, alice, "Count [[tokens=300 pace=10ms]]")
    storm.servers.kill_valkey()
    storm.servers.start_valkey(empty=empty)

    for tab in tabs:
        assert tab.answer(ack.reply, within=60) == tokens(300)
    again = tabs[1].say("And now? [[tokens=5]]", conversation=ack.conversation)
    assert [tab.answer(again.reply, within=60) for tab in tabs] == [tokens(5)] * 2


@pytest.mark.quick
@survives(Row.REDIS_RESTARTS)
def test_what_it_forgets_in_the_middle_is_no_gap(storm: Storm, alice: User) -> None:
    ack, tabs = two_readers(storm, alice, "Count [[tokens=300 pace=10ms]]")
    storm.servers.redis.flushall()
    late = storm.open(alice, at=storm.other)
    late.read(ack.conversation)

    for tab in [*tabs, late]:
        assert tab.answer(ack.reply, within=60) == tokens(300)


@survives(Row.REDIS_AWAY)
@pytest.mark.parametrize("how", ["down", "hold"], ids=["refuses", "is silent"])
def test_while_it_is_gone_sends_are_stored_and_answers_grow(storm: Storm, alice: User, how: str) -> None:
    ack, tabs = two_readers(storm, alice, "Count [[tokens=2000 pace=10ms]]")
    fail: Callable[[], None] = getattr(storm.servers.redis_line, how)
    fail()
    seen = len(tabs[1].page.text(ack.reply).split())
    for tab in tabs:
        tab.until(ack.reply, f"t{seen + 200} ", within=60)  # by way of the row
        assert tab.page.message(ack.reply)["reply"]["status"] == "streaming", "it was shown only once it had ended"
    tabs[0].send(
        "send",
        client_id=(sent := "0d0e0f00-0000-4000-8000-000000000001"),
        conversation=ack.conversation,
        text="Still there? [[tokens=5]]",
    )
    stored = tabs[0].acknowledged(sent)
    assert message_row(stored.message).text == "Still there? [[tokens=5]]"
    assert status_of(f"{storm.web.url}/health/ready") == 200, "members can be served without it"
    storm.servers.redis_line.up()

    for tab in tabs:
        assert tab.answer(ack.reply, within=60) == tokens(2000)
        assert tab.answer(stored.reply, within=60) == tokens(5)
    assert reply_row(ack.reply).status == "complete"


@survives(Row.BUS_LOSSY)
def test_a_bus_that_loses_doubles_and_reorders_is_not_noticed(storm: Storm, alice: User) -> None:
    for name in ("web", "other"):
        storm.kill(name)
        process = storm.start(name, DJANGO_SETTINGS_MODULE="tests.chaos.lossy_settings")
    ack, tabs = two_readers(storm, alice, "Count [[tokens=600 pace=10ms]]")
    again = [
        tab.say(f"{number} [[tokens=200 pace=5ms]]", conversation=ack.conversation) for number, tab in enumerate(tabs)
    ]
    late = storm.open(alice, at=storm.other)
    late.read(ack.conversation)

    for tab in [*tabs, late]:
        assert tab.answer(ack.reply, within=60) == tokens(600)
        for each in again:
            assert tab.answer(each.reply, within=60) == tokens(200)
    assert "a lossy bus" in process.said()
