"""Whatever a server does wrong becomes one of our errors; the text before it is kept, and nothing secret is said."""

import asyncio
import socket
import traceback

import pytest

from agents import errors
from agents.client import Endpoint, ModelClient, Timeouts, complete
from agents.errors import AgentError
from tests.agents.conftest import Heard, hear, requests, tokens
from tests.endpoint import RunningEndpoint

# What instead of an answer, and what it becomes.
INSTEAD: list[tuple[str, type[AgentError]]] = [
    ("400", errors.Rejected),
    ("401", errors.Unauthorized),
    ("402", errors.OutOfQuota),
    ("403", errors.Forbidden),
    ("404", errors.ModelNotFound),
    ("408", errors.EndpointFailed),
    ("409", errors.EndpointFailed),
    ("413", errors.ContextTooLong),
    ("418", errors.Rejected),
    ("429", errors.RateLimited),
    ("500", errors.EndpointFailed),
    ("502", errors.EndpointFailed),
    ("503", errors.Overloaded),
    ("529", errors.Overloaded),
    ("context", errors.ContextTooLong),
    ("filter", errors.ContentFiltered),
    ("quota", errors.OutOfQuota),
    ("redirect", errors.BadAnswer),
    ("html", errors.BadAnswer),
    ("page", errors.BadAnswer),
    ("nonhttp", errors.BadAnswer),
    ("drop", errors.EndpointDown),
    ("empty", errors.EmptyAnswer),
    ("nothing", errors.EmptyAnswer),
]
# What after ten tokens, and what it becomes.
MIDWAY: list[tuple[str, type[AgentError]]] = [
    ("cut", errors.CutOff),
    ("close", errors.CutOff),
    ("garbage", errors.BadAnswer),
    ("error", errors.EndpointFailed),
    ("stall", errors.Stalled),
    ("keepalive", errors.Stalled),
]


def kind(heard: Heard) -> type[AgentError] | None:
    assert heard.error is None or heard.finish is None
    return type(heard.error) if heard.error else None


@pytest.mark.parametrize(("fault", "expected"), INSTEAD)
async def test_instead_of_an_answer(
    client: ModelClient, scripted: RunningEndpoint, fault: str, expected: type[AgentError]
) -> None:
    heard = await hear(client, f"[[fault={fault}]]")
    assert (kind(heard), heard.text) == (expected, "")
    assert len(await requests(scripted)) == 1, "it asked again by itself"


@pytest.mark.parametrize(("fault", "expected"), MIDWAY)
async def test_midway_the_text_is_kept(client: ModelClient, fault: str, expected: type[AgentError]) -> None:
    heard = await hear(client, f"[[fault={fault} at=10]]")
    assert (kind(heard), heard.text) == (expected, tokens(1, 10))


@pytest.mark.parametrize(("fault", "expected"), [("cut", errors.EndpointDown), ("close", errors.EmptyAnswer)])
async def test_cut_before_the_first_token(client: ModelClient, fault: str, expected: type[AgentError]) -> None:
    assert kind(await hear(client, f"[[fault={fault} at=0]]")) is expected


async def test_no_finish_reason_is_never_a_whole_answer(client: ModelClient) -> None:
    heard = await hear(client, "[[fault=no_finish]]")
    assert (kind(heard), heard.text) == (errors.CutOff, tokens(1, 20))


async def test_a_wrong_key(address: Endpoint) -> None:
    client = ModelClient(Endpoint(address.base_url, "sk-wrong", address.model))
    assert kind(await hear(client, "hello")) is errors.Unauthorized
    await client.aclose()


async def test_an_unknown_model(address: Endpoint) -> None:
    client = ModelClient(Endpoint(address.base_url, address.api_key, "missing-model"))
    assert kind(await hear(client, "hello")) is errors.ModelNotFound
    await client.aclose()


