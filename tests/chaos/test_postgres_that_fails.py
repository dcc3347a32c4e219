"""Postgres is the truth: without it nothing is acknowledged, and with it back everything goes on by itself."""

import pytest

from accounts.models import User
from conversations.models import Message
from tests.chaos.matrix import Row, survives
from tests.chaos.storm import OUTAGES, Storm
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import Process, eventually, status_of
from tests.tab import new_id


@pytest.fixture
def storm(storm: Storm) -> Storm:
    storm.expected_errors += OUTAGES
    return storm


def ready(process: Process) -> int:
    return status_of(f"{process.url}/health/ready", timeout=20)


@pytest.mark.quick
@survives(Row.POSTGRES_RESTARTS)
def test_after_a_crash_nothing_acknowledged_is_gone(storm: Storm, alice: User) -> None:
    reading, sending = storm.open(alice, at=storm.other), storm.open(alice)
    ack = reading.ask("Count [[tokens=500 pace=10ms]]")
    reading.until(ack.reply, "t30 ")
    said = sending.say("Before the crash [[tokens=3]]", personality="assistant")
    storm.servers.kill_postgres()
    refused = sending.refused("send", client_id=(lost := new_id()), conversation=said.conversation, text="Lost?")
    assert (refused["code"], refused["retryable"]) == ("unavailable", True)
    assert ready(storm.web) == 503
    storm.servers.start_postgres()

    assert message_row(said.message).text == "Before the crash [[tokens=3]]"
    assert not Message.objects.filter(client_id=lost).exists()
    eventually(lambda: ready(storm.web) == 200, within=30)
    again = [sending.say("Lost?", conversation=said.conversation, client_id=lost) for _ in range(2)]
    assert again[0] == again[1]
    assert reading.answer(ack.reply, within=60) == tokens(500)
    assert reply_row(ack.reply).status == "complete", "its text was in memory all the time"


@survives(Row.POSTGRES_AWAY)
def test_an_answer_outlives_a_longer_outage_in_memory(storm: Storm, alice: User) -> None:
    """Longer than a lease: whoever held one when Postgres went is given the time to hold it again."""
    tabs = [storm.open(alice), storm.open(alice, at=storm.other)]
    ack = tabs[0].ask("Count [[tokens=1500 pace=10ms]]")
    tabs[1].read(ack.conversation)
    tabs[1].until(ack.reply, "t30 ")
    storm.servers.kill_postgres()
    for tab in tabs:
        tab.until(ack.reply, "t700 ")  # Redis shows it meanwhile
    assert ready(storm.web) == 503
    storm.servers.start_postgres()

    for tab in tabs:
        assert tab.answer(ack.reply, within=60) == tokens(1500)
    assert reply_row(ack.reply).status == "complete"
    eventually(lambda: ready(storm.web) == 200, within=30)
    next_one = tabs[0].say("And now? [[tokens=5]]", conversation=ack.conversation)
    assert [tab.answer(next_one.reply, within=30) for tab in tabs] == [tokens(5)] * 2


@survives(Row.POSTGRES_READ_ONLY)
def test_what_cannot_be_stored_is_not_acknowledged(storm: Storm, alice: User) -> None:
    """As after a failover to a standby: it can be read, and takes nothing."""
    reading, sending = storm.open(alice, at=storm.other), storm.open(alice)
    ack = reading.ask("Count [[tokens=1200 pace=10ms]]")
    reading.until(ack.reply, "t30 ")
    storm.servers.set_read_only(True)
    refused = sending.refused("send", client_id=(lost := new_id()), conversation=ack.conversation, text="Lost?")
    assert (refused["code"], refused["retryable"]) == ("unavailable", True)
    reading.until(ack.reply, "t300 ")
    assert not Message.objects.filter(client_id=lost).exists()
    storm.servers.set_read_only(False)

    def acknowledged() -> bool:
        sending.send("send", client_id=lost, conversation=ack.conversation, text="Lost? [[tokens=3]]")
        sending.flush()
        return any(frame["type"] == "ack" and frame["client_id"] == lost for frame in sending.frames)

    eventually(acknowledged, within=60, every=0.5)
    assert Message.objects.filter(client_id=lost).count() == 1
    assert reading.answer(ack.reply, within=90) == tokens(1200)
    assert reply_row(ack.reply).status == "complete"
