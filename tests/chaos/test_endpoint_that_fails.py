"""The model's endpoint may refuse, fail, stall or break off: members are told which, and pay for nothing twice."""

import pytest

from accounts.models import User
from tests.chaos.matrix import Row, survives
from tests.chaos.storm import Storm
from tests.rows import reply_row
from tests.said import tokens
from tests.tab import Tab

Told = tuple[str, str, int, str]  # status, code, requests, text


def told(storm: Storm, alice: User, *faults: str) -> dict[str, Told]:
    """What becomes of answers with these faults, all asked for at once. Tabs and rows must say the same."""
    asked: dict[str, tuple[Tab, str]] = {}
    for number, fault in enumerate(faults):
        tab = storm.open(alice, at=(storm.web, storm.other)[number % 2])
        asked[fault] = tab, tab.ask(f"Hello [[tokens=10 fault={fault}]]").reply
    found, extra = {}, 0
    for fault, (tab, reply) in asked.items():
        ended = tab.ended(reply, within=60)
        row = reply_row(reply)
        assert (row.status, row.error_code) == (ended["status"], (ended["error"] or {"code": ""})["code"])
        hits = [each for each in storm.endpoint.log() if each["script"] == f"tokens=10 fault={fault}"]
        extra += len(hits) - 1
        found[fault] = (row.status, row.error_code, len(hits), row.message.text)
    storm.extra_requests = extra
    return found


@pytest.mark.quick
@survives(Row.ENDPOINT_REFUSES)
def test_a_refusal_is_told_and_not_repeated(storm: Storm, alice: User) -> None:
    assert told(storm, alice, "401", "403", "404") == {
        "401": ("failed", "unauthorized", 1, ""),
        "403": ("failed", "forbidden", 1, ""),
        "404": ("failed", "model_not_found", 1, ""),
    }


@survives(Row.ENDPOINT_LIMITS)
def test_a_limit_is_waited_for_and_shown(storm: Storm, alice: User) -> None:
    found = told(storm, alice, "429", "429 times=1 retry_after=1", "429 retry_after=60")
    assert found == {
        "429": ("failed", "rate_limited", 3, ""),
        "429 times=1 retry_after=1": ("complete", "", 2, tokens(10)),
        "429 retry_after=60": ("failed", "rate_limited", 1, ""),
    }
    waits = [frame["wait"] for tab in storm.tabs for frame in tab.frames if frame["type"] == "reply" and frame["wait"]]
    assert waits
    assert {wait["code"] for wait in waits} == {"rate_limited"}


@survives(Row.ENDPOINT_FAILS)
def test_a_failure_that_passes_is_not_the_members(storm: Storm, alice: User) -> None:
    assert told(storm, alice, "500 times=2", "drop times=1") == {
        "500 times=2": ("complete", "", 3, tokens(10)),
        "drop times=1": ("complete", "", 2, tokens(10)),
    }


@survives(Row.ENDPOINT_FAILS)
@pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "http://nobody.invalid/v1"], ids=["refuses", "no name"])
def test_nobody_there_is_told(storm: Storm, alice: User, address: str) -> None:
    storm.kill("replies")
    storm.start("replies", OPENAI_BASE_URL=address)
    tab = storm.open(alice)
    ack = tab.ask("Hello [[tokens=10]]")
    ended = tab.ended(ack.reply, within=60)
    assert (ended["status"], ended["error"]["code"], ended["error"]["retryable"]) == ("failed", "endpoint_down", True)
    storm.extra_requests = -1  # it never arrived


@survives(Row.ENDPOINT_FAILS)
def test_an_endpoint_that_is_down_is_left_in_peace(storm: Storm, alice: User) -> None:
    """After five failures in a row one request at a time tries whether it is back; members are told why they wait."""
    storm.kill("replies")
    storm.start("replies", OPENAI_BREAKER="5,60,3")
    tabs = [storm.open(alice) for _ in range(6)]
    asked = [tab.ask("Hello [[tokens=10 fault=503]]").reply for tab in tabs]
    codes = {tab.ended(reply, within=120)["error"]["code"] for tab, reply in zip(tabs, asked, strict=True)}
    assert codes <= {"overloaded", "endpoint_resting"}
    requests = len(storm.asked())
    assert requests < 18, "all three tries of each were made"
    ack = tabs[0].ask("And now? [[tokens=5]]")
    assert tabs[0].answer(ack.reply, within=60) == tokens(5), "it was not found when it was back"
    storm.extra_requests = requests - 6


@survives(Row.ENDPOINT_STALLS)
def test_a_silence_has_an_end(storm: Storm, alice: User) -> None:
    """What only keeps the line alive is no token."""
    storm.kill("replies")
    storm.start("replies", OPENAI_TIMEOUTS="5,4,3,60")
    assert told(storm, alice, "hang", "keepalive at=0", "stall at=5", "keepalive at=5") == {
        "hang": ("failed", "first_token_timeout", 3, ""),
        "keepalive at=0": ("failed", "first_token_timeout", 3, ""),
        "stall at=5": ("interrupted", "stalled", 1, tokens(5)),
        "keepalive at=5": ("interrupted", "stalled", 1, tokens(5)),
    }


@survives(Row.ENDPOINT_BREAKS_OFF)
def test_what_broke_off_is_never_called_complete(storm: Storm, alice: User) -> None:
    faults = ("cut at=5", "close at=5", "no_finish", "error at=5", "garbage at=5", "html", "empty")
    assert told(storm, alice, *faults) == {
        "cut at=5": ("interrupted", "cut_off", 1, tokens(5)),
        "close at=5": ("interrupted", "cut_off", 1, tokens(5)),
        "no_finish": ("interrupted", "cut_off", 1, tokens(10)),
        "error at=5": ("interrupted", "endpoint_failed", 1, tokens(5)),
        "garbage at=5": ("interrupted", "bad_answer", 1, tokens(5)),
        "html": ("failed", "bad_answer", 3, ""),
        "empty": ("failed", "empty_answer", 3, ""),
    }
