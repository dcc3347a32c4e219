"""Parley's own processes, started as an operator would, with everything they log kept and judged."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.endpoint import RunningEndpoint

ROOT = Path(__file__).resolve().parents[1]
START = 90.0  # seconds a process may take to be up on a busy machine
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Somebody wants all of it to end now: who waits in a thread, where no signal is heard, waits no longer.
interrupted = threading.Event()


def eventually(what: Callable[[], object], *, within: float = 10.0, every: float = 0.03) -> Any:
    """Wait until this is true and return it. For what tells nobody when it happens: rows, files, processes."""
    until = time.monotonic() + within
    while not (result := what()):
        assert time.monotonic() < until, f"still not so after {within} s: {result!r}"
        assert not interrupted.is_set(), "interrupted"
        time.sleep(every)
    return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(*, database: str, endpoint: RunningEndpoint, **changes: str) -> dict[str, str]:
    """What a process of Parley needs. `database` is the name of the one to use on the server that we use."""
    url, _, query = os.environ["DATABASE_URL"].partition("?")
    return {
        **os.environ,
        "DATABASE_URL": f"{url.rpartition('/')[0]}/{database}{query and '?'}{query}",
        "OPENAI_BASE_URL": endpoint.base_url,
        "OPENAI_API_KEY": endpoint.api_key,
        "OPENAI_MODEL": endpoint.model,
        "OPENAI_TIMEOUTS": "2,1.5,1,30",
        "OPENAI_BREAKER": "100000,1,1",  # tests ask one endpoint for many faults
        "LOG_JSON": "true",
        "PYTHONUNBUFFERED": "1",
        **changes,
    }


@dataclass
class Process:
    """One running process. `log` is the file that holds all it said."""

    popen: subprocess.Popen[bytes]
    log: Path
    url: str = ""  # where it serves pages, if it does
    _judged: int = field(default=0, repr=False)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def wait(self, *, within: float = 15.0) -> int:
        """Its exit code."""
        try:
            return self.popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {within} s: {self.said()[-3000:]}") from None

    def end(self) -> None:
        """Stop it by force if a friendly word does not help: for tidying up, whatever the test did."""
        if self.popen.poll() is None:
            self.signal(signal.SIGCONT)
            for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
                self.signal(number)
                try:
                    self.popen.wait(4)
                    break
                except subprocess.TimeoutExpired:
                    continue

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def complaints(self) -> list[str]:
        """What it said since it was asked last that is no line of a log, or one worse than a warning."""
        said = self.log.read_bytes()
        complete = said.rfind(b"\n") + 1
        new, self._judged = said[self._judged : complete].decode(errors="replace"), complete
        return [line for line in new.splitlines() if not _harmless(line)]


def _harmless(line: str) -> bool:
    try:
        return not line.strip() or json.loads(line)["level"] in ("debug", "info", "warning")
    except (ValueError, TypeError, KeyError):
        return False


@contextmanager
def running(*command: str, env: Mapping[str, str], log: Path, url: str = "", ready: str = "") -> Iterator[Process]:
    """Run a program of ours until the block ends. It is up when `url` answers, or once it has logged `ready`."""
    with log.open("ab") as output:
        popen = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    process = Process(popen, log, url)
    try:
        eventually(lambda: _is_up(process, ready), within=START, every=0.05)
        yield process
    finally:
        process.end()


def _is_up(process: Process, ready: str) -> bool:
    assert process.popen.poll() is None, f"it ended: {process.said()[-3000:]}"
    if ready:
        return re.search(ready, process.said()) is not None
    return not process.url or status_of(f"{process.url}/health/live") == 200


class Keeper:
    """Keeps one process running from the test that first wants it to the one that wants it gone."""

    def __init__(self, start: Callable[[Path], AbstractContextManager[Process]], log: Path) -> None:
        self._start, self._log = start, log
        self._stack = ExitStack()
        self._process: Process | None = None

    def process(self) -> Process:
        if self._process is None:
            self._process = self._stack.enter_context(self._start(self._log))
        return self._process

    def stop(self) -> None:
        process, self._process = self._process, None
        self._stack.close()
        complaints = process.complaints() if process else []
        assert not complaints, "\n".join(complaints)


@contextmanager
def serving(env: Mapping[str, str], log: Path, *options: str, port: int = 0) -> Iterator[Process]:
    """`manage.py serve` on this port, or on a free one."""
    url = f"http://127.0.0.1:{(port := port or free_port())}"
    env = {"PARLEY_ORIGINS": url, **env}
    with running("manage.py", "serve", "--port", str(port), *options, env=env, log=log, url=url) as process:
        yield process


@contextmanager
def serving_uvicorn(env: Mapping[str, str], log: Path) -> Iterator[Process]:
    """The ASGI application under uvicorn, on a free port. Nobody in it writes answers."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    env = {"PARLEY_ORIGINS": url, **env}
    options = ("--port", str(port), "--lifespan", "off", "--log-level", "warning", "--no-access-log")
    with running("-m", "uvicorn", "chatsite.asgi:application", *options, env=env, log=log, url=url) as process:
        yield process


@contextmanager
def writing(env: Mapping[str, str], log: Path) -> Iterator[Process]:
    """`manage.py replies`: the runner alone."""
    with running("manage.py", "replies", env=env, log=log) as process:
        yield process


@contextmanager
def working(env: Mapping[str, str], log: Path, *options: str) -> Iterator[Process]:
    """A Celery worker, as it is started in earnest; the last of two options that exclude each other counts."""
    celery = str(Path(sys.executable).with_name("celery"))
    command = (celery, "--quiet", "-A", "chatsite", "worker", "--loglevel", "INFO", "--pool", "solo", *options)
    env = {**env, "PYTHONWARNINGS": "ignore:You're running"}
    with running(*command, env=env, log=log, ready=r"celery@\S+ ready") as process:
        yield process


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    pids = [pid]
    for parent in pids:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return pids


def status_of(url: str, *, timeout: float = 30.0, session: str = "") -> int:
    """The HTTP status of a page, as one with this session is given it; 0 when nobody answers."""
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {}
    try:
        with _direct.open(urllib.request.Request(url, headers=headers), timeout=timeout) as response:
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
