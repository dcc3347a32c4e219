"""Kill what you like: what was shown is kept, what was acknowledged is answered, and readers see one story."""

import signal
import uuid

import pytest

from accounts.models import User
from conversations.models import Summary, TitledBy, Usage
from tests.chaos.matrix import Row, survives
from tests.chaos.storm import Storm
from tests.conversations.stored import store_exchanges, store_talk
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import eventually

SUMMARY = "They-asked-and-were-answered."
LONG = "Long [[tokens=3000 pace=10ms]]"
AHEAD = "tests/chaos/ahead"


@pytest.mark.quick
@survives(Row.WEB_KILLED)
def test_a_killed_web_process_takes_no_token_with_it(storm: Storm, alice: User) -> None:
    tab = storm.open(alice)
    ack = tab.ask("Count [[tokens=150 pace=10ms]]")
    tab.until(ack.reply, "t30 ")
    storm.kill("web")

    again = storm.again(tab, at=storm.other)
    assert again.answer(ack.reply) == tokens(150) == message_row(ack.reply).text
    assert reply_row(ack.reply).status == "complete"


@pytest.mark.quick
@survives(Row.WRITER_KILLED)
def test_what_a_killed_writer_had_shown_is_kept(storm: Storm, alice: User) -> None:
    tab, silent = storm.open(alice), storm.open(alice, at=storm.other)
    ack = tab.ask(LONG)
    unseen = silent.ask("Silent [[tokens=5 first=6s]]")
    tab.until(ack.reply, "t60 ")
    eventually(lambda: len(storm.asked()) == 2, within=30)
    storm.restart("replies")
    storm.extra_requests = 1  # the one of which nothing was shown is made again

    ended = tab.ended(ack.reply, within=60)
    assert (ended["status"], ended["error"]["code"]) == ("interrupted", "writer_lost")
    text = tab.page.text(ack.reply)
    assert len(text.split()) >= 60
    assert text == message_row(ack.reply).text == tokens(len(text.split()))
    assert silent.answer(unseen.reply, within=60) == tokens(5)
    assert reply_row(unseen.reply).attempt == 2


@survives(Row.WRITER_FROZEN)
def test_a_frozen_writer_changes_nothing_when_it_wakes(storm: Storm, alice: User) -> None:
    """Celery's beat is the one that takes over: no other runner is there."""
    tab = storm.open(alice)
    ack = tab.ask(LONG)
    tab.until(ack.reply, "t40 ")
    storm.fleet.processes["replies"].signal(signal.SIGSTOP)
    assert tab.ended(ack.reply, within=60)["status"] == "interrupted"
    text = tab.page.text(ack.reply)
    assert len(text.split()) >= 40

    storm.fleet.processes["replies"].signal(signal.SIGCONT)
    (request,) = storm.asked(settled=30)
    assert request["gone"], "the woken one went on asking"
    again = tab.say("And now? [[tokens=3]]", conversation=ack.conversation)
    assert tab.answer(again.reply, within=60) == tokens(3)
    assert message_row(ack.reply).text == tab.page.text(ack.reply) == text


@survives(Row.CELERY_KILLED)
def test_a_summary_outlives_its_worker(storm: Storm, alice: User) -> None:
    """Its job is a row with a lease, and a sweep finds it; answers never wait for it."""
    storm.kill("worker")
    storm.start("worker", SUMMARY_SECONDS="15")  # its lease is half a minute more
    talk = store_talk(alice, title="Long ago", titled_by=TitledBy.MEMBER)
    store_exchanges(talk, 14)
    storm.extra_requests = -14  # nobody was asked for these
    storm.endpoint.script(*[f"[[whole headers=8s words={SUMMARY}]]"] * 50)  # also for titles of other tests' talks
    tab = storm.open(alice)
    tab.read(str(talk.pk))
    ack = tab.say("And now? [[tokens=3]]", conversation=str(talk.pk))
    assert tab.answer(ack.reply) == tokens(3)
    eventually(lambda: summaries_asked_for(storm) == 1, within=60)
    storm.kill("worker")
    assert not Summary.objects.filter(conversation=talk).exists()
    again = tab.say("Still there? [[tokens=3]]", conversation=str(talk.pk))
    assert tab.answer(again.reply) == tokens(3)
    storm.start("worker", SUMMARY_SECONDS="15")

    summary = eventually(lambda: Summary.objects.filter(conversation=talk).first(), within=150)
    assert SUMMARY in summary.text
    assert storm.open(alice, at=storm.other).read(str(talk.pk))["summary"]["text"] == summary.text
    assert Summary.objects.filter(conversation=talk).count() == 1
    assert summaries_asked_for(storm) == 2


def summaries_asked_for(storm: Storm) -> int:
    return len(
        [
            each
            for each in storm.endpoint.log()
            if not each["stream"] and each["messages"][-1]["content"].endswith("Summary:")
        ]
    )


@survives(Row.DRAIN)
def test_processes_that_go_leave_nothing_half_done(storm: Storm, alice: User) -> None:
    long, silent = storm.open(alice), storm.open(alice)
    ack = long.ask(LONG)
    unseen = silent.ask("Silent [[tokens=5 first=12s]]")
    long.until(ack.reply, "t30 ")
    eventually(lambda: len(storm.asked()) == 2, within=30)
    storm.fleet.drain("web")
    for tab in (long, silent):
        assert tab.expect("draining")["reconnect_in"] > 0
        assert tab.closed() == 4012
    storm.fleet.drain("replies")
    storm.extra_requests = 1
    long, silent = (storm.again(tab, at=storm.other) for tab in (long, silent))

    assert (ended := long.ended(ack.reply))["status"] == "interrupted"
    assert ended["error"]["code"] == "restart", "nobody had to wait for a lease"
    assert long.page.text(ack.reply) == message_row(ack.reply).text
    silent.status(unseen.reply, "queued")
    storm.start("replies")
    assert silent.answer(unseen.reply, within=60) == tokens(5)
    assert Usage.objects.filter(reply=uuid.UUID(unseen.reply)).count() == 2
    storm.start("web")


@survives(Row.CLOCK_OFF)
def test_whose_clock_is_ahead_takes_nobodys_answer(storm: Storm, alice: User) -> None:
    """Leases are kept by the database's clock. A worker and a runner look for the dead ten minutes too early."""
    tab = storm.open(alice)
    storm.fleet.kill("worker")
    ahead = [storm.start("worker", PYTHONPATH=AHEAD)]
    with storm.second_writer(PYTHONPATH=AHEAD, REPLIES_AT_ONCE="0") as second:  # the other one writes
        ack = tab.ask("Count [[tokens=900 pace=10ms]]")
        assert tab.answer(ack.reply, within=60) == tokens(900)
        row = reply_row(ack.reply)
        assert (row.status, row.attempt) == ("complete", 1)
        ahead.append(second)
    storm.kill("replies")
    ahead.append(storm.start("replies", PYTHONPATH=AHEAD))
    ack = tab.say("And now? [[tokens=900 pace=10ms]]", conversation=ack.conversation)
    assert tab.answer(ack.reply, within=60) == tokens(900), "it can write, too"
    assert all("the clock is ahead" in process.said() for process in ahead)
