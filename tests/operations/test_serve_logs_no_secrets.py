"""Logs hold ids and lengths: never what anybody said, never a key, whatever goes wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import User
from tests.endpoint import RunningEndpoint
from tests.server import Process, serving
from tests.site import Site, session_of
from tests.tab import new_id

CANARY = "Kanarienvogel-8317"
KEY = "sk-canary-55702"


@pytest.fixture
def site(
    alone: None, parley_environment: dict[str, str], world: None, endpoint: RunningEndpoint, tmp_path: Path
) -> Iterator[Site]:
    """Parley, telling all it has to tell."""
    with serving({**parley_environment, "LOG_LEVEL": "DEBUG"}, tmp_path / "log") as process, Site(process) as site:
        yield site


def talk_and_fail(site: Site, session: str) -> None:
    """Say the canary in every way it can be said, through every kind of failure."""
    tab = site.knock(session=session)
    first = tab.ask(f"{CANARY} [[words={json.dumps(CANARY)}]]")
    assert CANARY in tab.answer(first.reply)
    for fault in (
        "401",
        "500 times=1",
        "cut at=3",
        "garbage at=2",
        "error at=2",
        "html times=1",
        "context",
        "drop times=1",
    ):
        tab.ended(tab.say(f"{CANARY} [[fault={fault}]]", conversation=first.conversation).reply)
    tab.send("rename", conversation=first.conversation, title=CANARY)
    tab.refused("send", client_id=first.client_id, conversation=first.conversation, text=f"{CANARY} again")
    tab.refused("rename", conversation=first.conversation, title=CANARY * 10)
    tab.refused(CANARY)
    tab.refused("send", client_id=CANARY, conversation=new_id(), text=CANARY)
    tab.send_raw(CANARY)
    tab.expect("error", code="bad_json")
    tab.send_raw(f'{{"type":"{CANARY * 5_000}"}}')
    assert tab.closed() == 4413


def test_what_is_said_and_what_signs_in_is_in_no_log(site: Site, alice: User, endpoint: RunningEndpoint) -> None:
    session = session_of(alice)
    talk_and_fail(site, session)

    said = site.web.said()
    assert len(said.splitlines()) > 20, "it was told to say much"
    for secret in (CANARY, session, endpoint.api_key, alice.email):
        assert secret not in said


def test_a_key_that_is_refused_is_in_no_log_either(
    alone: None, parley_environment: dict[str, str], world: None, alice: User, tmp_path: Path
) -> None:
    env = {**parley_environment, "LOG_LEVEL": "DEBUG", "OPENAI_API_KEY": KEY}
    process: Process
    with serving(env, tmp_path / "log") as process, Site(process) as site:
        tab = site.open(alice)
        ack = tab.ask("Hello")
        assert tab.ended(ack.reply)["error"]["code"] == "unauthorized"
        assert KEY not in str(tab.frames)
        assert KEY not in process.said()
