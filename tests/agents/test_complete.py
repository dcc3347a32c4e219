"""One whole answer, blocking, for background work: titles and summaries."""

import time

import pytest

from agents import errors
from agents.client import Completion, Endpoint, Usage, complete
from tests.endpoint import RunningEndpoint

HELLO = [{"role": "user", "content": "hello"}]


def test_a_whole_answer(address: Endpoint, scripted: RunningEndpoint) -> None:
    assert complete(address, HELLO) == Completion("Title 1", Usage(12, 2), "stop")
    assert complete(address, HELLO, model="other", temperature=0.2, max_tokens=9).text == "Title 2"
    first, second = scripted.log()
    assert first["options"] == {}
    assert (second["model"], second["options"]) == ("other", {"temperature": 0.2, "max_tokens": 9})
    assert not second["stream"]


def test_a_quoted_directive_in_a_prompt_is_not_obeyed(address: Endpoint) -> None:
    """A title's prompt quotes what members write, which in tests holds directives meant for the answer."""
    asked = [{"role": "user", "content": "Question: [[fault=500]]"}]
    assert complete(address, asked).text == "Title 1"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("401", errors.Unauthorized),
        ("404", errors.ModelNotFound),
        ("429 retry_after=9", errors.RateLimited),
        ("500", errors.EndpointFailed),
        ("503", errors.Overloaded),
        ("context", errors.ContextTooLong),
        ("html", errors.BadAnswer),
        ("redirect", errors.BadAnswer),
        ("drop", errors.EndpointDown),
        ("nonhttp", errors.EndpointDown),
    ],
)
def test_faults_are_ours(
    address: Endpoint, scripted: RunningEndpoint, fault: str, expected: type[errors.AgentError]
) -> None:
    scripted.script(f"[[whole fault={fault}]]")
    with pytest.raises(expected) as caught:
        complete(address, HELLO)
    assert type(caught.value) is expected
    assert caught.value.retry_after == (9 if "retry_after" in fault else None)
    assert caught.value.__context__ is None
    assert complete(address, HELLO).text == "Title 1", "the fault stayed"


def test_its_length_and_its_filter_are_told(address: Endpoint, scripted: RunningEndpoint) -> None:
    scripted.script("[[whole fault=length]]", "[[whole fault=content_filter]]", "[[whole fault=no_usage]]")
    assert complete(address, HELLO).finish_reason == "length"
    assert complete(address, HELLO).finish_reason == "content_filter"
    assert complete(address, HELLO).usage is None


def test_an_empty_answer(address: Endpoint, scripted: RunningEndpoint) -> None:
    scripted.script('[[whole text=""]]')
    with pytest.raises(errors.EmptyAnswer):
        complete(address, HELLO)


def test_a_server_that_only_streams(address: Endpoint, scripted: RunningEndpoint) -> None:
    scripted.script("[[whole tokens=3 fault=sse]]")
    assert complete(address, HELLO) == Completion("t1 t2 t3 ", None, "stop")


@pytest.mark.parametrize("script", ["whole headers=30", "whole fault=hang", "whole fault=sse pace=50ms tokens=1000"])
def test_it_waits_no_longer_than_told(address: Endpoint, scripted: RunningEndpoint, script: str) -> None:
    scripted.script(f"[[{script}]]")
    started = time.monotonic()
    with pytest.raises(errors.TotalTimeout):
        complete(address, HELLO, timeout=0.5)
    assert 0.4 < time.monotonic() - started < 1.5
    assert scripted.log(settled=1)[-1]["gone"]


def test_a_refused_parameter_is_left_out(address: Endpoint, scripted: RunningEndpoint) -> None:
    scripted.script("[[whole fault=refuse_max_tokens]]")
    assert complete(address, HELLO, max_tokens=9).text == "Title 1"
    assert scripted.log()[-1]["options"] == {"max_completion_tokens": 9}


def test_a_server_that_asks_for_no_key(scripted: RunningEndpoint) -> None:
    with pytest.raises(errors.Unauthorized):  # ours does; the point is that the request was made at all
        complete(Endpoint(scripted.base_url, "", "scripted"), HELLO)
    assert len(scripted.log()) == 1
