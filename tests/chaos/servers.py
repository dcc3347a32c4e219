"""PostgreSQL and Valkey of the chaos tests' own: to be killed, frozen and started again, as nobody else's may be."""

import asyncio
import contextlib
import io
import os
import random
import shutil
import signal
import socket
import threading
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import redis
from django.db import connection

from operations.stack.console import Console
from operations.stack.part import Child
from operations.stack.postgres import Postgres
from operations.stack.supervisor import Supervisor, together
from operations.stack.valkey import Valkey
from tests.chaos.line import Line
from tests.server import family

R = TypeVar("R")

PATIENCE = 60.0  # seconds for anything that is done to a server


_given: set[int] = set()


def steady_port() -> int:
    """A free port that the kernel lends to no outgoing connection, so that it is still free at the next start.

    Those of another run beside this one may be free for the moment, while its servers are down: it has another range.
    """
    first = 20_000 + os.getpid() % 12 * 1_000
    while True:
        port = random.randrange(first, first + 1_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


class Background:
    """An event loop in a thread of its own, for what goes on beside the test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos", daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, R]) -> R:
        """Do it there; its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def stop(self) -> None:
        self.do(_cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Onlooker(Supervisor):
    """Starts and stops parts as the local stack does, and lets them die in between."""

    async def _watch(self, child: Child) -> None:
        await child.finished()

    def child(self, name: str) -> Child:
        return next(child for child in reversed(self._children) if child.part.name == name)

    async def ended(self, name: str) -> None:
        """Forget a part that was killed, once it is gone."""
        child = self.child(name)
        await child.stop(asyncio.Event())
        self._children.remove(child)

    async def stop(self) -> None:
        """At once: nobody will read their data again."""
        self._hurry.set()
        await self._stop_all()


class Servers:
    """Both servers, each behind a line that can be cut. Parley's processes are given the lines, tests the servers."""

    def __init__(self, folder: Path) -> None:
        self._background = Background()
        self._said = io.StringIO()
        self._supervisor = Onlooker(Console(self._said))
        # As an operator would run them: what a server acknowledged is in its log when it is killed.
        self._postgres = Postgres.at(folder / "postgres")
        self._valkey = replace(Valkey.at(folder / "valkey"), port=steady_port())
        self._redis = redis.Redis.from_url(self._valkey.url, socket_timeout=5, protocol=2)
        self.postgres_line = Line(self._background.do, steady_port(), self._to_postgres)
        self.redis_line = Line(self._background.do, steady_port(), self._to_valkey)
        self._read_only = False

    @property
    def database_url(self) -> str:
        """Of the server itself, for the tests."""
        return self._postgres.url

    @property
    def environment(self) -> dict[str, str]:
        """For Parley's processes: the way through the lines."""
        return {
            "DATABASE_URL": f"postgres://parley@127.0.0.1:{self.postgres_line.port}/parley",
            "REDIS_URL": self._valkey.url.replace(f":{self._valkey.port}/", f":{self.redis_line.port}/"),
        }

    @property
    def direct(self) -> dict[str, str]:
        """For Parley's processes when nobody wants to cut anything: the servers themselves."""
        return {"DATABASE_URL": self._postgres.url, "REDIS_URL": self._valkey.url}

    @property
    def redis(self) -> "redis.Redis":
        """Valkey itself, for the tests."""
        return self._redis

    def line_to(self, port: int) -> Line:
        """A line of its own to whoever listens on this port; it is up."""
        line = Line(self._background.do, steady_port(), lambda: asyncio.open_connection("127.0.0.1", port))
        line.up()
        return line

    def start(self) -> None:
        self._background.do(together(self._start_postgres(), self._start_valkey()))
        self.postgres_line.up()
        self.redis_line.up()

    def stop(self) -> None:
        """End everything and leave nothing."""
        try:
            for line in (self.postgres_line, self.redis_line):
                line.down()
            self._redis.close()
            self._background.do(self._supervisor.stop())
        finally:
            self._background.stop()
            self._postgres.tidy()
            shutil.rmtree(self._postgres.home, ignore_errors=True)

    def kill_postgres(self) -> None:
        """All its processes at once, without a word: what it acknowledged is in its log, and nothing else is."""
        connection.close()  # the test's own, which would end with it
        self._kill("postgres")

    def start_postgres(self) -> None:
        self._background.do(self._start_postgres())

    def set_read_only(self, on: bool) -> None:
        """Whether Postgres refuses every change, on all connections but the test's own."""
        self._read_only = on
        with connection.cursor() as cursor:
            change = "SET default_transaction_read_only = on" if on else "RESET default_transaction_read_only"
            cursor.execute(f"ALTER DATABASE parley {change}")
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = 'parley' AND pid <> pg_backend_pid()"
            )

    def kill_valkey(self) -> None:
        self._kill("valkey")

    def start_valkey(self, *, empty: bool = False) -> None:
        """`empty`: with all that it knew lost, as one without a log on disk would be."""
        if empty:
            shutil.rmtree(self._valkey.home / "appendonlydir", ignore_errors=True)
        self._background.do(self._start_valkey())

    def freeze_valkey(self) -> None:
        os.kill(self._supervisor.child("valkey").process.pid, signal.SIGSTOP)

    def thaw_valkey(self) -> None:
        os.kill(self._supervisor.child("valkey").process.pid, signal.SIGCONT)

    def running(self, name: str) -> bool:
        with contextlib.suppress(StopIteration):
            return self._supervisor.child(name).running
        return False

    def revive(self) -> None:
        """Whatever a test left dead, frozen or cut is there again."""
        if not self.running("postgres"):
            self.start_postgres()
        if not self.running("valkey"):
            self.start_valkey()
        self.thaw_valkey()
        if self._read_only:
            self.set_read_only(False)
        for line in (self.postgres_line, self.redis_line):
            line.up()

    def _kill(self, name: str) -> None:
        for process in family(self._supervisor.child(name).process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._background.do(self._supervisor.ended(name))

    async def _start_postgres(self) -> None:
        await self._postgres.start(self._supervisor, os.environ)

    async def _start_valkey(self) -> None:
        await self._valkey.start(self._supervisor, os.environ)

    async def _to_postgres(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self._postgres.socket_folder / ".s.PGSQL.5432"))

    async def _to_valkey(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._valkey.port)
