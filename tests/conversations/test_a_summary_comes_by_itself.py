"""A summary appears in an open conversation by itself, once, also when the worker that makes it is killed."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from accounts.models import User
from conversations import tasks
from conversations.models import Kind, Status, SummaryJob, Usage
from tests.conversations.in_short import later, made, quiet_assistant, says, store_long_talk
from tests.endpoint import RunningEndpoint
from tests.said import tokens
from tests.server import Process, eventually, working
from tests.site import Site

Start = Callable[[], Process]


@pytest.fixture
def start(parley_environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts a worker. Asked for before `site`, it outlives the look at the logs."""
    with ExitStack() as stack:
        names = iter("abc")
        yield lambda: stack.enter_context(working(parley_environment, tmp_path / next(names)))


def summaries_asked(endpoint: RunningEndpoint) -> list[str]:
    """What was asked for summaries; answers are asked for as a stream."""
    return [request["messages"][1]["content"] for request in endpoint.log() if not request["stream"]]


def test_it_is_shown_to_every_open_tab_and_delays_no_answer(
    start: Start, site: Site, alice: User, bob: User, endpoint: RunningEndpoint
) -> None:
    site.processes.append(start())
    quiet_assistant()
    talk = store_long_talk(alice, 10)
    endpoint.script('[[whole text="They plan a journey." headers=400ms]]')
    tab, elsewhere, foreign = site.open(alice), site.open(alice), site.open(bob)
    elsewhere.read(str(talk.pk))
    ack = tab.ask("Where do we sleep? [[tokens=4]]", conversation=str(talk.pk))
    assert tab.answer(ack.reply) == tokens(4)
    assert tab.page.conversations[str(talk.pk)].summary is None, "the end did not wait for it"

    for each in (tab, elsewhere):
        told = each.expect("summary")["summary"]
        assert (told["text"], told["covers"], told["position"]) == ("They plan a journey.", 12, 12)
    assert made(talk) == [(12, 1, "They plan a journey.")]
    assert talk.messages.count() == 22
    assert len(summaries_asked(endpoint)) == 1
    foreign.flush()
    assert not [frame for frame in foreign.frames if frame["type"] == "summary"]


def test_a_worker_killed_in_the_middle_costs_time_and_nothing_else(
    start: Start, site: Site, alice: User, endpoint: RunningEndpoint
) -> None:
    doomed = start()
    quiet_assistant()
    talk = store_long_talk(alice, 10)
    endpoint.script("[[whole fault=hang]]", *says("They plan a journey."))
    tab = site.open(alice)
    tab.answer(tab.ask("Where do we sleep? [[tokens=4]]", conversation=str(talk.pk)).reply)
    eventually(lambda: summaries_asked(endpoint))
    doomed.signal(signal.SIGKILL)
    doomed.wait()

    job = SummaryJob.objects.get()
    assert (job.attempt, job.error_code, job.given_up_at) == (1, "", None)
    assert job.lease_until is not None
    assert made(talk) == []
    site.processes.append(start())
    tasks.sweep_summaries.delay()  # as beat does; before the dead worker's lease is over it finds nothing
    tab.flush()
    later(talk)
    tasks.sweep_summaries.delay()

    assert tab.expect("summary", within=20)["summary"]["covers"] == 12
    assert made(talk) == [(12, 1, "They plan a journey.")]
    first, second = summaries_asked(endpoint)
    assert first == second, "it was made of something else than the first time"
    assert not SummaryJob.objects.exists()
    assert talk.messages.count() == 22
    spent = Usage.objects.filter(kind=Kind.SUMMARY).order_by("pk").values_list("status", flat=True)
    assert list(spent) == [Status.INTERRUPTED, Status.COMPLETE], "what the dead one had asked for was spent too"
    tasks.sweep_summaries.delay()
    tab.answer(tab.ask("And what do we eat? [[tokens=4]]", conversation=str(talk.pk)).reply)
    assert len(summaries_asked(endpoint)) == 2
