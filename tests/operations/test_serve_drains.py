"""A process that is told to go leaves nothing half done: its sockets go elsewhere, its answers end or are handed on."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from django.db import connection, transaction

from accounts.models import User
from tests.endpoint import RunningEndpoint
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import eventually, serving, status_of, writing
from tests.site import Site, session_of
from tests.tab import Tab, new_id

R = TypeVar("R")

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def patience() -> str:
    """Seconds that answers get to finish."""
    return "1"


@pytest.fixture
def site(
    alone: None,
    parley_environment: dict[str, str],
    world: None,
    endpoint: RunningEndpoint,
    tmp_path: Path,
    patience: str,
) -> Iterator[Site]:
    """Parley in one process, which the test ends, and then in another one."""
    env = {
        **parley_environment,
        "DRAIN_REPLIES_SECONDS": patience,
        "DRAIN_SOCKETS_SECONDS": "0.3",
        "LEASE_SECONDS": "2",
    }
    with serving(env, tmp_path / "first") as first:
        yield (site := Site(first))
        with serving(env, tmp_path / "second") as second:
            site.processes.append(second)
            site.web = second
            with site:
                pass


def sent_away(tab: Tab) -> float:
    """Wait to be sent away in peace; the seconds after which to come back."""
    seconds: float = tab.expect("draining")["reconnect_in"]
    assert tab.closed() == 4012
    return seconds


def test_sockets_are_sent_away_and_answers_end(site: Site, alice: User, endpoint: RunningEndpoint) -> None:
    tabs = [site.open(alice) for _ in range(4)]
    short = tabs[0].ask("Short [[tokens=30 pace=15ms]]")
    long = tabs[1].ask("Long [[tokens=3000 pace=15ms]]")
    silent = tabs[2].ask("Silent [[tokens=5 fault=hang times=1]]")
    next_in_line = tabs[1].say("Next [[tokens=4]]", conversation=long.conversation)
    tabs[0].until(short.reply, "t3 ")
    tabs[1].until(long.reply, "t10 ")
    eventually(lambda: len(endpoint.log()) == 3)

    site.web.signal(signal.SIGTERM)
    waits = [sent_away(tab) for tab in tabs]
    assert site.web.wait(within=8) == 0
    assert len(set(waits)) == 4, "all would come back at once"
    assert all(0 < wait < 2 for wait in waits)

    assert reply_row(short.reply).status == "complete"
    assert message_row(short.reply).text == tokens(30)
    cut = reply_row(long.reply)
    assert (cut.status, cut.error_code, cut.error_retryable) == ("interrupted", "restart", True)
    shown = tabs[1].page.text(long.reply)
    assert cut.message.text.startswith(shown)
    assert cut.message.text == tokens(len(cut.message.text.split()))
    handed_back = reply_row(silent.reply)
    assert (handed_back.status, handed_back.attempt, handed_back.message.text) == ("queued", 1, "")
    assert reply_row(next_in_line.reply).status == "queued"
    assert all(request["ended"] for request in endpoint.log(settled=2))


def test_the_next_process_goes_on(site: Site, alice: User, parley_environment: dict[str, str], tmp_path: Path) -> None:
    tab = site.open(alice)
    silent = tab.ask("Silent [[tokens=5 fault=hang times=1]]")
    tab.status(silent.reply, "streaming")
    site.web.signal(signal.SIGTERM)
    sent_away(tab)
    site.web.wait()

    with serving(parley_environment, tmp_path / "next") as process:
        again = site.open(alice, at=process)
        again.page = tab.page
        again.read(silent.conversation, **again.page.resume_point(silent.conversation))
        assert again.answer(silent.reply) == tokens(5)
        assert reply_row(silent.reply).attempt == 2
        again.close()


def test_an_answer_that_goes_on_keeps_both_parts(site: Site, alice: User, endpoint: RunningEndpoint) -> None:
    tab = site.open(alice)
    ack = tab.ask("[[text='Well: and so on' piece=5 fault=cut at=1]]".replace("'", '"'))
    tab.ended(ack.reply)
    endpoint.script("[[tokens=3000 pace=10ms]]")
    tab.send("continue", client_id=new_id(), message=ack.reply)
    tab.until(ack.reply, "t30 ")
    site.web.signal(signal.SIGTERM)
    sent_away(tab)
    assert site.web.wait(within=15) == 0

    cut = reply_row(ack.reply)
    assert (cut.status, cut.error_code, cut.attempt) == ("interrupted", "restart", 2)
    added = cut.message.text.removeprefix("Well: ")
    assert cut.message.text == f"Well: {tokens(len(added.split()))}"
    assert cut.message.text.startswith(tab.page.text(ack.reply))
    assert len(added.split()) >= 30


@contextmanager
def slow_members() -> Iterator[None]:
    """Who asks for a member waits, until the block ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_user")
        yield


