"""Runners that die or freeze take nothing with them that was shown: another one ends what they began."""

import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from accounts.models import User
from conversations.models import Usage
from tests.endpoint import RunningEndpoint
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import Keeper, Process, eventually, serving, writing
from tests.site import Site
from tests.tab import new_id

LEASE = {"LEASE_SECONDS": "2"}
Start = Callable[[], Process]


@pytest.fixture(scope="module")
def web(
    keeper: Keeper, parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    """Pages and sockets. The tests start the runners."""
    keeper.stop()
    with serving({**parley_environment, **LEASE}, tmp_path_factory.mktemp("web") / "log", "--no-replies") as process:
        yield process


@pytest.fixture
def start(parley_environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts a runner."""
    with ExitStack() as stack:
        names = iter("abcdef")
        yield lambda: stack.enter_context(writing({**parley_environment, **LEASE}, tmp_path / next(names)))


@pytest.fixture
def site(web: Process, start: Start, world: None, endpoint: RunningEndpoint) -> Iterator[Site]:
    with Site(web) as site:
        yield site


def test_what_a_killed_runner_had_shown_is_kept_and_told(
    site: Site, alice: User, start: Start, endpoint: RunningEndpoint
) -> None:
    runner = start()
    tab, silent = site.open(alice), site.open(alice)
    ack = tab.ask("Long [[tokens=3000 pace=10ms]]")
    unseen = silent.ask("Silent [[tokens=5 fault=hang times=1]]")
    tab.until(ack.reply, "t60 ")
    eventually(lambda: len(endpoint.log()) == 2)
    runner.signal(signal.SIGKILL)
    runner.wait()
    start()

    ended = tab.ended(ack.reply, within=20)
    assert (ended["status"], ended["error"]["code"], ended["error"]["retryable"]) == (
        "interrupted",
        "writer_lost",
        True,
    )
    text = tab.page.text(ack.reply)
    assert text == message_row(ack.reply).text == tokens(len(text.split()))
    assert len(text.split()) >= 60
    (spent,) = Usage.objects.filter(reply=uuid.UUID(ack.reply))
    assert (spent.status, spent.estimated, spent.duration_ms) == ("interrupted", True, None)
    assert spent.prompt_tokens > 0
    assert spent.completion_tokens >= 60
    assert silent.answer(unseen.reply, within=20) == tokens(5), "nothing was written of it yet: it is tried once more"
    assert reply_row(unseen.reply).attempt == 2
    assert len([request for request in endpoint.log() if "Long" in request["messages"][-1]["content"]]) == 1


def test_killed_while_an_answer_went_on_it_keeps_both_parts(
    site: Site, alice: User, start: Start, endpoint: RunningEndpoint
) -> None:
    runner = start()
    tab, silent = site.open(alice), site.open(alice)
    begin = "[[text='Well: and so on' piece=5 fault=cut at=1]]".replace("'", '"')
    ack, unseen = tab.ask(begin), silent.ask(begin)
    tab.ended(ack.reply)
    silent.ended(unseen.reply)
    endpoint.script("[[tokens=3000 pace=10ms]]")
    tab.send("continue", client_id=new_id(), message=ack.reply)
    tab.until(ack.reply, "t60 ")
    endpoint.script("[[fault=hang]]")
    silent.send("continue", client_id=new_id(), message=unseen.reply)
    eventually(lambda: len(endpoint.log()) == 4)
    endpoint.script("[[words=done]]")
    runner.signal(signal.SIGKILL)
    runner.wait()
    start()

    assert tab.status(ack.reply, "interrupted", within=20)["error"]["code"] == "writer_lost"
    text = tab.page.text(ack.reply)
    added = text.removeprefix("Well: ")
    assert text == message_row(ack.reply).text == f"Well: {tokens(len(added.split()))}"
    assert len(added.split()) >= 60
    silent.status(unseen.reply, "complete", within=20)
    assert message_row(unseen.reply).text == "Well: done", "nothing was added yet: it is tried once more"
    assert reply_row(unseen.reply).attempt == 3


def test_a_frozen_runner_is_fenced_off_when_it_wakes(
    site: Site, alice: User, start: Start, endpoint: RunningEndpoint
) -> None:
    runner = start()
    tab = site.open(alice)
    ack = tab.ask("Long [[tokens=3000 pace=10ms]]")
    tab.until(ack.reply, "t40 ")
    runner.signal(signal.SIGSTOP)
    site.processes.append(start())
    assert tab.ended(ack.reply, within=20)["status"] == "interrupted"
    text = tab.page.text(ack.reply)
    assert len(text.split()) >= 40

    runner.signal(signal.SIGCONT)
    (request,) = endpoint.log(settled=10)
    assert request["gone"], "the woken one went on asking"
    again = tab.say("And now? [[tokens=3]]", conversation=ack.conversation)
    assert tab.answer(again.reply) == tokens(3)
    assert message_row(ack.reply).text == tab.page.text(ack.reply) == text
    assert reply_row(ack.reply).status == "interrupted"


def test_a_message_sent_while_nobody_writes_is_answered_later(site: Site, alice: User, start: Start) -> None:
    tab = site.open(alice)
    ack = tab.ask("Anybody there? [[tokens=3]]")
    tab.status(ack.reply, "queued")
    site.processes.append(start())

    assert tab.answer(ack.reply) == tokens(3)


def test_two_runners_write_each_answer_once(site: Site, alice: User, start: Start, endpoint: RunningEndpoint) -> None:
    site.processes += [start(), start()]
    tabs = [site.open(alice) for _ in range(10)]
    asked = [(tab, tab.ask("Hello [[tokens=10 pace=10ms]]").reply) for tab in tabs]

    assert [tab.answer(reply) for tab, reply in asked] == [tokens(10)] * 10
    assert len(endpoint.log()) == 10
