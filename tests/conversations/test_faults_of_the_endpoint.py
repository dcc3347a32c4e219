"""Whatever the model's server does, the member is told the truth: how it ended, why, and whether to try again."""

from typing import NamedTuple

import pytest

from accounts.models import User
from tests.endpoint import RunningEndpoint
from tests.page import Frame
from tests.rows import reply_row
from tests.said import tokens
from tests.server import eventually
from tests.site import Site
from tests.tab import Tab

HALF = tokens(5)
WHOLE = tokens(10)


class Ended(NamedTuple):
    status: str
    code: str
    retryable: bool
    hits: int
    text: str


def failed(code: str, *, retryable: bool, hits: int) -> Ended:
    return Ended("failed", code, retryable, hits, "")


def interrupted(code: str, text: str = HALF) -> Ended:
    return Ended("interrupted", code, True, 1, text)


def complete(text: str = WHOLE) -> Ended:
    return Ended("complete", "", False, 1, text)


BEFORE_THE_FIRST_TOKEN = {
    "400": failed("rejected", retryable=False, hits=1),
    "401": failed("unauthorized", retryable=False, hits=1),
    "403": failed("forbidden", retryable=False, hits=1),
    "404": failed("model_not_found", retryable=False, hits=1),
    "408": failed("endpoint_failed", retryable=True, hits=3),
    "418": failed("rejected", retryable=False, hits=1),
    "429": failed("rate_limited", retryable=True, hits=3),
    "500": failed("endpoint_failed", retryable=True, hits=3),
    "502": failed("endpoint_failed", retryable=True, hits=3),
    "503": failed("overloaded", retryable=True, hits=3),
    "529": failed("overloaded", retryable=True, hits=3),
    "context": failed("context_too_long", retryable=False, hits=1),
    "filter": failed("content_filtered", retryable=False, hits=1),
    "quota": failed("out_of_quota", retryable=False, hits=1),
    "redirect": failed("bad_answer", retryable=True, hits=3),
    "html": failed("bad_answer", retryable=True, hits=3),
    "page": failed("bad_answer", retryable=True, hits=3),
    "drop": failed("endpoint_down", retryable=True, hits=3),
    "nonhttp": failed("bad_answer", retryable=True, hits=3),
    "hang": failed("first_token_timeout", retryable=True, hits=3),
    "stall at=0": failed("first_token_timeout", retryable=True, hits=3),
    "keepalive at=0": failed("first_token_timeout", retryable=True, hits=3),
    "cut at=0": failed("endpoint_down", retryable=True, hits=3),
    "empty": failed("empty_answer", retryable=True, hits=3),
    "nothing": failed("empty_answer", retryable=True, hits=3),
}
AFTER_IT = {
    "cut at=5": interrupted("cut_off"),
    "close at=5": interrupted("cut_off"),
    "stall at=5": interrupted("stalled"),
    "keepalive at=5": interrupted("stalled"),
    "error at=5": interrupted("endpoint_failed"),
    "no_finish": interrupted("cut_off", WHOLE),
    "garbage at=5": interrupted("bad_answer"),
}
NO_HARM = {
    "empty_data at=5": complete(),
    "surrogate at=5": complete(HALF + "\U0001f600" + tokens(10, 6)),
    "lone_surrogate at=5": complete(HALF + "\ufffd" + tokens(10, 6)),
    "nul at=5": complete(HALF + "\ufffd" + tokens(10, 6)),
    "json": complete(),
    "no_done": complete(),
    "no_usage": complete(),
    "length": complete(),
    "content_filter": complete(),
    "hold": complete(),
    "hold_finish": complete(),
    "refuse": complete()._replace(hits=2),
}


def ask_for_all(site: Site, alice: User, endpoint: RunningEndpoint, faults: dict[str, Ended]) -> dict[str, Ended]:
    """All of them at once, each in a conversation of its own; what members see and what is stored must be the same."""
    found = {}
    tabs = {fault: site.open(alice) for fault in faults}
    asked = {fault: tab.ask(f"Hello [[tokens=10 fault={fault}]]").reply for fault, tab in tabs.items()}
    for fault, reply in asked.items():
        ended = tabs[fault].ended(reply, within=30)
        error = ended["error"] or {"code": "", "retryable": False}
        row = reply_row(reply)
        assert (row.status, row.error_code, row.error_retryable) == (ended["status"], error["code"], error["retryable"])
        assert row.message.text == tabs[fault].page.text(reply)
        hits = [request for request in endpoint.log() if request["script"] == f"tokens=10 fault={fault}"]
        found[fault] = Ended(row.status, row.error_code, row.error_retryable, len(hits), row.message.text)
    return found


