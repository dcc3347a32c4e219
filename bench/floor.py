"""The floor: a bare loop over the official client's typed stream. Prints one JSON line of what it took."""

import asyncio
import json
import resource
import sys
import time

from openai import AsyncOpenAI


async def answer(client: AsyncOpenAI, question: str, delay: float) -> tuple[float, str]:
    """Seconds to the first token, and the text."""
    await asyncio.sleep(delay)
    began = time.perf_counter()
    first = 0.0
    parts: list[str] = []
    stream = await client.chat.completions.create(
        model="scripted", messages=[{"role": "user", "content": question}], stream=True
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            first = first or time.perf_counter() - began
            parts.append(chunk.choices[0].delta.content)
    return first, "".join(parts)


async def main(base_url: str, key: str, question: str, conversations: int, messages: int, spread: float) -> None:
    client = AsyncOpenAI(base_url=base_url, api_key=key)
    await asyncio.gather(*(answer(client, question, 0) for _ in range(2)))  # imports and connections are warm
    before = resource.getrusage(resource.RUSAGE_SELF)

    async def talk(number: int) -> list[tuple[float, str]]:
        await asyncio.sleep(spread * number / conversations)
        return [await answer(client, question, 0) for _ in range(messages)]

    answers = [each for talk in await asyncio.gather(*map(talk, range(conversations))) for each in talk]
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    await client.close()
    print(json.dumps({"cpu": cpu, "first": [first for first, _ in answers], "texts": [text for _, text in answers]}))


if __name__ == "__main__":
    url, key, question, *numbers = sys.argv[1:]
    asyncio.run(main(url, key, question, int(numbers[0]), int(numbers[1]), float(numbers[2])))
