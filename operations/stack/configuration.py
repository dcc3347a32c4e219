"""What the environment and `.env` ask for. Standard library only: read before anything is installed."""

import errno
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operations.stack.errors import StackError

SCHEMES = {
    "DATABASE_URL": ("postgres://", "postgresql://", "psql://", "pgsql://"),
    "REDIS_URL": ("redis://", "rediss://", "unix://"),
    "OPENAI_BASE_URL": ("http://", "https://"),
}
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 compared with, never bound to by us

_ASSIGNMENT = re.compile(r"(?:export )?([A-Za-z_0-9]+)=(.*)")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Configuration:
    """Where Parley runs, and the environment it was given (`.env` included)."""

    root: Path
    data: Path
    host: str
    port: int
    environment: Mapping[str, str]

    def embeds(self, variable: str) -> bool:
        """Whether the server that this variable would name is ours to start."""
        return not self.environment.get(variable)

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        return f"http://{self.visited_host}:{self.port}/"

    @property
    def visited_host(self) -> str:
        """The host as it stands in a URL."""
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        return f"[{host}]" if ":" in host else host


def load(root: Path, environ: Mapping[str, str]) -> Configuration:
    """Read `.env`, or the file that PARLEY_ENV_FILE names, beneath the environment.

    StackError for a line or a value that makes no sense.
    """
    environment = {**read_env_file(root / (environ.get("PARLEY_ENV_FILE") or ".env")), **environ}
    for variable, schemes in SCHEMES.items():
        value = environment.get(variable)
        if value and not value.startswith(schemes):
            raise StackError(f"{variable} must begin with {' or '.join(schemes)}.")
    port = environment.get("PORT") or "8000"
    if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65535):
        raise StackError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return Configuration(
        root=root,
        data=(root / (environment.get("PARLEY_DATA") or "var")).resolve(),
        host=environment.get("HOST") or "127.0.0.1",
        port=int(port),
        environment=environment,
    )


def read_env_file(path: Path) -> dict[str, str]:
    """The assignments of a `.env`, by the rules of django-environ, which reads it in the settings.

    StackError where a line is none.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path} cannot be read: {error}.") from error
    values = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        assignment = _ASSIGNMENT.fullmatch(line)
        if not assignment:
            raise StackError(f"{path}, line {number}: KEY=VALUE was expected, with no space around the sign.")
        key, value = assignment.groups()
        if len(value) > 1 and value[0] == value[-1] == "'":
            value = value[1:-1]
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = _ESCAPED.sub(_unescape, value[1:-1])
        values[key] = value
    return values


def _unescape(escaped: re.Match[str]) -> str:
    character = escaped[1]
    return f"\\{character}" if character in "rnt" else character


def check_address(host: str, port: int) -> None:
    """StackError where nothing could listen on this address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise StackError(f"HOST={host} is not an address of this machine.") from error
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except PermissionError as error:
        raise StackError(f"Port {port} needs more rights: choose one above 1023 with PORT.") from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise StackError(f"HOST={host} is not an address of this machine.") from error
        raise StackError(
            f"Port {port} on {host} is in use by another program: choose another, as in PORT={_next(port)}."
        ) from error


def _next(port: int) -> int:
    return port + 1 if port < 65535 else port - 1


def project_root() -> Path:
    """The folder of manage.py."""
    return Path(__file__).resolve().parents[2]


def current() -> Configuration:
    """The configuration of this process. StackError as in `load`."""
    return load(project_root(), os.environ)
