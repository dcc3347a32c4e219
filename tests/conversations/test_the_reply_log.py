"""The log in Redis: numbered, fenced, told to the group only when taken, and gone after a while."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
from channels.layers import get_channel_layer
from django.conf import settings

from conversations import live
from conversations.live import Append, Event, Log


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    log = Log()
    yield log
    await log.aclose()


@pytest.fixture
def event() -> Event:
    conversation, reply = str(uuid.uuid4()), str(uuid.uuid4())
    return Event(
        type="reply.event", conversation=conversation, reply=reply, attempt=1, seq=1, kind="delta", rev=0, frame="{}"
    )


def numbered(event: Event, seq: int, **changes: Any) -> Event:
    return {**event, "seq": seq, "frame": f'{{"seq":{seq}}}', **changes}  # type: ignore[typeddict-item]


async def test_what_is_appended_is_read_back_from_any_point(log: Log, event: Event) -> None:
    for seq in range(1, 6):
        assert await log.append([numbered(event, seq)]) == [Append.TAKEN]
    assert await log.read(event["reply"], 1, after=0) == [(seq, f'{{"seq":{seq}}}') for seq in range(1, 6)]
    assert await log.read(event["reply"], 1, after=3) == [(4, '{"seq":4}'), (5, '{"seq":5}')]
    assert await log.read(event["reply"], 1, after=5) == []
    assert await log.read(event["reply"], 2, after=0) == []


async def test_hundreds_who_read_at_once_take_turns_on_a_few_connections(log: Log, event: Event) -> None:
    await log.append([event])
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        before = client.info("clients")["connected_clients"]
        read = await asyncio.gather(*(log.read(event["reply"], 1, after=0) for _ in range(300)))
        opened = client.info("clients")["connected_clients"] - before
    assert read == [[(1, "{}")]] * 300
    assert opened < live.LINES


@pytest.mark.parametrize("seq", [1, 2, 3])
async def test_a_late_writer_is_refused_by_redis_itself(log: Log, event: Event, seq: int) -> None:
    await log.append([numbered(event, 3)])
    assert await log.append([numbered(event, seq, frame="late")]) == [Append.REFUSED]
    assert await log.read(event["reply"], 1, after=0) == [(3, '{"seq":3}')]


async def test_one_that_is_refused_leaves_the_others_of_the_round_alone(log: Log, event: Event) -> None:
    other = numbered(event, 1, reply=str(uuid.uuid4()))
    await log.append([numbered(event, 5)])
    assert await log.append([numbered(event, 5, frame="late"), other]) == [Append.REFUSED, Append.TAKEN]


async def test_what_is_asked_again_for_want_of_an_answer_was_taken_the_first_time(log: Log, event: Event) -> None:
    """As the library does when the line drops before Redis has answered: nobody else has written, and nothing twice."""
    first, second = numbered(event, 1), numbered(event, 2)
    await log.append([first])
    assert await log.append([second]) == await log.append([second]) == [Append.TAKEN]
    assert await log.append([first]) == [Append.REFUSED], "this one is older than what is there"
    assert [seq for seq, _ in await log.read(event["reply"], 1, after=0)] == [1, 2]


async def test_the_group_hears_of_what_was_taken_and_of_nothing_else(log: Log, event: Event) -> None:
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(live.group_of(event["conversation"]), channel)
    await log.append([numbered(event, 2)])
    await log.append([numbered(event, 1)])
    await log.append([numbered(event, 3)])
    async with asyncio.timeout(5):
        heard = [await layer.receive(channel) for _ in range(2)]
    await layer.flush()
    assert heard == [numbered(event, 2), numbered(event, 3)]


async def test_it_does_not_stay_for_ever(log: Log, event: Event) -> None:
    key = f"parley:reply:{event['reply']}:1"
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        await log.append([numbered(event, 1)])
        assert 0 < client.ttl(key) <= live.LOG_SECONDS
        await log.append([numbered(event, 2, kind="end")])
        assert 0 < client.ttl(key) <= live.LOG_SECONDS_AFTER_END


async def test_hints_arrive(log: Log) -> None:
    reply = uuid.uuid4()
    async with log.hints() as hints, asyncio.timeout(5):
        live.wake()
        live.hint_stop(reply)
        heard = [await anext(hints), await anext(hints)]
    assert heard == [(live.WAKE, "1"), (live.STOP, str(reply))]


async def test_without_redis_a_hint_is_silent_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, event: Event
) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    log = Log()
    with pytest.raises(live.RedisError):
        await log.append([event])
    with pytest.raises(live.RedisError):
        await log.read(event["reply"], 1, after=0)
    await log.aclose()
    teller = live.Teller()
    teller.publish([("parley.wake", b"1")])