@pytest.mark.parametrize("faults", [BEFORE_THE_FIRST_TOKEN, AFTER_IT, NO_HARM], ids=["before", "after", "no harm"])
def test_each_is_told_as_what_it_is(
    site: Site, alice: User, endpoint: RunningEndpoint, faults: dict[str, Ended]
) -> None:
    assert ask_for_all(site, alice, endpoint, faults) == faults


@pytest.fixture
def talk(tab: Tab, endpoint: RunningEndpoint) -> str:
    """A conversation that the tab reads, so that it sees what follows from its first event."""
    ack = tab.ask("Good morning [[tokens=1]]")
    tab.answer(ack.reply)
    endpoint.log(settled=2)
    endpoint.reset()
    return ack.conversation


def waits(tab: Tab, reply: str) -> list[Frame]:
    return [frame for frame in tab.frames if frame["type"] == "reply" and frame["reply"] == reply and frame["wait"]]


def test_a_fault_that_passes_is_not_seen_but_as_a_wait(tab: Tab, talk: str, endpoint: RunningEndpoint) -> None:
    ack = tab.ask("Hello [[tokens=10 fault=503 times=2]]", conversation=talk)

    assert tab.answer(ack.reply) == WHOLE
    assert [frame["wait"]["code"] for frame in waits(tab, ack.reply)] == ["overloaded", "overloaded"]
    assert [frame["status"] for frame in waits(tab, ack.reply)] == ["queued", "queued"]
    assert all(0 <= frame["wait"]["seconds"] <= 2 for frame in waits(tab, ack.reply))
    assert all(frame["wait"]["message"].endswith(".") for frame in waits(tab, ack.reply))
    row = reply_row(ack.reply)
    assert (row.status, row.error_code, row.attempt) == ("complete", "", 1)
    assert len(endpoint.log()) == 3


def test_it_waits_as_long_as_the_endpoint_asks(tab: Tab, talk: str, endpoint: RunningEndpoint) -> None:
    ack = tab.ask("Hello [[tokens=10 fault=429 times=1 retry_after=1]]", conversation=talk)

    assert tab.answer(ack.reply) == WHOLE
    assert [frame["wait"]["seconds"] for frame in waits(tab, ack.reply)] == [1]
    first, second = endpoint.log()
    assert second["started"] - first["ended"] >= 1


def test_it_does_not_wait_longer_than_a_person_would(tab: Tab, talk: str, endpoint: RunningEndpoint) -> None:
    ack = tab.ask("Hello [[fault=429 retry_after=60]]", conversation=talk)

    ended = tab.ended(ack.reply)
    assert (ended["status"], ended["error"]["code"], ended["error"]["retry_after"]) == ("failed", "rate_limited", 60)
    assert not waits(tab, ack.reply)
    assert len(endpoint.log()) == 1


def test_after_the_first_token_nothing_is_asked_again(tab: Tab, endpoint: RunningEndpoint) -> None:
    ack = tab.ask("Hello [[tokens=10 pace=20ms fault=cut at=3 times=1]]")

    assert tab.answer(ack.reply) == tokens(3)
    end = tab.expect("end", reply=ack.reply)
    assert (end["status"], end["error"]["code"], end["error"]["retryable"]) == ("interrupted", "cut_off", True)
    assert len(endpoint.log()) == 1


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_why_it_ended_is_told(tab: Tab, reason: str) -> None:
    ack = tab.ask(f"Hello [[tokens=10 fault={reason}]]")

    assert tab.ended(ack.reply)["finish_reason"] == reason
    assert reply_row(ack.reply).finish_reason == reason


def test_no_usage_is_no_guess(tab: Tab) -> None:
    ack = tab.ask("Hello [[fault=no_usage]]")

    assert tab.ended(ack.reply)["usage"] is None
    row = reply_row(ack.reply)
    assert (row.prompt_tokens, row.completion_tokens) == (None, None)


def test_a_stalled_model_is_left(tab: Tab, endpoint: RunningEndpoint) -> None:
    ack = tab.ask("Hello [[tokens=10 fault=stall at=3]]")

    tab.ended(ack.reply)
    (request,) = endpoint.log(settled=2)
    assert request["gone"] is True
    assert 0.9 <= request["ended"] - request["first"] < 3


def test_what_the_endpoint_says_about_itself_goes_nowhere(site: Site, tab: Tab) -> None:
    """Its words may hold keys, addresses or what somebody said."""
    ack = tab.ask("Hello [[fault=400]]")
    tab.ended(ack.reply)

    assert "So the script has it" not in str(tab.frames)
    assert "So the script has it" not in reply_row(ack.reply).error_message
    eventually(lambda: ack.reply in site.web.said())
    assert "So the script has it" not in site.web.said()