def asking_for_members() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'accounts_user'::regclass")
        (number,) = cursor.fetchone()
    return int(number)


class TestWhoIsOnTheWay:
    """Told to go in the middle of it, with no socket open and nothing being written."""

    @pytest.fixture
    def told_meanwhile(self, site: Site) -> Callable[[Callable[[], R]], R]:
        """Do this, of which Postgres is slow to say who it is, and have the process told to go meanwhile."""

        def tell(work: Callable[[], R]) -> R:
            with ThreadPoolExecutor(1) as threads:
                with slow_members():
                    being_done = threads.submit(work)
                    eventually(asking_for_members)
                    site.web.signal(signal.SIGTERM)
                    eventually(lambda: "draining" in site.web.said() and not status_of(f"{site.web.url}/health/live"))
                return being_done.result(timeout=30)

        return tell

    def test_a_page_is_still_made(
        self, site: Site, alice: User, told_meanwhile: Callable[[Callable[[], int]], int]
    ) -> None:
        session = session_of(alice)
        assert told_meanwhile(lambda: status_of(f"{site.web.url}/", session=session)) == 200
        assert site.web.wait(within=10) == 0

    def test_a_socket_is_sent_away_as_the_others(
        self, site: Site, alice: User, told_meanwhile: Callable[[Callable[[], Tab]], Tab]
    ) -> None:
        session = session_of(alice)
        tab = told_meanwhile(lambda: site.knock(session=session))
        assert 0 < sent_away(tab) < 2
        assert site.web.wait(within=10) == 0


def test_nobody_new_is_taken(site: Site, alice: User) -> None:
    """Whoever supervises several of these finds another one at once."""
    tab = site.open(alice)
    short = tab.ask("Short [[tokens=5000 pace=15ms]]")
    tab.until(short.reply, "t3 ")
    site.web.signal(signal.SIGTERM)
    assert sent_away(tab)
    assert site.web.popen.poll() is None
    with pytest.raises(ConnectionRefusedError):
        site.knock(session=tab.session)
    assert site.web.wait() == 0


def test_with_nobody_there_it_is_gone_at_once(site: Site) -> None:
    site.web.signal(signal.SIGTERM)
    assert site.web.wait(within=3) == 0


class TestToldTwice:
    @pytest.fixture
    def patience(self) -> str:
        return "60"

    def test_it_goes_at_once_and_the_answer_is_taken_over(self, site: Site, alice: User) -> None:
        tab = site.open(alice)
        ack = tab.ask("Long [[tokens=3000 pace=15ms]]")
        tab.until(ack.reply, "t10 ")
        site.web.signal(signal.SIGTERM)
        tab.expect("draining")
        site.web.signal(signal.SIGTERM)
        assert site.web.wait(within=5) == 0
        site.web.complaints()


def test_a_runner_alone_finishes_its_answers(
    site: Site, alice: User, parley_environment: dict[str, str], tmp_path: Path
) -> None:
    with (
        serving(parley_environment, tmp_path / "web", "--no-replies") as web,
        writing(parley_environment, tmp_path / "replies") as replies,
    ):
        site.web.signal(signal.SIGTERM)
        site.web.wait()
        tab = site.open(alice, at=web)
        ack = tab.ask("Short [[tokens=60 pace=15ms]]")
        tab.until(ack.reply, "t3 ")
        replies.signal(signal.SIGTERM)

        assert tab.answer(ack.reply) == tokens(60)
        assert replies.wait(within=5) == 0
        waiting = tab.say("Nobody writes this one", conversation=ack.conversation)
        tab.status(waiting.reply, "queued")
        tab.close()
