"""Folders for Unix sockets, whose paths the kernel limits to about a hundred bytes."""

import os
import shutil
import tempfile
from pathlib import Path

from operations.stack.accounts import Account

_LONGEST = 103  # bytes of a socket's whole path: macOS's limit, Linux has four more
_PLACE = Path("/tmp")  # noqa: S108 every folder made here is private
_PREFIX = "parley-"


def make(folder: Path, name: str, account: Account | None = None) -> Path:
    """A private, empty folder in which a socket of this name fits: `folder` itself, or else what it links to.

    Whatever an earlier start left there is removed.
    """
    remove(folder)
    if len(os.fsencode(folder / name)) <= _LONGEST:
        folder.mkdir(mode=0o700)
        place = folder
    else:
        place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_PLACE))
        folder.symlink_to(place)
    if account:
        account.own(place)
    return place


def remove(folder: Path) -> None:
    """Undo `make`."""
    if folder.is_symlink():
        place = folder.readlink()
        if place.parent == _PLACE and place.name.startswith(_PREFIX):
            shutil.rmtree(place, ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
