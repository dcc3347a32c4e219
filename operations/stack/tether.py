"""Starts a part so that it cannot outlive the supervisor: `tether.py SIGNAL PARENT ACCOUNT COMMAND...`.

Becomes COMMAND, as ACCOUNT (`name:uid:gid`, or `-` for the same user), and asks the kernel to send SIGNAL when
the supervisor dies. Linux does that; elsewhere only the order in which the supervisor stops its parts counts.
Run with `-I -S` on its own: it imports nothing of ours.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(number: str, parent: str, account: str, *command: str) -> None:
    """Replace this process with `command`."""
    if account != "-":
        name, uid, gid = account.split(":")
        os.initgroups(name, int(gid))
        os.setgid(int(gid))
        os.setuid(int(uid))
    # After the change of user, which would clear it.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))
    if os.getppid() != int(parent):  # it died before the kernel knew
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        sys.exit(f"{command[0]} does not start: {error.strerror}")


main(*sys.argv[1:])
