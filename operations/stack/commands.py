"""Runs the tools that prepare the project folder, and leaves none behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn


def end_tidily() -> None:
    """From now on a signal ends this process as an exception does, so that `run` can end its command."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)


def run(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str] | None = None) -> int:
    """Run a command to its end with its output shown; its exit code.

    If we are ended meanwhile, so are the command and everything that it started.
    """
    with subprocess.Popen(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            return process.wait()
        except BaseException:
            _end(process)
            raise


def _exit(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, seconds in ((signal.SIGTERM, 3), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
