"""Who holds a folder. Locks are the kernel's (flock): they end with the process, whatever ended it."""

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path
from types import TracebackType

from operations.stack.errors import StackError


class Lock:
    """An exclusive lock on a file. Children that inherit `descriptor` hold it too, until the last one ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.close(self.descriptor)

    def take(self, seconds: float = 0) -> bool:
        """Try for so long. False where somebody else keeps it."""
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    return False
                time.sleep(0.1)
            else:
                return True

    def sign(self) -> None:
        """Write our process id into the file, for whoever is refused."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def signature(self) -> str:
        """The process id that the holder wrote."""
        return os.pread(self.descriptor, 20, 0).decode(errors="replace")

    def holders(self) -> list[int]:
        """The processes that have this file open, apart from our own. Linux only; elsewhere none are found."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                held = any(link.samefile(self.path) for link in (process / "fd").iterdir() if link.exists())
            except OSError:
                continue  # ended meanwhile, or another user's
            if held and int(process.name) != os.getpid():
                found.append(int(process.name))
        return found


def lock_data(data: Path) -> Lock:
    """Keep a data folder to ourselves. StackError where Parley already runs from it."""
    lock = Lock(data / "lock")
    if not lock.take():
        holder = lock.signature()
        os.close(lock.descriptor)
        raise StackError(
            f"Parley already runs from {data} (process {holder}): stop it first, "
            "or name another folder with PARLEY_DATA and another PORT."
        )
    lock.sign()
    return lock


def lock_parts(data: Path, patience: float = 15) -> Lock:
    """The lock that every part inherits, so that it is free only when all parts of an earlier start are gone.

    After an unclean death of the supervisor they end by themselves within seconds; those that do not are
    killed. StackError where even that does not help.
    """
    lock = Lock(data / "parts.lock")
    if lock.take(patience):
        return lock
    for process in lock.holders():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    if lock.take(5):
        return lock
    processes = ", ".join(map(str, lock.holders())) or "unknown"
    raise StackError(f"Processes of an earlier start still use {data}: end them first (process {processes}).")
