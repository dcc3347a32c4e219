"""Where the servers lie that wheels bring along."""

import importlib.util
import platform
import sys
from pathlib import Path

from operations.stack.errors import StackError


def folder(package: str, serves: str, variable: str) -> Path:
    """The folder of an installed package. StackError, naming the variable to set instead, where there is none."""
    # Found, not imported: importing runs code of theirs that we have no use for.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise missing(serves, variable)
    return Path(spec.origin).parent


def missing(serves: str, variable: str) -> StackError:
    """There is nothing here to run `serves` with."""
    machine = f"{platform.machine()} {sys.platform}"
    return StackError(
        f"{serves} is not to be had for this machine ({machine}): set {variable} to a server of your own."
    )
