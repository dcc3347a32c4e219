"""A supervisor with small parts in a process of its own, to be killed, signalled and read by the tests.

`python -m tests.operations.small_stack DATA PARTS`, where PARTS is JSON: a list of {name, code} and what else a Part
takes. Prints "all ready" once every part is.
"""

import asyncio
import contextlib
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from operations.stack import data_folder
from operations.stack.console import Console
from operations.stack.errors import StackError
from operations.stack.locks import Lock
from operations.stack.part import Part
from operations.stack.supervisor import Supervisor

WAITS = (
    "import signal, sys; signal.signal(15, lambda *_: (print('told to stop'), sys.exit())); "
    "print('up', flush=True); signal.pause()"
)
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def command(data: Path, *parts: dict[str, Any]) -> list[str]:
    """What to start for these parts, from the root of the project."""
    return [sys.executable, "-m", "tests.operations.small_stack", str(data), json.dumps(parts)]


class SmallStack:
    """The process, and what it said."""

    def __init__(self, data: Path, *parts: dict[str, Any]) -> None:
        self.data = data
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            command(data, *parts), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, text: str, seconds: float = 30) -> None:
        """Read on until a line holds this text."""
        deadline = time.monotonic() + seconds
        while True:
            line = self._lines.get(timeout=max(0, deadline - time.monotonic()))
            assert line is not None, f"ended before it said {text!r}: {self.said}"
            if text in line:
                return

    def ended(self, seconds: float = 30) -> int:
        """Wait for the end; the exit code."""
        code = self.process.wait(seconds)
        while self._lines.get(timeout=seconds) is not None:
            pass
        return code

    @property
    def text(self) -> str:
        """All it has said so far."""
        return "\n".join(self.said)

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                self.said.append(line.rstrip("\n"))
                self._lines.put(line)
        self._lines.put(None)


def left_behind(data: Path) -> list[int]:
    """The processes that still hold the lock which every part inherits."""
    with Lock(data / "parts.lock") as lock:
        return lock.holders()


def nothing_left(data: Path, seconds: float = 10) -> bool:
    """Whether every part is gone, or goes within so many seconds."""
    with Lock(data / "parts.lock") as lock:
        return lock.take(seconds)


def command_lines() -> list[str]:
    """How every process of this machine was started, for anybody to see."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # ended meanwhile
            lines.append(file.read_text(errors="replace"))
    return lines


def main(data: str, parts: str) -> int:
    """Run until a signal comes or a part dies; the exit code."""
    console = Console()
    try:
        with data_folder.held(Path(data)) as lock:
            supervisor = Supervisor(console, inherited=[lock.descriptor])
            return asyncio.run(supervisor.run(_work(supervisor, [_part(one) for one in json.loads(parts)])))
    except StackError as refusal:
        console.say(str(refusal))
        return 1


async def _work(supervisor: Supervisor, parts: list[Part]) -> int:
    for part in parts:
        await supervisor.start(part)
    supervisor.console.say("all ready")
    await asyncio.Event().wait()
    return 0


def _part(described: dict[str, Any]) -> Part:
    code, line = described.pop("code"), described.pop("ready_line", "^up")
    return Part(
        command=[sys.executable, "-c", code], cwd=Path.cwd(), environment=os.environ, ready_line=re.compile(line),
        **described,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
