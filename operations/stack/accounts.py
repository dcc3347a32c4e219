"""The account that PostgreSQL runs as where we are root, which it refuses to run as."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from operations.stack.errors import StackError


@dataclass(frozen=True)
class Account:
    """An existing, unprivileged user of this machine."""

    name: str
    uid: int
    gid: int

    def own(self, folder: Path) -> None:
        """Give a folder of ours to this account, for itself alone."""
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)


def unprivileged() -> Account | None:
    """Nobody in particular where we are a plain user; StackError where root finds no account to use."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        "PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody: "
        "start Parley as a plain user, or set DATABASE_URL."
    )


def owner(folder: Path) -> Account:
    """Whoever a folder belongs to. StackError where it is an account unknown here, or root."""
    uid = folder.stat().st_uid
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise StackError(f"{folder} belongs to the user number {uid}, whom this machine does not know.") from None
    if uid == 0:
        raise StackError(f"{folder} belongs to root, as whom PostgreSQL does not run: move it away, or chown it.")
    return Account(entry.pw_name, uid, entry.pw_gid)
