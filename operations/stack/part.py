"""One part of a running Parley: what it is, and the child process that it is while it runs."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

from operations.stack.accounts import Account
from operations.stack.console import Console

_TETHER = str(Path(__file__).with_name("tether.py"))
_LONGEST_LINE = 16_384  # bytes shown as one line


@dataclass(frozen=True)
class Part:
    """How to start a part, tell that it is ready, and stop it."""

    name: str
    command: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    # Ready when this answers True, or when a line matches; a part with neither is ready once it has started.
    probe: Callable[[], Awaitable[bool]] | None = None
    ready_line: re.Pattern[str] | None = None
    patience: float = 60  # seconds to become ready
    note: str = ""  # said once it is ready
    advice: str = ""  # said when it ends before it was ready
    stop: Signals = Signals.SIGTERM
    grace: float = 10  # seconds to stop in
    hurried_stop: Signals = Signals.SIGKILL
    orphan_stop: Signals = Signals.SIGKILL  # sent by the kernel if the supervisor is killed
    account: Account | None = None
    inherits_output: bool = False  # writes to the terminal itself
    shown: Callable[[str], bool] = field(default=lambda _: True)  # which of its lines are printed


class Child:
    """A started part. It leads a session of its own, so that a Ctrl-C reaches nobody but the supervisor."""

    def __init__(self, part: Part, process: asyncio.subprocess.Process, console: Console) -> None:
        self.part = part
        self.process = process
        self.started = time.monotonic()
        self.ready = False
        self.tail: deque[str] = deque(maxlen=10)  # its last lines
        self.said_ready = asyncio.Event()
        self._console = console
        self._output: int | None = None
        self._unfinished = b""
        self._drained = asyncio.Event()

    @classmethod
    async def start(cls, part: Part, console: Console, inherited: Sequence[int] = ()) -> "Child":
        """Start the process."""
        # A pipe of our own: asyncio's ties the end of a process to the end of its output.
        reading, writing = (None, None) if part.inherits_output else os.pipe()
        account = part.account and f"{part.account.name}:{part.account.uid}:{part.account.gid}"
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", _TETHER, str(int(part.orphan_stop)), str(os.getpid()),
                account or "-", *part.command,
                cwd=part.cwd, env=dict(part.environment), start_new_session=True, pass_fds=inherited,
                stdin=asyncio.subprocess.DEVNULL, stdout=writing, stderr=writing,
            )  # fmt: skip
        except BaseException:
            if reading is not None:
                os.close(reading)
            raise
        finally:
            if writing is not None:
                os.close(writing)
        child = cls(part, process, console)
        child._listen(reading)
        return child

    @property
    def running(self) -> bool:
        """Whether its process has not been seen to end."""
        return self.process.returncode is None

    def ending(self) -> str:
        """How its process ended, in words."""
        code = self.process.returncode
        if code is not None and code < 0:
            return f"was ended by {Signals(-code).name}"
        return f"ended with exit code {code}"

    async def finished(self) -> int:
        """Wait for the process to end and its output to be shown; its exit code."""
        code = await self.process.wait()
        # A grandchild may keep the pipe open: what matters is read by then.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drained.wait(), 1)
        return code

    async def stop(self, hurry: asyncio.Event) -> None:
        """End the process, gently at first; at once when `hurry` is set. Leaves nothing of its session."""
        try:
            if self.running:
                self._signal(self.part.stop)
                await self._ended_or(hurry, self.part.grace)
            if self.running:
                self._console.line(self.part.name, f"is stopped by {self.part.hurried_stop.name}")
                self._signal(self.part.hurried_stop)
                await self._ended_or(asyncio.Event(), 5)
        finally:
            self._kill_session()
            await self.finished()
            self._hang_up()

    async def _ended_or(self, event: asyncio.Event, seconds: float) -> None:
        waits = {asyncio.ensure_future(self.process.wait()), asyncio.ensure_future(event.wait())}
        _, pending = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    def _signal(self, number: Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def _kill_session(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _listen(self, output: int | None) -> None:
        self._output = output
        if output is None:
            self._drained.set()
            return
        os.set_blocking(output, False)
        asyncio.get_running_loop().add_reader(output, self._read, output)

    def _hang_up(self) -> None:
        self._drained.set()
        if self._output is not None:
            asyncio.get_running_loop().remove_reader(self._output)
            os.close(self._output)
            self._output = None

    def _read(self, output: int) -> None:
        try:
            data = os.read(output, 65536)
        except BlockingIOError:
            return
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if self._unfinished and (not data or len(self._unfinished) > _LONGEST_LINE):
            lines.append(self._unfinished)
            self._unfinished = b""
        for line in lines:
            self._show(line.decode(errors="replace").rstrip())
        if not data:
            self._hang_up()

    def _show(self, line: str) -> None:
        self.tail.append(line)
        if self.part.shown(line):
            self._console.line(self.part.name, line)
        if self.part.ready_line and self.part.ready_line.search(line):
            self.said_ready.set()
