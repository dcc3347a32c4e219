"""`script/server`, once `.venv` is made: the real application on real servers, started and stopped as a person does."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operations.stack import ports
from operations.stack.configuration import SCHEMES, project_root
from tests.operations.small_stack import left_behind


class Server:
    """A `script/server` that has said its address."""

    def __init__(self, process: subprocess.Popen[str], said: list[str]) -> None:
        self.process = process
        self.said = said

    @property
    def url(self) -> str:
        """The address, from its last line."""
        return self.said[-1].removeprefix("Parley is ready: ")

    def stop(self) -> int:
        """Ask it to end, and wait; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.said += [line.rstrip() for line in self.process.stdout or ()]
        return self.process.wait(90)


@contextmanager
def started(data: Path, **variables: str) -> Iterator[Server]:
    """Start on a free port with nothing configured but these variables."""
    kept = {name: value for name, value in os.environ.items() if name not in SCHEMES}
    chosen = {"PARLEY_DATA": str(data), "PORT": str(ports.free()), "HOST": "", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "operations.stack", "server"], cwd=project_root(), env=kept | chosen, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with process:
        said: list[str] = []
        try:
            for line in process.stdout or ():
                said.append(line.rstrip())
                if line.startswith("Parley is ready: "):
                    break
            assert said[-1].startswith("Parley is ready: "), "\n".join(said)
            yield Server(process, said)
        finally:
            if process.poll() is None:
                process.terminate()


def health(url: str) -> int:
    """The status of the page that says whether members can be served."""
    with urllib.request.urlopen(f"{url}health/ready", timeout=10) as answer:
        status: int = answer.status
        return status


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder, first used by the first test."""
    folder = tmp_path_factory.mktemp("server") / "var"
    yield folder
    # As root the database lies elsewhere.
    shutil.rmtree((folder / "postgres").resolve(), ignore_errors=True)


def test_from_nothing_to_an_address_and_back_to_nothing(data: Path) -> None:
    with started(data) as server:
        parts = re.findall(r"^(\w+) +│ ready in", "\n".join(server.said), re.MULTILINE)
        assert sorted(parts) == ["beat", "model", "postgres", "valkey", "web", "worker"]
        assert "making an empty database" in "\n".join(server.said)
        assert re.match(r"First staff user: \S+@\S+, password: \S+", server.said[-2])
        assert health(server.url) == 200
        assert server.stop() == 128 + signal.SIGTERM
    assert left_behind(data) == []
    assert oct((data / "secret_key").stat().st_mode)[-3:] == "600"


def test_the_second_start_finds_everything_as_it_was(data: Path) -> None:
    key = (data / "secret_key").read_text()
    with started(data) as server:
        assert not re.search("First staff user|making an empty database|New personalities", "\n".join(server.said))
        assert health(server.url) == 200
        assert server.stop() == 128 + signal.SIGTERM
    assert (data / "secret_key").read_text() == key


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_recovers(data: Path) -> None:
    with started(data) as server:
        server.process.kill()
    with started(data) as server:
        assert health(server.url) == 200
        assert server.stop() == 128 + signal.SIGTERM
    assert left_behind(data) == []


def test_servers_that_are_named_are_not_started(tmp_path: Path) -> None:
    named = {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "REDIS_URL": os.environ["REDIS_URL"],
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_MODEL": "theirs",
    }
    with started(tmp_path, **named) as server:
        assert not [line for line in server.said if line.startswith(("postgres", "valkey", "model"))]
        assert health(server.url) == 200
        assert server.stop() == 128 + signal.SIGTERM
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["static"]


def test_a_database_that_cannot_be_prepared_stops_it_with_the_reason(tmp_path: Path) -> None:
    gone = {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    with (
        pytest.raises(AssertionError, match="Preparing the database ended with exit code 1"),
        started(tmp_path, **gone),
    ):
        pass
    assert left_behind(tmp_path) == []


def test_a_setting_that_makes_no_sense_stops_it_with_a_sentence(tmp_path: Path) -> None:
    named = {variable: os.environ.get(variable, "") for variable in ("DATABASE_URL", "REDIS_URL")}
    wrong = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_TIMEOUTS": "5,60s"}
    with (
        pytest.raises(AssertionError, match="OPENAI_TIMEOUTS should be numbers") as told,
        started(tmp_path, **named, **wrong),
    ):
        pass
    assert "Traceback" not in str(told.value)
    assert left_behind(tmp_path) == []
