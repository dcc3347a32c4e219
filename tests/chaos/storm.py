"""Parley in a storm: a site whose processes and servers die, freeze and come back while tabs are open."""

import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from django.conf import settings

from accounts.models import User
from tests.chaos.crowd import Window
from tests.chaos.fleet import Fleet
from tests.chaos.invariants import assert_invariants
from tests.chaos.line import Line
from tests.server import Process, interrupted
from tests.site import Site, session_of, settle
from tests.tab import Tab

P = ParamSpec("P")
R = TypeVar("R")

# What the processes, and the libraries in them, say with an error while Redis or Postgres is away.
OUTAGES = (
    "Service Unavailable: /health/ready",
    "Couldn't ack",
    "consumer: Cannot connect",
    "beat: Connection error",
    "Couldn't apply scheduled task",
    "Unexpected exception in receive task",
    "Unexpected exception while cleaning-up channel",
)


class Storm(Site):
    """One test's part of the fleet. At the end everything that `assert_invariants` names has to be true."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.servers = fleet.servers
        self.endpoint = fleet.endpoint
        self.members: list[User] = []
        # More than one for each answer, that the test brings about; None: nobody can say how many.
        self.extra_requests: int | None = 0
        self.crowd: list[Window] = []  # further readers, who have gone
        self.erased: set[str] = set()  # conversations of which no row is left
        self._threads = ThreadPoolExecutor(20)
        super().__init__(fleet.processes["web"], *(fleet.processes[name] for name in fleet.processes if name != "web"))

    def member(self, name: str) -> User:
        """A member whom no other test knows: the rows of all tests stay, as in a life."""
        user = User.objects.create_user(f"{name.lower()}-{uuid.uuid4()}@example.org", name=name)
        self.members.append(user)
        return user

    def staff(self) -> User:
        """One who may do anything in the admin."""
        return User.objects.create_superuser(f"charlie-{uuid.uuid4()}@example.org", name="Charlie")

    def asked(self, *, settled: float = 0.0) -> list[dict[str, Any]]:
        """The requests for answers so far; titles and the like are made beside them."""
        return [request for request in self.endpoint.log(settled=settled) if request["stream"]]

    def beside(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        """Do it in a thread, at once with what the test does and with up to 19 others."""
        return self._threads.submit(work, *args, **kwargs)

    @property
    def readers(self) -> list[Tab | Window]:
        return [*self.tabs, *self.crowd]

    def start(self, name: str, **changes: str) -> Process:
        process = self.fleet.start(name, **changes)
        self.processes.append(process)
        if name == "web":
            self.web = process
        return process

    def kill(self, name: str) -> None:
        self.fleet.kill(name)

    def strike(self, name: str) -> None:
        """kill -9 of a process or a server."""
        if name == "postgres":
            self.servers.kill_postgres()
        elif name == "valkey":
            self.servers.kill_valkey()
        else:
            self.kill(name)

    def recover(self) -> None:
        """Start whatever is dead."""
        self.fleet.revive()
        self.processes += [process for process in self.fleet.processes.values() if process not in self.processes]
        self.web = self.fleet.processes["web"]

    def restart(self, name: str) -> Process:
        self.kill(name)
        return self.start(name)

    @contextmanager
    def second_writer(self, **changes: str) -> Iterator[Process]:
        """One more that writes answers, for as long as the block runs."""
        with self.fleet.second_writer(**changes) as process:
            self.processes.append(process)
            yield process

    @contextmanager
    def line_to(self, name: str) -> Iterator[Line]:
        """A line to this web process, to be held or cut."""
        line = self.servers.line_to(self.fleet.ports[name])
        try:
            yield line
        finally:
            line.down()

    def open_through(self, line: Line, user: User) -> Tab:
        """A tab whose every word goes over this line to `web`."""
        tab = Tab(f"http://127.0.0.1:{line.port}", session=session_of(user), origin=self.web.url)
        self.tabs.append(tab)
        tab.expect("hello")
        return tab

    def sign_out(self, session: str) -> None:
        """As the button does."""
        self.post("/accounts/logout/", session)

    def post(self, path: str, session: str, **fields: str) -> None:
        """Send a form of a page of this site."""
        secret = "0" * 32
        cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: secret}
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "Origin": self.web.url,
            "X-CSRFToken": secret,
        }
        data = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(f"{self.web.url}{path}", data=data, headers=headers, method="POST")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()

    @property
    def other(self) -> Process:
        """The second web process."""
        return self.fleet.processes["other"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None and not interrupted.is_set():
                assert_invariants(self)
                self.complain()
        finally:
            for tab in self.tabs:
                tab.close()
            self._threads.shutdown()  # who still reads there finds the tab closed
            if not interrupted.is_set():
                self.fleet.servers.revive()
                settle()
