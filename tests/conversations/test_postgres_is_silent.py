"""A Postgres that says nothing, on connections that stay open: readers live by the log, and nobody waits for ever."""

import asyncio
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import User
from accounts.sessions import Held
from conversations import database, pulse
from conversations.database import MOST_HUNG, Silent, in_database, in_time
from tests.chaos.line import Ends, Line
from tests.chaos.servers import Background
from tests.said import tokens
from tests.server import eventually, free_port, serving
from tests.site import Site


class TestOneVisit:
    @pytest.fixture
    def speaks(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
        """Whoever visits waits for this."""
        monkeypatch.setattr(database, "SILENT", 0.2)
        with closing(_Set()) as event:
            yield event
        eventually(lambda: not database._hung)

    async def test_it_is_given_up_and_the_next_are_not_begun(self, speaks: threading.Event) -> None:
        begun = []

        def visit() -> bool:
            begun.append(1)
            return speaks.wait(30)

        for _ in range(MOST_HUNG + 20):
            with pytest.raises(Silent):
                await in_time(visit)
        assert len(begun) == MOST_HUNG

    async def test_others_keep_their_threads(self, speaks: threading.Event) -> None:
        for _ in range(settings.DATABASE_THREADS):
            with pytest.raises(Silent):
                await in_time(speaks.wait, 30)
        assert await in_database(lambda: "stored") == "stored"

    async def test_once_it_speaks_it_is_asked_again(self, speaks: threading.Event) -> None:
        for _ in range(MOST_HUNG + 1):
            with pytest.raises(Silent):
                await in_time(speaks.wait, 30)
        speaks.set()
        async with asyncio.timeout(10):
            while database._hung:
                await asyncio.sleep(0.01)
        assert await in_time(lambda: "here") == "here"

    async def test_what_nobody_waits_for_is_not_begun_later(self, speaks: threading.Event) -> None:
        busy = [asyncio.create_task(in_database(speaks.wait, 30)) for _ in range(settings.DATABASE_THREADS)]
        await asyncio.sleep(0)
        begun = []
        with pytest.raises(Silent):
            await in_time(lambda: begun.append(1))
        assert not database._hung
        speaks.set()
        await asyncio.gather(*busy)
        assert await in_database(lambda: list(begun)) == []

    async def test_neither_the_watchdog_nor_the_look_at_sessions_waits(self, speaks: threading.Event) -> None:
        busy = [asyncio.create_task(in_database(speaks.wait, 30)) for _ in range(settings.DATABASE_THREADS)]
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            with pytest.raises(Silent):
                await pulse._marks([uuid.uuid4()])
            with pytest.raises(Silent):
                await pulse.ended({Held(1, "a session", "")})
        speaks.set()
        await asyncio.gather(*busy)


class _Set(threading.Event):
    close = threading.Event.set


def test_a_dead_network_is_noticed_by_who_only_waits(db: None) -> None:
    connection.ensure_connection()
    parameters = connection.connection.info.get_parameters()
    names = ("keepalives_idle", "keepalives_interval", "tcp_user_timeout")
    assert [parameters[name] for name in names] == ["10", "10", "30000"]


@pytest.fixture
def line() -> Iterator[Line]:
    """To the tests' Postgres."""
    host, port = connection.settings_dict["HOST"], connection.settings_dict["PORT"] or 5432

    async def connect() -> Ends:
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host or "127.0.0.1", int(port))

    background = Background()
    line = Line(background.do, free_port(), connect)
    line.up()
    yield line
    line.up()
    line.down()
    background.stop()


def test_a_reader_still_gets_everything(
    alone: None, world: None, parley_environment: dict[str, str], line: Line, alice: User, tmp_path: Path
) -> None:
    """On a bad bus, so that it has to look things up all the time; and its socket goes on."""
    user, password = (quote(str(connection.settings_dict[name])) for name in ("USER", "PASSWORD"))
    name = connection.settings_dict["NAME"]
    env = {
        **parley_environment,
        "DATABASE_URL": f"postgres://{user}{password and ':'}{password}@127.0.0.1:{line.port}/{name}",
        "DJANGO_SETTINGS_MODULE": "tests.chaos.lossy_settings",
    }
    with (
        serving(parley_environment, tmp_path / "writer") as writer,
        serving(env, tmp_path / "web", "--no-replies") as web,
        Site(web, writer) as site,
    ):
        tab = site.open(alice)
        ack = tab.ask("Count [[tokens=1200 pace=10ms]]")
        tab.until(ack.reply, "t30 ")
        line.hold()
        tab.until(ack.reply, "t900 ", within=60)
        tab.flush()
        line.up()
        assert tab.answer(ack.reply, within=60) == tokens(1200)
