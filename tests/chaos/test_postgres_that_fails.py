"""Postgres is the truth: without it nothing is acknowledged, and with it back everything goes on by itself."""

import random
import re
import signal
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import User
from conversations.models import Message
from tests.chaos.disk import Disk
from tests.chaos.matrix import Row, survives
from tests.chaos.storm import OUTAGES, Storm
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import Process, eventually, status_of
from tests.site import session_of
from tests.tab import Ack, Tab, new_id


@pytest.fixture
def storm(storm: Storm) -> Storm:
    storm.expected_errors += OUTAGES
    return storm


def sweeps(worker: Process) -> int:
    """How often it has looked for answers whose lease ran out, and Postgres has told it."""
    return len(re.findall(r"sweep_replies\S+ succeeded", worker.said()))


def with_short_leases(storm: Storm) -> tuple[Process, Process]:
    """Celery with its beat, and the writer, started anew."""
    for name in ("worker", "replies"):
        storm.kill(name)
    worker = storm.start("worker", LEASE_SECONDS="12")
    return worker, storm.start("replies", LEASE_SECONDS="12", OPENAI_TIMEOUTS="10,60,60,120")


def read_by_two(storm: Storm, member: User, question: str) -> tuple[list[Tab], Ack]:
    """An answer that streams into a window at each web process."""
    tabs = [storm.open(member), storm.open(member, at=storm.other)]
    ack = tabs[0].ask(question)
    tabs[1].read(ack.conversation)
    return tabs, ack


def come_back(postgres: Callable[[], None], *, first: Process, later: Process) -> None:
    """Postgres is there again. `first` has looked for answers left behind before `later`, who sleeps, hears of it."""
    later.signal(signal.SIGSTOP)
    looks = sweeps(first)
    postgres()
    eventually(lambda: sweeps(first) > looks, within=60)
    later.signal(signal.SIGCONT)


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


@survives(Row.POSTGRES_RESTARTS)
def test_who_comes_meanwhile_is_asked_to_come_again(storm: Storm, alice: User) -> None:
    """In one line of the log each, and no traceback."""
    storm.expected_errors.append("Service Unavailable: /")
    session = session_of(alice)
    storm.servers.kill_postgres()
    for process in (storm.web, storm.other):
        assert status_of(f"{process.url}/", session=session, timeout=30) == 503
        tab = storm.knock(session=session, at=process)
        assert tab.closed(within=30) == 4503
        assert "Traceback" not in process.said()
    storm.servers.start_postgres()
    eventually(lambda: status_of(f"{storm.web.url}/", session=session, timeout=30) == 200, within=60)
    tab = storm.open(alice, session=session)
    assert tab.answer(tab.ask("Hello [[tokens=5]]").reply, within=60) == tokens(5)


@survives(Row.POSTGRES_AWAY)
def test_an_answer_outlives_a_longer_outage_in_memory(storm: Storm, alice: User) -> None:
    """Longer than a lease: whoever held one when Postgres went is given the time to hold it again.

    Celery's beat finds Postgres back before the writer does, who sleeps, and takes nothing.
    """
    worker, writer = with_short_leases(storm)
    tabs, ack = read_by_two(storm, alice, "Count [[tokens=2500 pace=10ms]]")
    tabs[1].until(ack.reply, "t30 ")
    storm.servers.kill_postgres()
    for tab in tabs:
        tab.until(ack.reply, "t1500 ", within=60)  # Redis shows it meanwhile
    assert ready(storm.web) == 503
    come_back(storm.servers.start_postgres, first=worker, later=writer)

    for tab in tabs:
        assert tab.answer(ack.reply, within=60) == tokens(2500)
    assert reply_row(ack.reply).status == "complete"
    eventually(lambda: ready(storm.web) == 200, within=30)
    next_one = tabs[0].say("And now? [[tokens=5]]", conversation=ack.conversation)
    assert [tab.answer(next_one.reply, within=30) for tab in tabs] == [tokens(5)] * 2


@survives(Row.POSTGRES_AWAY)
def test_what_a_bad_bus_loses_meanwhile_comes_from_the_log(storm: Storm, alice: User) -> None:
    """Nobody can look it up in the rows, and no socket may close for that."""
    for name in ("web", "other"):
        storm.kill(name)
        storm.start(name, DJANGO_SETTINGS_MODULE="tests.chaos.lossy_settings")
    tabs, ack = read_by_two(storm, alice, "Count [[tokens=1500 pace=10ms]]")
    for tab in tabs:
        tab.until(ack.reply, "t30 ")
    storm.servers.kill_postgres()
    for tab in tabs:
        tab.until(ack.reply, "t700 ", within=60)
    storm.servers.start_postgres()

    for tab in tabs:
        assert tab.answer(ack.reply, within=60) == tokens(1500)
    assert reply_row(ack.reply).status == "complete"


