"""Who takes an answer over while its writer wakes up finds out: one of them goes on with it, and loses nothing."""

import asyncio
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
from conversations.replies import ReplyRunner
from conversations.states import Claim
from tests.conversations.stored import store_message, store_reply, store_talk
from tests.rows import reply_row


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


async def test_who_is_refused_at_his_last_words_stores_them_nowhere(
    log: Log, alice: User, settings: Any, asks_the_scripted_model: None
) -> None:
    """The one who took it over may die before he has stored what he read: the next one does."""
    settings.FLUSH_SECONDS = 60  # the first words are shown at once, the others with the end

    def ask() -> str:
        talk = store_talk(alice)
        question = store_message(talk, text="Count [[tokens=5 pace=100ms]]")
        return str(store_reply(talk, Status.QUEUED, parent=question).pk)

    reply = await in_database(ask)
    runner = ReplyRunner()
    finish = runner._press.finish

    async def finish_what_was_taken_over(draft: Draft) -> None:
        taken = Draft(draft.claim, seq=draft.seq, text=draft.text)
        taken.whole = True
        assert await log.append([taken.form()]) == [live.Append.TAKEN]
        await finish(draft)

    runner._press.finish = finish_what_was_taken_over  # type: ignore[method-assign]
    work = asyncio.create_task(runner.run())
    async with asyncio.timeout(20):
        while not runner.writing:
            await asyncio.sleep(0.02)
        await asyncio.wait([writing.task for writing in runner.writing.values() if writing.task])
    work.cancel()
    row = await in_database(reply_row, reply)
    assert row.status == Status.STREAMING

    settings.LEASE_SECONDS = 0
    await in_database(Reply.objects.update, lease_until=timezone.now() - timedelta(seconds=1))

    async def sleep_on() -> None:
        pass

    log.wakes = sleep_on
    assert await reap(log) == 1
    row = await in_database(reply_row, reply)
    assert (row.status, row.message.text.split()) == (Status.INTERRUPTED, ["t1"])
