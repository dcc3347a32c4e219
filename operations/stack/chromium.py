"""A Chromium for the browser tests: an installed one, the distribution's, or Playwright's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from operations.stack.commands import run
from operations.stack.console import Console
from operations.stack.errors import StackError

_PART = "chromium"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def find_or_install(root: Path, console: Console) -> str:
    """The path of a browser that starts, installed if need be. StackError where none can be had."""
    for attempt in (_installed, lambda: _from_distribution(root, console), lambda: _from_playwright(root, console)):
        program = attempt()
        if program:
            return program
    raise StackError(
        "The browser tests need Chromium or Chrome, and none is here or could be installed: "
        "install one, or set PARLEY_CHROMIUM to its path."
    )


def _installed() -> str | None:
    named = os.environ.get("PARLEY_CHROMIUM")
    if named:
        if not _starts(named):
            raise StackError(f"PARLEY_CHROMIUM={named} does not start.")
        return named
    return _first_that_starts() or (_MAC if _starts(_MAC) else None) or _of_playwright()


def _from_distribution(root: Path, console: Console) -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    console.line(_PART, "installing the distribution's chromium")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "-q", "update"], root, environment)
    run(["apt-get", "-q", "install", "-y", "--no-install-recommends", "chromium"], root, environment)
    return _first_that_starts()


def _from_playwright(root: Path, console: Console) -> str | None:
    console.line(_PART, "installing Playwright's chromium")
    run([sys.executable, "-m", "playwright", "install", "chromium"], root)
    return _of_playwright()


def _first_that_starts() -> str | None:
    return next(filter(_starts, filter(None, map(shutil.which, _PROGRAMS))), None)


def _of_playwright() -> str | None:
    """Where Playwright keeps its own browser, if it has installed it."""
    asking = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    said = subprocess.run([sys.executable, "-c", asking], capture_output=True, text=True, check=False)
    program = said.stdout.strip()
    return program if _starts(program) else None


def _starts(program: str) -> bool:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0
