"""Three limits: until the first token, between two, in all. Only what the model makes counts as a sign of life."""

import asyncio
import time
from contextlib import aclosing

import pytest

from agents import errors
from agents.client import Endpoint, Finish, ModelClient, Text, Timeouts
from agents.clock import Clock
from tests.agents.conftest import hear, requests, tokens
from tests.endpoint import RunningEndpoint


@pytest.mark.parametrize(
    ("script", "expected", "text", "seconds"),
    [
        ("fault=hang", errors.TimedOutBeforeFirst, "", 0.6),
        ("headers=5", errors.TimedOutBeforeFirst, "", 0.6),
        ("first=5", errors.TimedOutBeforeFirst, "", 0.6),
        ("fault=stall at=0", errors.TimedOutBeforeFirst, "", 0.6),
        ("fault=keepalive at=0", errors.TimedOutBeforeFirst, "", 0.6),
        ("fault=stall at=3", errors.Stalled, tokens(1, 3), 0.4),
        ("fault=keepalive at=3", errors.Stalled, tokens(1, 3), 0.4),
        ("pace=5s", errors.Stalled, tokens(1, 1), 0.4),
    ],
)
async def test_silence_ends_in_time_and_closes_the_line(
    client: ModelClient,
    scripted: RunningEndpoint,
    script: str,
    expected: type[errors.AgentError],
    text: str,
    seconds: float,
) -> None:
    await hear(client, "warm up")
    started = time.monotonic()
    heard = await hear(client, f"[[{script}]]")
    took = time.monotonic() - started
    assert (type(heard.error), heard.text) == (expected, text)
    assert seconds - 0.05 <= took < seconds + 1
    assert (await requests(scripted))[-1]["gone"]


async def test_slow_but_steady_is_not_silent(address: Endpoint) -> None:
    client = ModelClient(address, Timeouts(first_token=1.0, between_tokens=1.0))
    heard = await hear(client, "[[tokens=10 pace=150ms first=150ms]]")
    assert (heard.text, heard.finish) == (tokens(1, 10), Finish("stop"))
    await client.aclose()


async def test_a_model_that_thinks_aloud_is_not_silent(address: Endpoint) -> None:
    client = ModelClient(address, Timeouts(first_token=1.0, between_tokens=1.0))
    heard = await hear(client, "[[tokens=2 reasoning=10 pace=150ms]]")
    assert (heard.text, heard.finish) == (tokens(1, 2), Finish("stop"))
    await client.aclose()


@pytest.mark.parametrize("script", ["tokens=1000 pace=50ms", "tokens=100000000"])
async def test_the_total_ends_every_answer(address: Endpoint, scripted: RunningEndpoint, script: str) -> None:
    client = ModelClient(address, Timeouts(total=0.8), max_chars=10**9)
    started = time.monotonic()
    heard = await hear(client, f"[[{script}]]")
    assert type(heard.error) is errors.TotalTimeout
    assert 0.7 < time.monotonic() - started < 2
    assert heard.text
    assert (await requests(scripted))[0]["gone"]
    await client.aclose()


async def test_a_slow_reader_is_not_blamed_on_the_model(address: Endpoint) -> None:
    """Nor is it ever cancelled in the middle of its own work."""
    client = ModelClient(address, Timeouts(first_token=1, between_tokens=0.2))
    seen = []
    async with aclosing(client.stream([{"role": "user", "content": "[[tokens=4 pace=10ms]]"}])) as events:
        async for event in events:
            seen.append(event)
            await asyncio.sleep(0.5)
    assert "".join(event.text for event in seen if isinstance(event, Text)) == tokens(1, 4)
    assert seen[-1] == Finish("stop")
    await client.aclose()


async def test_after_a_slow_reader_the_clock_still_runs(address: Endpoint) -> None:
    client = ModelClient(address, Timeouts(first_token=0.3, between_tokens=0.2))

    async def read_slowly() -> None:
        async with aclosing(client.stream([{"role": "user", "content": "[[tokens=4 fault=stall at=2]]"}])) as events:
            async for _ in events:
                await asyncio.sleep(0.5)

    with pytest.raises(errors.Stalled):
        await asyncio.wait_for(read_slowly(), 3)
    await client.aclose()


async def test_the_total_also_ends_a_stream_that_never_has_to_be_waited_for() -> None:
    clock = Clock(first=9, between=9, total=0.05)
    clock.wait()
    clock.proceed()
    clock.progress()
    await asyncio.sleep(0.06)
    with pytest.raises(errors.TotalTimeout):
        clock.progress()
    clock.stop()


async def test_a_limit_is_no_cancellation_of_the_task(client: ModelClient) -> None:
    """The clock wakes the waiting task by cancelling it. It must take that back whole."""
    task = asyncio.current_task()
    assert task is not None
    for _ in range(3):
        assert (await hear(client, "[[fault=stall at=1]]")).error
        assert task.cancelling() == 0
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert (await hear(client, "hello")).finish == Finish("stop")


async def test_an_outer_timeout_stays_the_outer_ones(client: ModelClient) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await hear(client, "[[fault=stall at=1]]")


@pytest.mark.parametrize("earlier", [0.0, 0.05, -0.05])
async def test_cancelled_in_the_same_moment_is_cancelled(
    address: Endpoint, scripted: RunningEndpoint, earlier: float
) -> None:
    """The limit and a cancellation from outside fall together: whichever comes first, the cancellation wins."""
    client = ModelClient(address, Timeouts(first_token=0.6))
    loop = asyncio.get_running_loop()
    started = loop.time()
    task = asyncio.create_task(hear(client, "[[fault=hang]]"))
    loop.call_at(started + 0.6 - earlier, task.cancel)
    while not await requests(scripted, settled=0):
        await asyncio.sleep(0.01)
    time.sleep(max(0.0, started + 0.7 - loop.time()))  # both are due before the loop can run any of the two
    with pytest.raises(asyncio.CancelledError):
        await task
    await client.aclose()
