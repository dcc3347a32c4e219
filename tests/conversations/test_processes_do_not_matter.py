"""Which process a tab is connected to, and which one writes the answer, makes no difference."""

from collections.abc import Iterator

import pytest

from accounts.models import User
from tests.said import tokens
from tests.server import Process, serving
from tests.site import Site


@pytest.fixture(scope="module")
def elsewhere(parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A second web process. It writes no answers."""
    with serving(parley_environment, tmp_path_factory.mktemp("elsewhere") / "log", "--no-replies") as process:
        yield process


@pytest.fixture
def both(site: Site, elsewhere: Process) -> Site:
    site.processes.append(elsewhere)
    return site


def test_a_reader_at_another_process_sees_the_same(both: Site, alice: User, elsewhere: Process) -> None:
    here, there = both.open(alice), both.open(alice, at=elsewhere)
    ack = here.ask("Count [[tokens=80 pace=10ms]]")
    there.read(ack.conversation)

    assert there.answer(ack.reply) == here.answer(ack.reply) == tokens(80)


def test_what_is_said_there_is_heard_here(both: Site, alice: User, elsewhere: Process) -> None:
    here, there = both.open(alice), both.open(alice, at=elsewhere)
    talk = here.ask("Hello").conversation
    ack = there.ask("Count [[tokens=30 pace=10ms]]", conversation=talk)

    assert here.answer(ack.reply) == there.answer(ack.reply) == tokens(30)


def test_a_tab_moves_to_another_process_in_the_middle(both: Site, alice: User, elsewhere: Process) -> None:
    here = both.open(alice)
    ack = here.ask("Count [[tokens=100 pace=10ms]]")
    here.until(ack.reply, "t20 ")
    here.vanish()

    there = both.open(alice, at=elsewhere)
    there.page = here.page
    there.read(ack.conversation, **there.page.resume_point(ack.conversation))
    assert there.answer(ack.reply) == tokens(100)


def test_stop_is_heard_from_another_process(both: Site, alice: User, elsewhere: Process) -> None:
    here, there = both.open(alice), both.open(alice, at=elsewhere)
    ack = here.ask("Count [[tokens=1000 pace=10ms]]")
    here.until(ack.reply, "t5 ")

    there.send("stop", reply=ack.reply)
    assert here.ended(ack.reply, within=3)["status"] == "stopped"
