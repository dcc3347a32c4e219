"""Every answer whose writer is gone is taken over in its turn, whatever stands in the way of another."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from conversations import live, reaper
from conversations.database import in_database
from conversations.live.names import key_of
from conversations.models import Reply, Status
from conversations.reaper import reap
from tests.conversations.stored import store_reply, store_talk
from tests.rows import reply_row


class Log(live.Log):
    """One that says of some answers that it cannot be read."""

    unreadable: uuid.UUID | None = None

    async def read(self, reply: uuid.UUID | str, attempt: int, *, after: int) -> list[tuple[int, str]]:
        if reply == self.unreadable:
            raise live.RedisError
        return await super().read(reply, attempt, after=after)


@pytest.fixture
async def log(alone: None, world: None, settings: Any) -> AsyncIterator[Log]:
    settings.LEASE_SECONDS = 0  # Postgres was there all the time
    log = Log()
    yield log
    await log.aclose()


def overdue(owner: User, seconds: float) -> Reply:
    return store_reply(
        store_talk(owner), Status.STREAMING, lease_until=timezone.now() - timedelta(seconds=seconds), seq=3, text="So"
    )


def ended(reply: Reply) -> bool:
    reply.refresh_from_db()
    return reply.status == Status.INTERRUPTED


async def test_the_oldest_first(log: Log, alice: User) -> None:
    replies = [await in_database(overdue, alice, seconds) for seconds in (1, 3, 2)]
    assert await reap(log) == 3
    assert [await in_database(ended, reply) for reply in replies] == [True] * 3


async def test_what_a_member_wanted_stopped_has_stopped(log: Log, alice: User) -> None:
    """Its writer died before he could do it: nobody is told that something went wrong."""
    replies = [await in_database(overdue, alice, 1) for _ in range(2)]
    await in_database(Reply.objects.filter(pk=replies[0].pk).update, stop_requested_at=timezone.now())
    await in_database(Reply.objects.filter(pk=replies[1].pk).update, text="", seq=0, stop_requested_at=timezone.now())
    assert await reap(log) == 2
    for reply, text in zip(replies, ("So", ""), strict=True):
        row = await in_database(reply_row, str(reply.pk))
        assert (row.status, row.error_code, row.message.text) == (Status.STOPPED, "", text)


async def test_one_that_nobody_can_make_sense_of_keeps_none_of_the_others_waiting(
    log: Log, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    odd, good = [await in_database(overdue, alice, seconds) for seconds in (20, 10)]
    await log._redis.xadd(key_of(odd.pk, 1), {"f": "no frame"}, id="4-0")
    assert await reap(log) == 1
    assert await in_database(ended, good)
    assert not await in_database(ended, odd)
    assert str(odd.pk) in caplog.text


async def test_what_was_shown_is_not_given_up_because_redis_was_away_for_a_moment(
    log: Log, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long ago its writer died: Postgres may have been away until now."""
    reply = await in_database(overdue, alice, 600)
    log.unreadable = reply.pk
    assert await reap(log) == 0
    assert not await in_database(ended, reply)

    monkeypatch.setattr(reaper, "REDIS_PATIENCE", 0.05)
    async with asyncio.timeout(10):
        while not await reap(log):
            await asyncio.sleep(0.02)
    assert await in_database(ended, reply)


async def test_once_it_is_back_patience_begins_anew(log: Log, alice: User) -> None:
    reply = await in_database(overdue, alice, 600)
    log.unreadable = reply.pk
    assert await reap(log) == 0
    assert reply.pk in reaper._unread_since
    log.unreadable = None
    assert await reap(log) == 1
    assert reply.pk not in reaper._unread_since