@survives(Row.POSTGRES_AWAY)
def test_who_sends_to_a_silent_one_is_answered_when_it_speaks(storm: Storm, alice: User) -> None:
    """As on a machine that was frozen, for longer than a lease: no connection breaks, nothing says that it is gone.

    Here too Celery's beat is heard before the writer, and takes nothing.
    """
    worker, writer = with_short_leases(storm)
    tabs, ack = read_by_two(storm, alice, "Count [[tokens=2500 pace=10ms]]")
    for tab in tabs:
        tab.until(ack.reply, "t30 ")
    storm.servers.postgres_line.hold()
    question = {"client_id": (sent := new_id()), "conversation": ack.conversation, "text": "There? [[tokens=5]]"}
    tabs[0].send("send", **question)
    tabs[1].until(ack.reply, "t1500 ", within=60)
    assert not Message.objects.filter(client_id=sent).exists()
    come_back(storm.servers.postgres_line.up, first=worker, later=writer)

    # As a browser does that has heard of no `ack`, or that nothing is certain yet.
    tabs[0].send("send", **question)
    stored = tabs[0].acknowledged(sent, within=60)
    assert Message.objects.filter(client_id=sent).count() == 1
    for tab in tabs:
        assert tab.answer(ack.reply, within=60) == tokens(2500)
        assert tab.answer(stored.reply, within=60) == tokens(5)
    assert (reply_row(ack.reply).status, reply_row(ack.reply).attempt) == ("complete", 1)


@survives(Row.POSTGRES_AWAY)
def test_past_what_memory_may_hold_the_model_is_left(storm: Storm, alice: User) -> None:
    """After two minutes, for which nobody waits here. What had arrived is kept, and it says so."""
    storm.kill("replies")
    storm.start("replies", UNSAVED_SECONDS="8")
    tabs, ack = read_by_two(storm, alice, "Long [[tokens=9000 pace=10ms]]")
    for tab in tabs:
        tab.until(ack.reply, "t30 ")
    storm.servers.kill_postgres()
    (request,) = storm.asked(settled=60)
    assert request["gone"], "it was asked for more than could be kept"
    storm.servers.start_postgres()

    for tab in tabs:
        ended = tab.ended(ack.reply, within=60)
        assert (ended["status"], ended["error"]["code"], ended["error"]["retryable"]) == (
            "interrupted",
            "storage",
            True,
        )
        text = tab.page.text(ack.reply)
        assert text == message_row(ack.reply).text == tokens(len(text.split()))
    next_one = tabs[0].say("And now? [[tokens=5]]", conversation=ack.conversation)
    assert [tab.answer(next_one.reply, within=60) for tab in tabs] == [tokens(5)] * 2


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


@survives(Row.POSTGRES_READ_ONLY)
def test_on_a_full_disk_nothing_is_acknowledged_that_is_not_stored(cramped: Storm, disk: Disk) -> None:
    """Not one byte is left, for the tables or for Postgres's own log."""
    cramped.expected_errors += OUTAGES
    alice, noise = cramped.member("Alice"), random.Random(7)
    reading, sending = cramped.open(alice, at=cramped.other), cramped.open(alice)
    ack = reading.ask("Count [[tokens=1500 pace=10ms]]")
    reading.until(ack.reply, "t30 ")
    text = f"{noise.randbytes(9_000).hex()} [[tokens=3]]"
    disk.fill()

    def acknowledged(client_id: str, conversation: str) -> bool:
        sending.send("send", client_id=client_id, conversation=conversation, text=text, personality="assistant")
        sending.flush()
        return any(frame["type"] == "ack" and frame["client_id"] == client_id for frame in sending.frames)

    def refused() -> tuple[str, str] | None:
        ids = new_id(), new_id()
        return None if acknowledged(*ids) else ids

    lost = eventually(refused, within=60)
    error = sending.expect("error", ref=lost[0])
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    reading.until(ack.reply, f"t{len(reading.page.text(ack.reply).split()) + 200} ")
    connection.close()  # the test's own, should Postgres have ended it
    disk.make_room()
    cramped.servers.revive()

    eventually(lambda: ready(cramped.web) == 200, within=60)
    assert not Message.objects.filter(client_id=lost[0]).exists()
    eventually(lambda: acknowledged(*lost), within=60, every=0.5)
    assert Message.objects.filter(client_id=lost[0]).count() == 1
    assert reading.answer(ack.reply, within=90) == tokens(1500)
    assert reply_row(ack.reply).status == "complete"
