"""Hundreds of answers at once over one client, each exact."""

import asyncio
import time

import openai

from agents.client import Endpoint, ModelClient
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


async def test_it_costs_less_than_half_of_the_official_reading(address: Endpoint) -> None:
    """CPU of this process, same server, same run. About a fifth to a quarter when nothing else is measured."""
    client = ModelClient(address)
    official = openai.AsyncOpenAI(base_url=address.base_url, api_key=address.api_key, max_retries=0)
    said = "[[tokens=200 pace=5ms]]"

    async def typed() -> str:
        stream = await official.chat.completions.create(
            model="scripted", messages=[{"role": "user", "content": said}], stream=True
        )
        async with stream:
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    async def ours() -> str:
        return (await hear(client, said)).text

    spent = {}
    for ask in (typed, ours):
        await ask()  # connections and imports are not what is measured
        started = time.process_time()
        texts = await asyncio.gather(*(ask() for _ in range(10)))
        spent[ask] = time.process_time() - started
        assert texts == [tokens(1, 200)] * 10
    await client.aclose()
    await official.close()
    assert spent[ours] < spent[typed] / 2
