"""One tree of errors: each with its code, a sentence for people, a status, and whether trying again helps."""

import re

import pytest

from agents import errors
from agents.errors import AgentError, refusal


def leaves() -> list[type[AgentError]]:
    found: list[type[AgentError]] = []
    waiting = [AgentError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind) and kind is not AgentError:
            found.append(kind)
    return found


def test_every_error_has_its_own_code_and_a_sentence_to_act_on() -> None:
    kinds = leaves()
    assert len(kinds) == 19
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert len({kind.sentence for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert re.fullmatch(r"[a-z_]+", kind.code)
        assert re.fullmatch(r"[A-Z].{20,110}\.", kind.sentence)
        assert kind.status in (422, 502, 503, 504)
        assert ("Staff" in kind.sentence) or re.search(r"[Tt]ry again|another way", kind.sentence)
        assert str(kind()) == kind.sentence


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = set(re.findall(r"─ (\w+)", errors.__doc__ or ""))
    real = {kind.__name__ for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AgentError)}
    assert drawn == real - {"AgentError"}
    for kind in leaves():
        assert re.search(rf"{kind.__name__}\s+{kind.code}\b", errors.__doc__ or "")


def test_trying_again_helps_where_time_may_change_it() -> None:
    never = {"not_configured", "unauthorized", "forbidden", "model_not_found", "out_of_quota", "rejected"}
    never |= {"context_too_long", "content_filtered"}
    assert {kind.code for kind in leaves() if not kind.retryable} == never


def test_what_is_a_sign_of_an_endpoint_that_is_down() -> None:
    """Not what is our own fault, nor a limit the endpoint names, nor how one answer ended."""
    signs = {"endpoint_down", "endpoint_failed", "overloaded", "first_token_timeout", "stalled", "bad_answer"}
    assert {kind.code for kind in leaves() if kind.outage} == signs


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "the request exceeds the available context size. try increasing the context size",
        "request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000",
        "Please reduce the length of the messages or completion.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "Requested token count exceeds the model's maximum context length of 131072 tokens.",
    ],
)
def test_too_long_in_the_words_of_many_servers(message: str) -> None:
    assert type(refusal(400, message=message)) is errors.ContextTooLong


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, {"code": "content_filter"}, errors.ContentFiltered),
        (400, {"message": "triggering Azure OpenAI's content management policy"}, errors.ContentFiltered),
        (429, {"code": "insufficient_quota"}, errors.OutOfQuota),
        (429, {"kind": "tokens", "code": "rate_limit_exceeded"}, errors.RateLimited),
        (402, {"message": "Insufficient Balance"}, errors.OutOfQuota),
        (500, {"message": "context size exceeded"}, errors.ContextTooLong),
        (400, {"message": "temperature must be at most 2"}, errors.Rejected),
        (None, {"kind": "overloaded_error"}, errors.Overloaded),
        (None, {"code": "502"}, errors.EndpointFailed),
        (None, {"code": "401"}, errors.Unauthorized),
        (None, {"kind": "rate_limit_exceeded"}, errors.RateLimited),
        (None, {}, errors.EndpointFailed),
        (307, {}, errors.BadAnswer),
        (599, {}, errors.EndpointFailed),
    ],
)
def test_what_an_endpoint_says_is_understood(
    status: int | None, said: dict[str, str], expected: type[AgentError]
) -> None:
    code, kind, message = (said.get(name, "") for name in ("code", "kind", "message"))
    assert type(refusal(status, code=code, kind=kind, message=message)) is expected


def test_only_a_well_formed_code_gets_into_the_log() -> None:
    assert refusal(400, code="unsupported_value", message="secret").detail == "status 400 unsupported_value"
    assert refusal(401, code="key sk-123 is wrong", message="sk-123").detail == "status 401"
    assert refusal(None, code="Sk-123\n", kind="x").detail == "error event"
