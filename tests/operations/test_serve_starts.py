"""`manage.py serve` starts, or says why it does not."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endpoint import RunningEndpoint
from tests.server import ROOT, environment, serving, status_of


def manage(*command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def env(endpoint: RunningEndpoint) -> dict[str, str]:
    return environment(database="none", endpoint=endpoint)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        yield somebody.getsockname()[1]


def test_a_port_that_is_taken_is_a_failure_and_no_traceback(env: dict[str, str], taken: int) -> None:
    process = manage("serve", "--port", str(taken), "--no-replies", env=env)
    assert process.returncode == 1
    assert str(taken) in process.stderr
    assert "Traceback" not in process.stderr


def test_without_postgres_it_lives_but_is_not_ready(env: dict[str, str], tmp_path: Path) -> None:
    env["DATABASE_URL"] = "postgres://parley@127.0.0.1:1/none"
    with serving(env, tmp_path / "log") as process:
        assert status_of(f"{process.url}/health/live", timeout=15) == 200
        assert status_of(f"{process.url}/health/ready", timeout=15) == 503
        assert all("Service Unavailable" in complaint for complaint in process.complaints())


@pytest.mark.parametrize("command", ["serve", "replies", "check"])
def test_a_setting_that_is_missing_is_named(env: dict[str, str], command: str) -> None:
    del env["SECRET_KEY"]
    process = manage(command, env=env)
    assert process.returncode == 1
    assert "SECRET_KEY" in process.stderr
    assert "Traceback" not in process.stderr
