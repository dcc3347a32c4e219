"""`script/lint`: every check that reads the code without running it."""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from operations.stack import browser_libraries
from operations.stack.configuration import Configuration
from operations.stack.console import Console
from operations.stack.environment import Environment

_PART = "lint"
_BIN = Path(sys.executable).parent
# As an operator would set it, with servers that nobody has to run: these checks do not ask them.
_PRODUCTION = {
    "DATABASE_URL": "postgres://parley@127.0.0.1:1/parley",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "OPENAI_BASE_URL": "https://models.example.org/v1",
    "OPENAI_API_KEY": "a-key",
    "OPENAI_MODEL": "a-model",
    "ALLOWED_HOSTS": "parley.example.org",
    "PARLEY_ORIGINS": "https://parley.example.org",
    "EMAIL_URL": "smtp://mail.example.org:25",
    "HTTPS": "true",
    "TRUSTED_PROXIES": "1",
    "DEBUG": "false",
    "PARLEY_ENV_FILE": os.devnull,
    # Django would look into the database whether its migrations make sense, and warn that it cannot.
    "PYTHONWARNINGS": "ignore::RuntimeWarning",
}


def commands(node: str) -> dict[str, list[str]]:
    """The checks by name; `node` runs those that are JavaScript."""
    python = str(_BIN / "python")
    return {
        "ruff check": [str(_BIN / "ruff"), "check", "."],
        "ruff format": [str(_BIN / "ruff"), "format", "--check", "."],
        "imports": [str(_BIN / "lint-imports")],
        "types": [str(_BIN / "mypy"), "."],
        "biome": [node, "node_modules/.bin/biome", "check", "."],
        "javascript types": [node, "node_modules/.bin/tsc", "--noEmit", "-p", "tsconfig.json"],
        "migrations": [python, "manage.py", "makemigrations", "--check", "--dry-run"],
        "deployment": [python, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
    }


def failures(configuration: Configuration, console: Console) -> list[str]:
    """Run every check; the names of those that failed, whose output has been shown."""
    environment = {**os.environ, **_PRODUCTION, "SECRET_KEY": secrets.token_urlsafe(50)}
    failed = []
    node = browser_libraries.node(Environment(configuration.root, console))
    for name, command in commands(node).items():
        started = time.monotonic()
        said = subprocess.run(
            command, cwd=configuration.root, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        )  # fmt: skip
        verdict = "failed" if said.returncode else "passed"
        if said.returncode:
            failed.append(name)
            console.plain(said.stdout.rstrip())
        console.line(_PART, f"{name}: {verdict} in {time.monotonic() - started:.1f} s")
    return failed


def lint(configuration: Configuration, console: Console) -> int:
    """Run every check; the exit code."""
    failed = failures(configuration, console)
    console.line(_PART, f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0
