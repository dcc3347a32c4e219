"""Our PostgreSQL keeps what it was given, and says clearly what it cannot open. Real servers throughout."""

import asyncio
import io
import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import environ
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from operations.stack import data_folder
from operations.stack.console import Console
from operations.stack.errors import StackError
from operations.stack.postgres import Postgres
from operations.stack.supervisor import Supervisor

Then = Callable[[], Awaitable[None]]


@contextmanager
def cluster(data: Path, forgetful: bool = True) -> Iterator[Postgres]:
    """A cluster kept in a data folder, its files gone at the end."""
    data_folder.make(data)
    server = Postgres.at(data / "postgres", forgetful)
    try:
        yield server
    finally:
        server.tidy()
        shutil.rmtree(server.home, ignore_errors=True)


async def run(
    data: Path, server: Postgres, *statements: str, then: Then | None = None
) -> tuple[int, str, list[object]]:
    """Start, execute, stop: the exit code, what was printed, and what the last statement found in its first column."""
    printed = io.StringIO()
    found: list[object] = []
    with data_folder.held(data) as lock:
        supervisor = Supervisor(Console(printed), inherited=[lock.descriptor])

        async def work() -> int:
            await server.start(supervisor, os.environ)
            async with await psycopg.AsyncConnection.connect(conninfo(server.url), autocommit=True) as connection:
                for statement in statements:
                    cursor = await connection.execute(statement)
                found.extend([row[0] for row in await cursor.fetchall()])
            if then:
                await then()
            return 0

        return await supervisor.run(work()), printed.getvalue(), found


def conninfo(url: str) -> str:
    """What Django would connect with."""
    asked = environ.Env.db_url_config(url)
    return make_conninfo(host=asked["HOST"], user=asked["USER"], dbname=asked["NAME"])


async def test_what_was_written_is_there_at_the_next_start(tmp_path: Path) -> None:
    with cluster(tmp_path) as server:
        await run(tmp_path, server, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('here') RETURNING 1")
        again = Postgres.at(tmp_path / "postgres", forgetful=True)
        assert (await run(tmp_path, again, "SELECT word FROM kept"))[2] == ["here"]


async def test_it_speaks_over_its_socket_alone_in_utf8_with_the_extensions_we_use(tmp_path: Path) -> None:
    with cluster(tmp_path) as server:
        _, _, found = await run(
            tmp_path,
            server,
            "CREATE EXTENSION vector",
            "CREATE EXTENSION pg_trgm",
            "SELECT setting FROM pg_settings WHERE name IN ('listen_addresses', 'server_encoding') ORDER BY name",
        )
        assert found == ["", "UTF8"]
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700


async def test_a_kill_loses_nothing_and_the_next_start_recovers(tmp_path: Path) -> None:
    with cluster(tmp_path, forgetful=False) as server:

        async def kill() -> None:
            os.kill(int((server.home / "cluster" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            await asyncio.Event().wait()

        written = ("CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('here') RETURNING 1")
        code, printed, _ = await run(tmp_path, server, *written, then=kill)
        assert code == 1
        assert "postgres was ended by SIGKILL" in printed

        again = Postgres.at(tmp_path / "postgres")
        assert (await run(tmp_path, again, "SELECT word FROM kept"))[2] == ["here"]


async def test_a_process_id_that_has_become_another_program_does_not_block(tmp_path: Path) -> None:
    with cluster(tmp_path) as server:
        await run(tmp_path, server, "SELECT 1")
        with subprocess.Popen(["sleep", "60"], user=server.home.stat().st_uid) as other:
            # Of the same user, as PostgreSQL takes no other's process for its own.
            (server.home / "cluster" / "postmaster.pid").write_text(f"{other.pid}\n/somewhere\n")
            again = Postgres.at(tmp_path / "postgres", forgetful=True)
            assert (await run(tmp_path, again, "SELECT 2"))[2] == [2]
            other.kill()


async def test_a_cluster_half_made_is_made_anew(tmp_path: Path) -> None:
    with cluster(tmp_path) as server:
        (server.home / "cluster.unfinished").mkdir()
        (server.home / "cluster.unfinished" / "PG_VERSION").write_text("18\n")
        assert (await run(tmp_path, server, "SELECT 1"))[2] == [1]


async def test_a_path_too_long_for_a_socket_is_no_hindrance(tmp_path: Path) -> None:
    data = tmp_path / ("long-" * 20)
    with cluster(data) as server:
        assert (await run(data, server, "SELECT 1"))[2] == [1]
        place = server.socket_folder
    assert not place.exists()


async def test_folders_that_are_not_ours_keep_their_permissions(tmp_path: Path) -> None:
    above = tmp_path / "private"
    above.mkdir(mode=0o700)
    with cluster(above / "data") as server:
        await run(above / "data", server, "SELECT 1")
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in (above, above / "data")] == [0o700, 0o700]
        assert above.stat().st_uid == os.geteuid()


def test_a_folder_that_is_no_cluster_is_refused(tmp_path: Path) -> None:
    with cluster(tmp_path) as server:
        (server.home / "cluster").mkdir()
        with pytest.raises(StackError, match="is not a PostgreSQL data folder"):
            Postgres.at(tmp_path / "postgres")


def test_a_cluster_of_another_version_is_refused(tmp_path: Path) -> None:
    with cluster(tmp_path) as server:
        (server.home / "cluster").mkdir()
        (server.home / "cluster" / "PG_VERSION").write_text("9\n")
        with pytest.raises(StackError, match="was made by PostgreSQL 9 and this is 18"):
            Postgres.at(tmp_path / "postgres")


async def test_damaged_data_is_told_of_with_what_to_do(tmp_path: Path) -> None:
    with cluster(tmp_path) as server:
        await run(tmp_path, server, "SELECT 1")
        (server.home / "cluster" / "global" / "pg_control").write_bytes(b"damaged")

        code, printed, _ = await run(tmp_path, Postgres.at(tmp_path / "postgres", forgetful=True), "SELECT 1")

        assert code == 1
        assert "If its data is damaged, restore a backup, or move" in printed
        assert "pg_control" in printed
