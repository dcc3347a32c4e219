"""The folder where a running Parley keeps what must outlive it."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations.stack.errors import StackError
from operations.stack.locks import Lock, lock_data, lock_parts

_TEMPORARY = "parley-test-"


@contextmanager
def held(folder: Path) -> Iterator[Lock]:
    """Keep a data folder to ourselves, made where there is none. Gives the lock that every part has to inherit.

    StackError where Parley already runs from it, or it is not ours.
    """
    make(folder)
    with lock_data(folder), lock_parts(folder) as parts:
        yield parts


def refuse_if_held(folder: Path) -> None:
    """StackError where Parley already runs from this folder."""
    if (folder / "lock").exists():
        make(folder)
        os.close(lock_data(folder).descriptor)


def make(folder: Path) -> None:
    """Make a folder that nobody else may enter. StackError where that cannot be, or it is somebody else's."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
    except OSError as error:
        raise StackError(f"The data folder {folder} cannot be made: {error.strerror}.") from error
    if owner != os.geteuid():
        raise StackError(
            f"The data folder {folder} belongs to user number {owner}, and you are {os.geteuid()}: "
            "start Parley as that user, or name another folder with PARLEY_DATA."
        )


def secret_key(folder: Path) -> str:
    """The key that signs sessions: made once, kept for its owner's eyes."""
    file = folder / "secret_key"
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        key = secrets.token_urlsafe(50)
        unfinished = folder / "secret_key.unfinished"
        unfinished.touch(mode=0o600)
        unfinished.write_text(key)
        unfinished.rename(file)
        return key


@contextmanager
def temporary() -> Iterator[Path]:
    """A data folder for one run of the tests, gone afterwards; so are those of runs that were killed."""
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{_TEMPORARY}*"):
        _remove_if_abandoned(left)
    folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_abandoned(folder: Path) -> None:
    if folder.stat().st_uid != os.geteuid() or not (folder / "parts.lock").exists():
        return
    with Lock(folder / "parts.lock") as lock:
        if lock.take():
            for server in folder.iterdir():
                if server.is_symlink():  # to where the account of PostgreSQL can enter
                    shutil.rmtree(server.resolve(), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
