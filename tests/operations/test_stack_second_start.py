"""What makes a second `script/server` quick: it finds everything made, and goes on at once."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from operations.stack import ports
from operations.stack.configuration import project_root

NPM = "#!/bin/sh\nmkdir -p node_modules/lib && echo code > node_modules/lib/index.js\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that is started as Parley is, needs nothing from anywhere, and says so when it gets as far as that."""
    shutil.copytree(project_root() / "script", tmp_path / "script")
    shutil.copytree(project_root() / "operations" / "stack", tmp_path / "operations" / "stack")
    (tmp_path / "operations" / "stack" / "__main__.py").write_text('print("goes on")')
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    (tmp_path / "requirements-local.txt").write_text("")
    (tmp_path / "package.json").write_text(json.dumps({"vendor": {"lib.js": "lib/index.js"}}))
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "bin").mkdir()
    for name, script in (("npm", NPM), ("node", "#!/bin/sh\necho v22.1.0\n")):
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def start(root: Path) -> list[str]:
    """What `script/server` says, away from every registry and with every server named, until it goes on."""
    environment = {
        **os.environ,
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(ports.free()),
        "PARLEY_DATA": str(root / "var"),
        "PIP_NO_INDEX": "1",
        "DATABASE_URL": "postgres://a/b",
        "REDIS_URL": "redis://a/0",
        "OPENAI_BASE_URL": "http://a/v1",
    }
    said = subprocess.run([root / "script" / "server"], env=environment, check=True, capture_output=True, text=True)
    return [line for line in said.stdout.splitlines() if "│" in line or line == "goes on"]


def test_the_first_start_installs_and_the_second_only_goes_on(root: Path) -> None:
    steps = [line.partition("│")[2].split()[0] for line in start(root)[:-1]]
    assert steps == ["making", "installing", "installing", "copying"]
    assert start(root) == ["goes on"]
