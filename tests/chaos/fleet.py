"""All of Parley's processes, as in a larger installation, on servers that may fail: each can be killed and replaced."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from tests.chaos.servers import Servers, steady_port
from tests.endpoint import RunningEndpoint
from tests.server import Process, environment, family, serving, working, writing

NAMES = ("web", "other", "replies", "worker")
SETTINGS = {
    "LEASE_SECONDS": "6",
    "DRAIN_REPLIES_SECONDS": "1",
    "DRAIN_SOCKETS_SECONDS": "0.5",
    "DATABASE_THREADS": "3",
    "OPENAI_TIMEOUTS": "10,20,20,120",  # that nothing is asked for twice because the machine is busy
}


class Fleet:
    """`web` and `other` serve pages and sockets, `replies` writes the answers, `worker` is Celery with its beat."""

    def __init__(self, servers: Servers, endpoint: RunningEndpoint, folder: Path, **settings: str) -> None:
        self.servers = servers
        self.endpoint = endpoint
        self.ports = {name: steady_port() for name in ("web", "other")}
        origins = ",".join(f"http://127.0.0.1:{port}" for port in self.ports.values())
        self.environment = environment(
            database="parley",
            endpoint=endpoint,
            **{**servers.environment, "PARLEY_ORIGINS": origins, **SETTINGS, **settings},
        )
        self.processes: dict[str, Process] = {}
        self._changed: set[str] = set()  # started with settings of their own
        self._folder = folder
        self._lives = count(1)
        self._stacks: dict[str, ExitStack] = {}

    def start(self, name: str, **changes: str) -> Process:
        """Start this process, with some settings changed. It is up when this returns."""
        log = self._folder / f"{next(self._lives)}-{name}.log"
        stack = self._stacks[name] = ExitStack()
        self.processes[name] = stack.enter_context(self._starter(name)({**self.environment, **changes}, log))
        (self._changed.add if changes else self._changed.discard)(name)
        return self.processes[name]

    @contextmanager
    def second_writer(self, **changes: str) -> Iterator[Process]:
        """One more that writes answers, for as long as the block runs."""
        with writing({**self.environment, **changes}, self._folder / f"{next(self._lives)}-replies.log") as process:
            yield process

    def kill(self, name: str) -> None:
        """kill -9, all of its family at once."""
        process = self.processes[name]
        if process.popen.poll() is None:
            for pid in family(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
        self._stacks[name].close()

    def drain(self, name: str, *, within: float = 20.0) -> None:
        """Tell it to go, and wait until it has."""
        self.processes[name].signal(signal.SIGTERM)
        assert self.processes[name].wait(within=within) == 0
        self._stacks[name].close()

    def alive(self, name: str) -> bool:
        return name in self.processes and self.processes[name].popen.poll() is None

    def revive(self) -> None:
        """Whatever is dead, frozen or was started with other settings is replaced."""
        self.servers.revive()
        for name in self._changed & self.processes.keys():
            self.kill(name)
        dead = [name for name in NAMES if not self.alive(name)]
        for name in NAMES:
            if name not in dead:
                self.processes[name].signal(signal.SIGCONT)
        if dead:
            with ThreadPoolExecutor(len(dead)) as threads:
                list(threads.map(self.start, dead))

    def stop(self) -> None:
        for name in self.processes:
            self.kill(name)

    def _starter(self, name: str) -> Callable[[Mapping[str, str], Path], AbstractContextManager[Process]]:
        if name in self.ports:
            return lambda env, log: serving(env, log, "--no-replies", port=self.ports[name])
        if name == "worker":
            return _celery
        return writing


def _celery(env: Mapping[str, str], log: Path) -> AbstractContextManager[Process]:
    pool = ("--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle")
    # With DEBUG it says also that a sweep was done.
    return working({**env, "LOG_LEVEL": "DEBUG"}, log, *pool, "--beat", "--schedule", str(log.with_suffix(".beat")))


@contextmanager
def running_fleet(servers: Servers, endpoint: RunningEndpoint, folder: Path, **settings: str) -> Iterator[Fleet]:
    """A fleet, its servers included, all of it up. Django's own connection has to be `pointed_at` the servers."""
    fleet = Fleet(servers, endpoint, folder, **settings)
    try:
        fleet.revive()
        yield fleet
    finally:
        fleet.stop()


@contextmanager
def pointed_at(database_url: str) -> Iterator[None]:
    """This thread's ORM works on another database for as long as the block runs."""
    socket_folder, _, name = database_url.partition("@/")[2].rpartition("/")
    before = connection.settings_dict
    connection.close()
    connection.settings_dict = {
        **before,
        "HOST": socket_folder,
        "PORT": "",
        "NAME": name,
        "USER": "parley",
        "PASSWORD": "",
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"connect_timeout": 5},
    }
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


def prepare() -> None:
    """Make the database's tables and the personalities."""
    with Path(os.devnull).open("w") as nowhere:
        call_command("prepare", no_static=True, stdout=nowhere)
