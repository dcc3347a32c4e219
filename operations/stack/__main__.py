"""`python -m operations.stack COMMAND`: what the commands in `script/` become inside `.venv`."""

import sys

from operations.stack import configuration
from operations.stack.checks import lint
from operations.stack.commands import end_tidily
from operations.stack.console import Console
from operations.stack.errors import StackError
from operations.stack.server import serve
from operations.stack.suite import bench, chaos, test


def main(command: str, *arguments: str) -> int:
    """Do it; the exit code."""
    console = Console()
    end_tidily()
    try:
        asked = configuration.current()
        match command:
            case "server":
                return serve(asked, console)
            case "test":
                return test(asked, console, arguments)
            case "bench":
                return bench(asked, console, arguments)
            case "chaos":
                return chaos(asked, console, arguments)
            case _:
                return lint(asked, console)
    except StackError as refusal:
        console.say(str(refusal))
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
