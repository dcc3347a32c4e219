"""`script/test`, `script/bench` and `script/chaos`: on servers of their own that are gone afterwards."""

import asyncio
import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import Signals

from operations.stack import browser_libraries, checks, chromium, data_folder
from operations.stack.configuration import Configuration
from operations.stack.console import Console
from operations.stack.environment import Environment
from operations.stack.part import Part
from operations.stack.postgres import Postgres
from operations.stack.supervisor import Supervisor, together
from operations.stack.valkey import Valkey

# Also what the model's library asks the environment for.
_OURS = ("OPENAI_", "PARLEY_")
_ASKED_FOR = re.compile(r'\benv(?:\.\w+)?\(\s*"([A-Z_]+)"')

# Seconds after which a test that hangs fails, so that the others still run.
_LONGEST_TEST = 300


def test(configuration: Configuration, console: Console, arguments: Sequence[str]) -> int:
    """Run everything, or pytest alone with these arguments; the exit code.

    StackError where something that the tests need cannot be had.
    """
    browser = chromium.find_or_install(configuration.root, console)
    failed = [] if arguments else checks.failures(configuration, console)
    node = "" if arguments else browser_libraries.node(Environment(configuration.root, console))
    with data_folder.temporary() as data, data_folder.held(data) as parts_lock:
        suite = Suite(configuration.root, data, Supervisor(console, inherited=[parts_lock.descriptor]), browser)
        try:
            code = asyncio.run(suite.run(node, arguments, failed))
        finally:
            suite.tidy()
    if failed:
        console.say(f"failed before pytest: {', '.join(failed)}")
    return code or (1 if failed else 0)


def bench(configuration: Configuration, console: Console, arguments: Sequence[str]) -> int:
    """Measure on servers that are kept as a product's would be; the exit code."""
    with data_folder.temporary() as data, data_folder.held(data) as parts_lock:
        supervisor = Supervisor(console, inherited=[parts_lock.descriptor])
        suite = Suite(configuration.root, data, supervisor, browser="", forgetful=False)
        try:
            return asyncio.run(supervisor.run(suite.measure(arguments)))
        finally:
            suite.tidy()


def chaos(configuration: Configuration, console: Console, arguments: Sequence[str]) -> int:
    """Kill parts of Parley and count what is lost, on servers that the tests start themselves; the exit code."""
    with data_folder.temporary() as data, data_folder.held(data) as parts_lock:
        supervisor = Supervisor(console, inherited=[parts_lock.descriptor])
        suite = Suite(configuration.root, data, supervisor, browser="")
        try:
            return asyncio.run(supervisor.run(suite.kill(arguments)))
        finally:
            suite.tidy()


def surroundings(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what somebody has set, there or in `.env`, for a Parley of theirs."""
    settings = {"HOST", "PORT", *_ASKED_FOR.findall((root / "chatsite" / "settings.py").read_text())}
    kept = {name: value for name, value in environ.items() if not name.startswith(_OURS) and name not in settings}
    return {**kept, "PARLEY_ENV_FILE": os.devnull}


class Suite:
    """The tests on servers of their own."""

    def __init__(self, root: Path, data: Path, supervisor: Supervisor, browser: str, *, forgetful: bool = True) -> None:
        self._root = root
        self._supervisor = supervisor
        self._postgres = Postgres.at(data / "postgres", forgetful=forgetful)
        self._valkey = Valkey.at(data / "valkey", forgetful=forgetful)
        self._environment = {
            **surroundings(root, os.environ),
            "DATABASE_URL": self._postgres.url,
            "REDIS_URL": self._valkey.url,
            "SECRET_KEY": secrets.token_urlsafe(50),
            "PARLEY_DATA": str(data),
            "PARLEY_CHROMIUM": browser,
        }

    async def run(self, node: str, arguments: Sequence[str], failed: list[str]) -> int:
        """Run node's tests where `node` names it, adding to `failed`, then pytest; pytest's exit code."""
        return await self._supervisor.run(self._work(node, arguments, failed))

    def tidy(self) -> None:
        """After the end: leave nothing."""
        self._postgres.tidy()

    async def measure(self, arguments: Sequence[str]) -> int:
        """Start the servers and run the bench; its exit code."""
        await self._start()
        return await self._step("bench", sys.executable, "-u", "-m", "bench", *arguments)

    async def kill(self, arguments: Sequence[str]) -> int:
        """Run the chaos tests, whose servers are their own since they are killed; the exit code."""
        return await self._step("chaos", sys.executable, "-u", "-m", "tests.chaos", *arguments)

    async def _start(self) -> None:
        await together(
            self._postgres.start(self._supervisor, self._environment),
            self._valkey.start(self._supervisor, self._environment),
        )

    async def _work(self, node: str, arguments: Sequence[str], failed: list[str]) -> int:
        await self._start()
        scripts = sorted(str(path) for path in self._root.glob("tests/js/**/*.test.js"))
        if node and scripts and await self._step("node", node, "--test", "--test-reporter=spec", *scripts):
            failed.append("node")
        return await self._step("pytest", sys.executable, "-m", "pytest", f"--timeout={_LONGEST_TEST}", *arguments)

    async def _step(self, name: str, *command: str) -> int:
        # Interrupted, both tell what they had found so far.
        part = Part(name, command, self._root, self._environment, inherits_output=True, stop=Signals.SIGINT, grace=30)
        return await (await self._supervisor.step(part)).finished()
