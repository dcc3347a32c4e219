"""A model's server that is down is not hammered, members are told why they wait, and it is found when it is back."""

from collections.abc import Iterator

import pytest

from accounts.models import User
from conversations.models import Usage
from tests.endpoint import RunningEndpoint
from tests.rows import reply_row
from tests.said import tokens
from tests.server import Keeper, Process, serving
from tests.site import Site

REST = 4.0  # seconds


@pytest.fixture
def process(
    keeper: Keeper, parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    keeper.stop()
    env = {**parley_environment, "OPENAI_BREAKER": f"5,30,{REST}"}
    with serving(env, tmp_path_factory.mktemp("breaker") / "log") as process:
        yield process


@pytest.fixture
def site(process: Process, world: None, endpoint: RunningEndpoint) -> Iterator[Site]:
    with Site(process) as site:
        yield site


def test_five_failures_then_one_at_a_time(site: Site, alice: User, endpoint: RunningEndpoint) -> None:
    tab, *others = [site.open(alice) for _ in range(5)]
    first = tab.ask("Hello [[fault=500]]")
    assert tab.ended(first.reply)["error"]["code"] == "endpoint_failed"
    second = tab.ask("Hello [[fault=drop]]", conversation=first.conversation)
    error = tab.ended(second.reply)["error"]
    assert (error["code"], error["retryable"]) == ("endpoint_resting", True)
    assert 0 < error["retry_after"] <= REST
    assert len(endpoint.log()) == 5
    assert Usage.objects.filter(reply=reply_row(second.reply)).count() == 2, "who was not asked cost nothing"

    asked = [other.ask("Hello [[fault=500]]").reply for other in others]
    waits = [
        other.expect("reply", reply=reply, status="queued")["wait"] for other, reply in zip(others, asked, strict=True)
    ]
    resting = [wait["seconds"] for wait in waits if wait["code"] == "endpoint_resting"]
    assert len(resting) >= 3, "one of them may have come when the pause was over, and have asked"
    assert all(0 < seconds <= REST for seconds in resting)
    for other, reply in zip(others, asked, strict=True):
        assert other.ended(reply)["error"]["code"] in ("endpoint_resting", "endpoint_failed")
    assert 6 <= len(endpoint.log()) <= 10, "of twelve tries, one in each pause asks"


def test_it_is_found_when_it_is_back(site: Site, alice: User, endpoint: RunningEndpoint) -> None:
    tabs = [site.open(alice) for _ in range(2)]
    for tab in tabs:
        tab.ended(tab.ask("Hello [[fault=503]]").reply)
    fifth = len(endpoint.log())
    assert fifth == 5
    ack = tabs[0].ask("And now? [[tokens=5]]")
    assert tabs[0].answer(ack.reply) == tokens(5)
    log = endpoint.log()
    assert log[5]["started"] - log[4]["started"] >= REST - 0.1, "it was asked before the pause was over"
    assert "answers again" in site.web.said()
    again = tabs[1].ask("And now? [[tokens=5]]")
    assert tabs[1].answer(again.reply) == tokens(5)
    assert len(endpoint.log()) == 7
