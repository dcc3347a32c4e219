"""`python3 -m operations.stack.bootstrap COMMAND`: prepares the project folder, then goes on inside `.venv`.

Runs under any Python 3.11 to 3.13 with the standard library alone, and says what is wrong before anything
heavy begins. Two at once wait for each other.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations.stack import browser_libraries, configuration, data_folder
from operations.stack.commands import end_tidily
from operations.stack.console import Console
from operations.stack.environment import Environment
from operations.stack.errors import StackError


def main(command: str = "", *arguments: str) -> int:
    """Become `python -m operations.stack COMMAND` in `.venv`; with no command, only prepare. The exit code.

    `product` prepares what servers of one's own need, and nothing else: no tools, no server that we bring along.
    """
    console = Console()
    end_tidily()
    try:
        asked = configuration.current()
        if command == "server":
            data_folder.refuse_if_held(asked.data)
            configuration.check_address(asked.host, asked.port)
        environment = Environment(asked.root, console)
        development = command not in ("server", "product")
        with _alone(asked.root, console):
            environment.prepare(asked, development, servers=command != "product")
            browser_libraries.prepare(environment, development, console)
    except StackError as refusal:
        console.say(str(refusal))
        return 1
    if command not in ("", "product"):
        inside = [str(environment.python), "-m", "operations.stack", command, *arguments]
        os.execv(environment.python, inside)  # noqa: S606
    return 0


@contextmanager
def _alone(root: Path, console: Console) -> Iterator[None]:
    """Let nobody else install into this folder meanwhile."""
    folder = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.say("another start is installing: waiting for it")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
