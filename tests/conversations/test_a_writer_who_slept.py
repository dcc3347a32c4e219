"""Who takes an answer over while its writer wakes up finds out: one of them goes on with it, and loses nothing."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from conversations import live, states
from conversations.database import in_database
from conversations.draft import Draft
from conversations.models import Reply, Status
from conversations.reaper import reap
from conversations.states import Claim
from tests.conversations.stored import store_reply, store_talk


class Log(live.Log):
    """That of the reaper; the writer wakes up when it has been read."""

    wakes: Callable[[], Any]

    async def read(self, *asked: Any, **where: Any) -> list[tuple[int, str]]:
        events = await super().read(*asked, **where)
        await self.wakes()
        return events


@pytest.fixture
async def log(alone: None, world: None) -> AsyncIterator[Log]:
    log = Log()
    yield log
    await log.aclose()


def overdue(owner: User) -> Reply:
    return store_reply(store_talk(owner), Status.STREAMING, lease_until=timezone.now() - timedelta(seconds=1))


def stored(reply: Reply) -> tuple[str, int, int, str]:
    reply.refresh_from_db()
    return reply.status, reply.attempt, reply.seq, reply.text


async def test_what_he_says_meanwhile_is_not_taken_back(log: Log, alice: User, settings: Any) -> None:
    settings.LEASE_SECONDS = 0  # Postgres was there all the time
    reply = await in_database(overdue, alice)
    draft = Draft(Claim(reply.pk, reply.conversation_id, 1))

    async def wake() -> None:
        draft.add("Hello")
        assert await live.Log.append(log, [draft.form()]) == [live.Append.TAKEN]

    log.wakes = wake
    assert await reap(log) == 0
    assert await in_database(stored, reply) == (Status.STREAMING, 1, 0, "")

    async def sleep_on() -> None:
        pass

    log.wakes = sleep_on
    assert await reap(log) == 1
    assert (await in_database(stored, reply))[0] == Status.INTERRUPTED
    assert (await in_database(lambda: Reply.objects.get(pk=reply.pk).message.text)) == "Hello"


async def test_when_it_was_given_back_he_is_refused(log: Log, alice: User, settings: Any) -> None:
    settings.LEASE_SECONDS = 0
    reply = await in_database(overdue, alice)
    draft = Draft(Claim(reply.pk, reply.conversation_id, 1))

    async def sleep_on() -> None:
        pass

    log.wakes = sleep_on
    assert await reap(log) == 1
    assert (await in_database(stored, reply))[:2] == (Status.QUEUED, 1)
    draft.add("Hello")
    assert await log.append([draft.form()]) == [live.Append.REFUSED]
    assert not (await in_database(states.renew, claims=[draft.claim], lease=30)).held
