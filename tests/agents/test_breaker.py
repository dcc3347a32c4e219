"""An endpoint that is down is left in peace, and one at a time finds out whether it is back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from agents.breaker import Breaker
from agents.errors import AgentError, EndpointDown, EndpointResting, RateLimited, Rejected, Stalled
from agents.stream import Event, Finish, Text


class Endpoint:
    """A clock that is turned by hand, and answers that are asked through a breaker."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.hits = 0
        self.breaker = Breaker(lambda: self.now, failures=5, within=30, rest=10)

    async def answer(self, *events: Event | AgentError) -> AsyncGenerator[Event, None]:
        self.hits += 1
        for event in events:
            if isinstance(event, AgentError):
                raise event
            yield event

    async def ask(self, *events: Event | AgentError) -> str:
        """The code of the error, or nothing."""
        try:
            async with aclosing(self.breaker.watch(self.answer(*events))) as answer:
                async for _ in answer:
                    pass
        except AgentError as error:
            return error.code
        return ""

    async def fail(self, times: int = 1) -> None:
        for _ in range(times):
            assert await self.ask(EndpointDown()) == "endpoint_down"


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


WELL = (Text("a"), Finish("stop"))


async def test_after_five_failures_nobody_asks(endpoint: Endpoint) -> None:
    await endpoint.fail(5)
    assert await endpoint.ask(*WELL) == "endpoint_resting"
    assert endpoint.hits == 5
    with pytest.raises(EndpointResting) as resting:
        endpoint.breaker.admit()
    assert (resting.value.retryable, resting.value.retry_after) == (True, 10)


async def test_four_are_not_enough_nor_are_five_far_apart(endpoint: Endpoint) -> None:
    await endpoint.fail(4)
    endpoint.now += 31
    await endpoint.fail(4)
    assert await endpoint.ask(*WELL) == ""


async def test_one_answer_between_them_starts_the_count_anew(endpoint: Endpoint) -> None:
    for _ in range(5):
        await endpoint.fail(4)
        assert await endpoint.ask(*WELL) == ""


@pytest.mark.parametrize("error", [Rejected(), RateLimited(retry_after=1)])
async def test_a_refusal_shows_that_it_lives(endpoint: Endpoint, error: AgentError) -> None:
    for _ in range(9):
        assert await endpoint.ask(error) == error.code
    await endpoint.fail(4)
    await endpoint.ask(error)
    await endpoint.fail(4)
    assert await endpoint.ask(*WELL) == ""


async def test_silence_after_the_first_words_counts_too(endpoint: Endpoint) -> None:
    for _ in range(4):
        await endpoint.fail()
    assert await endpoint.ask(Text("a"), Stalled()) == "stalled"
    assert await endpoint.ask(*WELL) == "", "it had begun to answer: that is one failure, not five"


async def test_then_one_tries_and_all_others_wait_for_it(endpoint: Endpoint) -> None:
    await endpoint.fail(5)
    endpoint.now += 10
    trial = endpoint.breaker.watch(endpoint.answer(*WELL))
    assert endpoint.breaker.admit() is True, "the one that tries"
    assert await endpoint.ask(*WELL) == "endpoint_resting"
    endpoint.breaker.succeeded()
    assert [event async for event in trial] == list(WELL)
    assert await endpoint.ask(*WELL) == ""


async def test_a_trial_that_fails_begins_another_rest(endpoint: Endpoint) -> None:
    await endpoint.fail(5)
    for hits in (6, 7):
        endpoint.now += 10
        await endpoint.fail()
        assert endpoint.hits == hits
        endpoint.now += 9.9
        assert await endpoint.ask(*WELL) == "endpoint_resting"
        endpoint.now -= 9.9
    endpoint.now += 10
    assert await endpoint.ask(*WELL) == ""


async def test_a_trial_that_is_broken_off_lets_the_next_one_try(endpoint: Endpoint) -> None:
    async def never() -> AsyncGenerator[Event, None]:
        await asyncio.Event().wait()
        yield Text("a")

    await endpoint.fail(5)
    endpoint.now += 10
    trial = asyncio.create_task(anext(endpoint.breaker.watch(never())))
    await asyncio.sleep(0)
    assert await endpoint.ask(*WELL) == "endpoint_resting"
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    assert await endpoint.ask(*WELL) == ""


async def test_how_an_older_answer_ends_is_no_trial_but_that_one_begins_is_an_answer(endpoint: Endpoint) -> None:
    said = asyncio.Event()

    async def soon() -> AsyncGenerator[Event, None]:
        await said.wait()
        yield Text("a")

    old = endpoint.breaker.watch(endpoint.answer(Text("a"), EndpointDown()))
    assert await anext(old) == Text("a")
    begins = asyncio.create_task(anext(endpoint.breaker.watch(soon())))
    await asyncio.sleep(0)
    for _ in range(5):
        endpoint.breaker.failed()
    with pytest.raises(EndpointDown):
        await anext(old)
    endpoint.now += 5
    assert await endpoint.ask(*WELL) == "endpoint_resting"
    said.set()
    await begins
    assert await endpoint.ask(*WELL) == ""
