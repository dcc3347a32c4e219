"""A Postgres that can be read but takes nothing, as a standby: nothing is acknowledged that is no row."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.test import Client

from accounts.models import User
from conversations import snapshots
from conversations.models import Message, Status
from tests.endpoint import RunningEndpoint
from tests.rows import conversation_row, message_row, reply_row
from tests.said import tokens
from tests.server import Keeper, Process, eventually, serving, status_of
from tests.site import Site, session_of
from tests.tab import new_id


def set_read_only(on: bool) -> None:
    """For all new connections, of which there are only such afterwards: of all but this process."""
    name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
    with connection.cursor() as cursor:
        change = "SET default_transaction_read_only = on" if on else "RESET default_transaction_read_only"
        cursor.execute(f"ALTER DATABASE {name} {change}")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def read_only() -> Iterator[None]:
    set_read_only(True)
    try:
        yield
    finally:
        set_read_only(False)


@pytest.fixture
def site(site: Site) -> Site:
    site.expected_errors.append("Service Unavailable")
    return site


def complained(site: Site) -> bool:
    return "Traceback" in site.web.said()


def test_what_is_sent_is_refused_and_kept_once_it_is_over(site: Site, alice: User) -> None:
    tab = site.open(alice)
    first = tab.ask("Hello [[tokens=2]]")
    tab.answer(first.reply)
    tab.send("rename", conversation=first.conversation, title="Before")
    tab.flush()
    with read_only():
        lost = new_id()
        for frame in (
            {"kind": "send", "client_id": lost, "conversation": first.conversation, "text": "Lost? [[tokens=3]]"},
            {"kind": "send", "client_id": new_id(), "conversation": new_id(), "text": "A", "personality": "assistant"},
            {"kind": "regenerate", "client_id": new_id(), "message": first.reply},
            {"kind": "rename", "conversation": first.conversation, "title": "After"},
        ):
            refused = tab.refused(frame.pop("kind"), **frame)
            assert (refused["code"], refused["retryable"]) == ("unavailable", True)
        assert not [frame for frame in tab.frames if frame["type"] == "ack" and frame["client_id"] == lost]
        assert Message.objects.count() == 2

        reader = site.open(alice, session=tab.session)
        assert len(reader.read(first.conversation)["messages"]) == 2, "what was said can be read"

    def again() -> bool:
        tab.send("send", client_id=lost, conversation=first.conversation, text="Lost? [[tokens=3]]")
        tab.flush()
        return any(frame["type"] == "ack" and frame["client_id"] == lost for frame in tab.frames)

    eventually(again, every=0.5)
    ack = tab.acknowledged(lost)
    assert tab.answer(ack.reply) == tokens(3)
    assert conversation_row(first.conversation).title == "Before"
    assert not complained(site)


def test_what_was_said_can_be_read(site: Site, alice: User) -> None:
    session = session_of(alice)
    with read_only():
        assert status_of(f"{site.web.url}/", session=session) == 200
        assert status_of(f"{site.web.url}/health/ready") == 200
    assert not complained(site)


@pytest.fixture
def this_process(transactional_db: None) -> Iterator[None]:
    """What this process's connection writes is refused."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        yield
        cursor.execute("RESET default_transaction_read_only")


class TestPages:
    @pytest.fixture(autouse=True)
    def _member(self, transactional_db: None) -> None:
        User.objects.create_user("alice@example.org", "correct-horse-battery-9")

    def sign_in(self, client: Client) -> Any:
        return client.post("/accounts/login/", {"login": "alice@example.org", "password": "correct-horse-battery-9"})

    def test_what_has_to_be_stored_is_refused_in_words(self, client: Client, this_process: None) -> None:
        response = self.sign_in(client)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        assert "no-store" in response.headers["Cache-Control"]
        assert "cannot do that right now" in response.content.decode()

    def test_so_is_a_page_that_cannot_be_read(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.sign_in(client).status_code == 302

        def away(*args: object, **kwargs: object) -> None:
            raise OperationalError("password=secret")

        monkeypatch.setattr(snapshots, "list_conversations", away)
        response = client.get("/")
        assert response.status_code == 503
        assert "secret" not in response.content.decode()

    def test_a_fault_of_ours_is_none_of_postgres(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.sign_in(client).status_code == 302
        client.raise_request_exception = False

        def wrong(*args: object, **kwargs: object) -> None:
            raise IntegrityError("a fault of ours")

        monkeypatch.setattr(snapshots, "list_conversations", wrong)
        assert client.get("/").status_code == 500

    def test_it_is_no_reason_to_send_members_elsewhere(self, client: Client, this_process: None) -> None:
        response = client.get("/health/ready")
        assert (response.status_code, response.json()["status"]) == (200, "degraded")
        assert response.json()["checks"]["writable"] is False


class TestWhatCannotBeSaved:
    """It is held in memory for a time and up to a size, then its end waits."""

    @pytest.fixture(params=["1,1000000", "600,2000"], ids=["seconds", "characters"])
    def process(
        self,
        request: pytest.FixtureRequest,
        keeper: Keeper,
        parley_environment: dict[str, str],
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Process]:
        keeper.stop()
        seconds, characters = request.param.split(",")
        env = {**parley_environment, "UNSAVED_SECONDS": seconds, "UNSAVED_CHARACTERS": characters}
        with serving(env, tmp_path_factory.mktemp("bound") / "log") as process:
            yield process

    @pytest.fixture
    def site(self, process: Process, world: None, endpoint: RunningEndpoint) -> Iterator[Site]:
        with Site(process) as site:
            yield site

    def test_it_ends_with_what_had_arrived(self, site: Site, alice: User, endpoint: RunningEndpoint) -> None:
        tab = site.open(alice)
        ack = tab.ask("Long [[tokens=5000 pace=5ms]]")
        tab.until(ack.reply, "t50 ")
        with read_only():
            (request,) = eventually(lambda: [each for each in endpoint.log() if each["gone"]], within=30)
            assert request["tokens"] < 5000
            assert reply_row(ack.reply).status == Status.STREAMING, "nobody could write down that it ended"
        ended = tab.ended(ack.reply, within=30)
        assert (ended["status"], ended["error"]["code"], ended["error"]["retryable"]) == (
            "interrupted",
            "storage",
            True,
        )
        text = message_row(ack.reply).text
        assert text == tab.page.text(ack.reply) == tokens(len(text.split()))
        assert len(text.split()) > 50
        tab.send("continue", client_id=new_id(), message=ack.reply)
        tab.status(ack.reply, "streaming")
        assert not complained(site)
