"""Who stops listening stops the model: its line is closed within a second, every time, and nothing is left behind."""

import asyncio
import gc
import time
from contextlib import aclosing

import pytest

from agents.client import Endpoint, ModelClient, Text
from tests.agents.conftest import hear, requests, tokens
from tests.endpoint import RunningEndpoint

ENDLESS = [{"role": "user", "content": "[[tokens=100000 pace=20ms]]"}]
TIMES = 20


async def listen(client: ModelClient, started: asyncio.Event) -> None:
    async with aclosing(client.stream(ENDLESS)) as events:
        async for _ in events:
            started.set()


async def all_gone(scripted: RunningEndpoint, since: float) -> None:
    log = await requests(scripted, settled=2)
    assert len(log) == TIMES
    assert [request["gone"] for request in log] == [True] * TIMES
    assert max(request["ended"] for request in log) - since < 1


async def test_cancelled_midway(address: Endpoint, scripted: RunningEndpoint) -> None:
    client = ModelClient(address)
    begun = [asyncio.Event() for _ in range(TIMES)]
    tasks = [asyncio.create_task(listen(client, event)) for event in begun]
    await asyncio.gather(*(event.wait() for event in begun))
    since = time.time()
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    await all_gone(scripted, since)
    await client.aclose()


@pytest.mark.parametrize("fault", ["fault=hang", "first=30", "fault=stall at=0"])
async def test_cancelled_before_the_first_token(address: Endpoint, scripted: RunningEndpoint, fault: str) -> None:
    client = ModelClient(address)
    tasks = [asyncio.create_task(hear(client, f"[[{fault}]]")) for _ in range(TIMES)]
    while len(await requests(scripted, settled=0)) < TIMES:
        await asyncio.sleep(0.01)
    since = time.time()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await all_gone(scripted, since)
    await client.aclose()


async def test_left_after_the_first_token(address: Endpoint, scripted: RunningEndpoint) -> None:
    client = ModelClient(address)
    for _ in range(TIMES):
        async with aclosing(client.stream(ENDLESS)) as events:
            async for event in events:
                assert isinstance(event, Text)
                break
    await all_gone(scripted, time.time())
    await client.aclose()


async def test_an_error_of_the_readers_closes_it_too(address: Endpoint, scripted: RunningEndpoint) -> None:
    client = ModelClient(address)

    async def fail() -> None:
        async with aclosing(client.stream(ENDLESS)) as events:
            async for _ in events:
                raise LookupError

    outcomes = await asyncio.gather(*(fail() for _ in range(TIMES)), return_exceptions=True)
    assert all(isinstance(outcome, LookupError) for outcome in outcomes)
    await all_gone(scripted, time.time())
    await client.aclose()


async def test_a_closed_client_can_be_asked_again(address: Endpoint) -> None:
    client = ModelClient(address)
    for _ in range(2):
        assert (await hear(client, "hello")).text == tokens(1, 20)
        await client.aclose()
    await client.aclose()


async def test_nothing_is_left_behind(address: Endpoint, scripted: RunningEndpoint) -> None:
    """No task, no timer, no descriptor. Warnings of forgotten resources are errors in these tests."""
    before = asyncio.all_tasks()
    client = ModelClient(address)
    for script in ("", "[[fault=cut]]", "[[fault=500]]", "[[fault=html]]", "[[fault=garbage]]"):
        await hear(client, script)
    await client.aclose()
    gc.collect()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    loop = asyncio.get_running_loop()
    mine = [timer for timer in loop._scheduled if not timer.cancelled() and "Clock" in repr(timer)]  # type: ignore[attr-defined]
    assert mine == []
