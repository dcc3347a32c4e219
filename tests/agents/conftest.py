"""The scripted endpoint, one process for all of these tests, and a client of ours that asks it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.client import Endpoint, Finish, ModelClient, Text, Timeouts, Usage
from agents.errors import AgentError
from tests.endpoint import RunningEndpoint, running_endpoint


@dataclass
class Heard:
    """All that one stream gave: its pieces, how it ended, and the error if it was none of its kind."""

    pieces: list[str] = field(default_factory=list)
    usage: Usage | None = None
    finish: Finish | None = None
    error: AgentError | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)


async def hear(client: ModelClient, said: str, **options: float) -> Heard:
    """Ask one question and listen to the end. Only our own errors are caught: any other fails the test."""
    heard = Heard()
    try:
        async with aclosing(client.stream([{"role": "user", "content": said}], **options)) as events:  # type: ignore[arg-type]
            async for event in events:
                assert heard.finish is None, "something came after Finish"
                if isinstance(event, Text):
                    assert heard.usage is None, "text came after Usage"
                    assert event.text
                    heard.pieces.append(event.text)
                elif isinstance(event, Usage):
                    heard.usage = event
                else:
                    heard.finish = event
    except AgentError as error:
        heard.error = error
    return heard


def tokens(first: int, last: int) -> str:
    """The scripted endpoint's plain answer, from one token to another."""
    return "".join(f"t{number} " for number in range(first, last + 1))


async def requests(scripted: RunningEndpoint, *, settled: float = 1.0) -> list[dict[str, Any]]:
    """The scripted endpoint's log, read without holding up our own loop, which has lines to close meanwhile."""
    return await asyncio.to_thread(scripted.log, settled=settled)


@pytest.fixture(scope="session")
def _endpoint() -> Iterator[RunningEndpoint]:
    with running_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def scripted(_endpoint: RunningEndpoint) -> RunningEndpoint:
    """The scripted endpoint, with an empty log."""
    _endpoint.log(settled=5)
    _endpoint.reset()
    return _endpoint


@pytest.fixture
def address(scripted: RunningEndpoint) -> Endpoint:
    return Endpoint(scripted.base_url, scripted.api_key, scripted.model)


@pytest.fixture
async def client(address: Endpoint) -> AsyncIterator[ModelClient]:
    """A client whose limits are so short that a test can wait for them."""
    client = ModelClient(address, Timeouts(connect=2, first_token=0.6, between_tokens=0.4, total=8))
    yield client
    await client.aclose()
