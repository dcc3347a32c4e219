"""Parley itself as child processes: one step that prepares it, then web, worker and beat."""

import asyncio
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from operations.stack.configuration import EVERYWHERE, Configuration
from operations.stack.errors import StackError
from operations.stack.part import Part
from operations.stack.supervisor import Supervisor

# `manage.py prepare` begins so the lines that are for the person who started it: they are shown at the end.
NOTICE = "First staff user"
HEALTH = "/health/ready"
_CELERY = (
    # On one's own machine it is no news that one is root.
    "-W", "ignore:You're running the worker with superuser",
    str(Path(sys.executable).with_name("celery")), "--quiet", "-A", "chatsite",
)  # fmt: skip


def environment(configuration: Configuration, servers: Mapping[str, str], secret_key: str) -> dict[str, str]:
    """What every process of the application gets: what was asked for, then our servers, then what fits this machine."""
    host, port = configuration.host, configuration.port
    names = ["localhost", "127.0.0.1", *([] if host in EVERYWHERE else [host])]
    hosts = dict.fromkeys(names)
    fitting = {
        "SECRET_KEY": secret_key,
        "ALLOWED_HOSTS": ",".join(f"[{name}]" if ":" in name else name for name in hosts),
        "PARLEY_ORIGINS": ",".join(f"http://{f'[{name}]' if ':' in name else name}:{port}" for name in hosts),
        "STATIC_ROOT": str(configuration.data / "static"),
        "PYTHONUNBUFFERED": "1",
    }
    asked = {name: value for name, value in configuration.environment.items() if value or name not in fitting}
    return {
        **fitting,
        **asked,
        **servers,
        "PARLEY_DATA": str(configuration.data),
        "HOST": host,
        "PORT": str(port),
    }


class Application:
    """The application, once its servers answer."""

    def __init__(self, configuration: Configuration, environment: Mapping[str, str]) -> None:
        self._configuration = configuration
        self._environment = environment
        self.notices: list[str] = []  # for the person who started it, to be shown at the end

    async def prepare(self, supervisor: Supervisor) -> None:
        """Bring database, static files and first records up to date. StackError where it does not work out."""
        preparing = replace(self._part("prepare", "manage.py", "prepare"), shown=self._keep_notice)
        child = await supervisor.step(preparing)
        if child.process.returncode:
            raise StackError(f"Preparing the database {child.ending()}: the reason stands above.")

    async def start(self, supervisor: Supervisor) -> None:
        """Run web, worker and beat. StackError where one of them does not start."""
        host, port = self._configuration.host, str(self._configuration.port)
        schedule = str(self._configuration.data / "celerybeat-schedule")
        web = self._part("web", "manage.py", "serve", "--host", host, "--port", port)
        worker = self._part(
            "worker", *_CELERY, "worker", "--loglevel", "INFO", "--concurrency", "2",
            "--without-gossip", "--without-mingle",
        )  # fmt: skip
        beat = self._part(
            "beat", *_CELERY, "beat", "--loglevel", "INFO", "--schedule", schedule,
            "--pidfile", "",
        )  # fmt: skip
        await supervisor.start_together(
            replace(worker, ready_line=re.compile(r"\bready\."), grace=20),
            replace(beat, ready_line=re.compile("beat: Starting")),
            replace(web, probe=self._healthy, grace=30),
        )

    def _part(self, name: str, *arguments: str) -> Part:
        return Part(name, [sys.executable, *arguments], self._configuration.root, self._environment)

    def _keep_notice(self, line: str) -> bool:
        if line.startswith(NOTICE):
            self.notices.append(line)
        return not line.startswith(NOTICE)

    async def _healthy(self) -> bool:
        """Whether the health page answers 200."""
        request = f"GET {HEALTH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        address = self._configuration.visited_host.strip("[]")
        try:
            reader, writer = await asyncio.open_connection(address, self._configuration.port)
        except OSError:
            return False
        try:
            writer.write(request.encode())
            status = await asyncio.wait_for(reader.readline(), 10)
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()
        return status.split(b" ")[1:2] == [b"200"]
