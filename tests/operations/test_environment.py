"""What the environment says is taken at its word, or refused in one sentence that names the variable."""

import os
import subprocess
import sys
from typing import Any

import pytest

from chatsite import environment
from tests.server import ROOT

WRONG = [
    *[("HTTPS", value) for value in ("ture", "2", "https")],
    *[("DATABASE_THREADS", value) for value in ("six", "6.5", "-1", "6 threads")],
    *[("LEASE_SECONDS", value) for value in ("30s", "1e", "nan", "inf", "-1", "1,5")],
    *[("OPENAI_TIMEOUTS", value) for value in ("5,60s", "5;60", "5,,30", "5,-1,30,600")],
    *[("DATABASE_URL", value) for value in ("nonsense", "mysql://a@b/c", "postgres://a@b:port/c")],
    *[("REDIS_URL", value) for value in ("localhost:6379", "http://localhost", "redis://localhost:port")],
    *[("EMAIL_URL", value) for value in ("gmail", "http://a@b", "smtp://a@b:port")],
    *[("TIME_ZONE", value) for value in ("Mars", "Europe", "../../etc/passwd")],
    *[("LOG_LEVEL", value) for value in ("LOUD", "info")],
]
CASTS = {
    "HTTPS": bool,
    "DATABASE_THREADS": int,
    "LEASE_SECONDS": float,
    "OPENAI_TIMEOUTS": environment.numbers,
    "DATABASE_URL": environment.database,
    "REDIS_URL": environment.redis,
    "EMAIL_URL": environment.mail,
    "TIME_ZONE": environment.zone,
    "LOG_LEVEL": environment.level,
}
RIGHT: list[tuple[Any, str, Any]] = [
    *[(bool, value, True) for value in ("true", "True", "1", "yes", "on")],
    *[(bool, value, False) for value in ("false", "FALSE", "0", "no", "off")],
    (int, "0", 0),
    (int, "16000000", 16_000_000),
    (float, "0.04", 0.04),
    (float, "1e3", 1000.0),
    (environment.numbers, "5,60, 30,600", [5.0, 60.0, 30.0, 600.0]),
    (environment.redis, "unix:///run/valkey.sock?db=1", "unix:///run/valkey.sock?db=1"),
    (environment.zone, "Europe/Berlin", "Europe/Berlin"),
    (environment.level, "DEBUG", "DEBUG"),
]


def asked(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, cast: Any, default: Any = None) -> Any:
    monkeypatch.setattr(environment.Environment, "ENVIRON", {variable: value})
    return environment.Environment()(variable, cast=cast, default=default)


@pytest.mark.parametrize(("cast", "value", "meant"), RIGHT)
def test_what_makes_sense(monkeypatch: pytest.MonkeyPatch, cast: Any, value: str, meant: Any) -> None:
    assert asked(monkeypatch, "NAME", value, cast) == meant


@pytest.mark.parametrize("password", ["plain", "p%40ss", "br[ck", "a:b"])
def test_passwords_in_addresses(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    found = asked(monkeypatch, "DATABASE_URL", f"postgres://me:{password}@db.example.org:5433/x", environment.database)
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example.org", 5433, "x")
    assert found["PASSWORD"] == password.replace("%40", "@")


@pytest.mark.parametrize("cast", [bool, int, environment.numbers, environment.zone])
def test_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch, cast: Any) -> None:
    default = object()
    assert asked(monkeypatch, "NAME", "", cast, default) is default


@pytest.mark.parametrize(("variable", "value"), WRONG)
def test_what_makes_none_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    with pytest.raises(SystemExit, match=rf"^{variable} should be .+\.$"):
        asked(monkeypatch, variable, value, CASTS[variable])


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "serve"],
        ["manage.py", "replies"],
        ["-m", "celery", "-A", "chatsite", "worker"],
        ["-m", "celery", "-A", "chatsite", "beat"],
        ["-m", "uvicorn", "chatsite.asgi:application", "--port", "0"],
    ],
    ids=lambda command: command[-1],
)
def test_nothing_starts_and_nobody_sees_a_traceback(command: list[str]) -> None:
    process = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env={**os.environ, "OPENAI_TIMEOUTS": "5,60s"}, timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 1
    assert process.stderr.strip() == "OPENAI_TIMEOUTS should be numbers, 0 or more, with commas between them."
