"""The tests see nothing of what somebody has set for a Parley of theirs."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from operations.stack.suite import surroundings
from tests.server import ROOT

SECRET_KEY = "0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFG"


def setting(name: str, environ: Mapping[str, str]) -> str:
    """What a process of Parley in this environment makes of a setting."""
    code = f"from django.conf import settings; print(settings.{name})"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, timeout=60, check=True, capture_output=True, text=True,
        env={**environ, "DJANGO_SETTINGS_MODULE": "chatsite.settings", "SECRET_KEY": SECRET_KEY},
    ).stdout.strip()  # fmt: skip


THEIRS = """HTTPS SIGNUP_OPEN EMAIL_URL TRUSTED_PROXIES SUMMARY_MODEL LEASE_SECONDS TIME_ZONE DATABASE_URL LOG_LEVEL
    HOST PORT OPENAI_ORG_ID PARLEY_DATA"""


@pytest.mark.parametrize("name", THEIRS.split())
def test_what_stands_in_the_environment(name: str) -> None:
    assert surroundings(ROOT, {name: "theirs", "PATH": "/bin"}).keys() == {"PATH", "PARLEY_ENV_FILE"}


def test_what_stands_in_a_file(tmp_path: Path) -> None:
    """The switch turns the file off, and is what the suite turns."""
    theirs = tmp_path / "env"
    theirs.write_text("HTTPS=true\n")
    around = surroundings(ROOT, os.environ)
    assert setting("HTTPS", {**around, "PARLEY_ENV_FILE": str(theirs)}) == "True"
    assert setting("HTTPS", around) == "False"
    assert around["PARLEY_ENV_FILE"] == os.devnull
