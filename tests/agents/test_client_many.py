"""Hundreds of answers at once over one client, each exact."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import openai
import pytest

from agents.client import Endpoint, ModelClient, Text
from tests.agents.conftest import hear, requests, tokens
from tests.endpoint import RunningEndpoint

AT_ONCE = 300


async def test_three_hundred_at_once_and_every_text_exact(address: Endpoint, scripted: RunningEndpoint) -> None:
    client = ModelClient(address)
    asked = [f"[[tokens={40 + number % 50} pace=30ms first=1s]]" for number in range(AT_ONCE)]
    heard = await asyncio.gather(*(hear(client, text) for text in asked))
    assert [one.error for one in heard] == [None] * AT_ONCE
    assert [one.text for one in heard] == [tokens(1, 40 + number % 50) for number in range(AT_ONCE)]
    log = await requests(scripted, settled=2)
    moments = sorted([(r["started"], 1) for r in log] + [(r["ended"], -1) for r in log])
    open_now, most = 0, 0
    for _, change in moments:
        open_now += change
        most = max(most, open_now)
    assert most == AT_ONCE, "they did not run at once: something made them wait in line"
    await client.aclose()


async def spent(ask: Callable[[], Awaitable[str]], expected: str, times: int) -> float:
    """Seconds of this process's CPU for so many at once, of which each must be exact."""
    await ask()  # connections and imports are not what is measured
    started = time.process_time()
    texts = await asyncio.gather(*(ask() for _ in range(times)))
    seconds = time.process_time() - started
    assert texts == [expected] * times
    return seconds


@pytest.mark.parametrize(
    ("messages", "said", "answer", "share"),
    [
        pytest.param(1, "[[tokens=200 pace=5ms]]", tokens(1, 200), 1 / 2, id="reading"),
        pytest.param(200, "[[tokens=1]]", tokens(1, 1), 1 / 4, id="asking"),
    ],
)
async def test_it_costs_a_fraction_of_the_official_way(
    address: Endpoint, messages: int, said: str, answer: str, share: float
) -> None:
    """Same server, same run. When nothing else is measured, about a quarter for reading and a tenth for asking."""
    client = ModelClient(address)
    official = openai.AsyncOpenAI(base_url=address.base_url, api_key=address.api_key, max_retries=0)
    thread = [{"role": "user", "content": said} for _ in range(messages)]

    async def typed() -> str:
        stream = await official.chat.completions.create(
            model="scripted", messages=[{"role": "user", "content": said} for _ in range(messages)], stream=True
        )
        async with stream:
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    async def ours() -> str:
        async with aclosing(client.stream(thread)) as events:
            return "".join([event.text async for event in events if isinstance(event, Text)])

    assert await spent(ours, answer, 10) < await spent(typed, answer, 10) * share
    await client.aclose()
    await official.close()