@pytest.mark.parametrize(
    ("header", "low", "high"), [("7", 7, 7), ('"Wed, 01 Jan 2200 00:00:00 GMT"', 86400, 86400), ("soon", None, None)]
)
@pytest.mark.parametrize("status", ["429", "503"])
async def test_how_long_to_wait_is_passed_on(
    client: ModelClient, status: str, header: str, low: float | None, high: float | None
) -> None:
    error = (await hear(client, f"[[fault={status} retry_after={header}]]")).error
    assert error is not None
    assert error.retry_after == low == high
    assert (await hear(client, f"[[fault={status}]]")).error.retry_after is None  # type: ignore[union-attr]


async def test_it_does_not_wait_by_itself(client: ModelClient) -> None:
    """The official client would sleep through a Retry-After without a word."""
    async with asyncio.timeout(2):
        await hear(client, "[[fault=429 retry_after=60]]")


async def test_nobody_listens(client: ModelClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        nobody = ModelClient(Endpoint(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", "key", "m"))
        assert kind(await hear(nobody, "hello")) is errors.EndpointDown
        await nobody.aclose()


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://no-such-host.invalid/v1", errors.EndpointDown),
        ("", errors.NotConfigured),
        ("api.example.com/v1", errors.NotConfigured),
        ("ftp://example.com/v1", errors.NotConfigured),
        ("http://", errors.NotConfigured),
        ("http://[::1", errors.NotConfigured),
        ("http://127.0.0.1:99999/v1", errors.NotConfigured),
        ("http://user:secret@127.0.0.1:9/v1", errors.NotConfigured),
        ("http://exa mple.com/v1", errors.NotConfigured),
        ("http://" + "a" * 300 + ".invalid/v1", errors.NotConfigured),
    ],
)
async def test_an_address_that_leads_nowhere(base_url: str, expected: type[AgentError]) -> None:
    endpoint = Endpoint(base_url, "key", "m")
    client = ModelClient(endpoint)
    assert kind(await hear(client, "hello")) is expected
    await client.aclose()
    with pytest.raises(expected):
        complete(endpoint, [{"role": "user", "content": "hello"}], timeout=5)


async def test_no_model_is_not_configured(address: Endpoint) -> None:
    client = ModelClient(Endpoint(address.base_url, address.api_key, ""))
    assert kind(await hear(client, "hello")) is errors.NotConfigured
    await client.aclose()


async def test_a_server_without_tls_behind_https(scripted: RunningEndpoint) -> None:
    client = ModelClient(Endpoint(scripted.base_url.replace("http:", "https:"), "key", "m"), Timeouts(connect=0.5))
    assert kind(await hear(client, "hello")) is errors.EndpointDown
    await client.aclose()


@pytest.mark.parametrize("fault", [*(fault for fault, _ in INSTEAD if fault.isdecimal()), "context", "quota", "error"])
async def test_no_secret_is_in_what_we_say_or_log(scripted: RunningEndpoint, fault: str) -> None:
    """Nor in the traceback, which is all a log would have: no exception of the client's hangs on ours."""
    client = ModelClient(Endpoint(scripted.base_url, scripted.api_key, "scripted"))
    error = (await hear(client, f"[[fault={fault}]]")).error
    assert error is not None
    told = f"{error!r} {error.detail} {''.join(traceback.format_exception(error))}"
    for secret in (scripted.api_key, scripted.base_url, "So the script has it", "quota.", "4096", "fell over"):
        assert secret not in told
    assert error.__cause__ is None
    assert error.__context__ is None
    await client.aclose()


async def test_after_every_fault_the_next_answer_is_whole(client: ModelClient) -> None:
    for fault, _ in [*INSTEAD, *MIDWAY]:
        await hear(client, f"[[fault={fault}]]")
        assert (await hear(client, "hello")).text == tokens(1, 20), fault


@pytest.mark.parametrize("status", ["429", "500"])
async def test_a_passing_fault_passes(client: ModelClient, status: str) -> None:
    heard = [await hear(client, f"[[fault={status} times=2]]") for _ in range(3)]
    assert [one.error is None for one in heard] == [False, False, True]
