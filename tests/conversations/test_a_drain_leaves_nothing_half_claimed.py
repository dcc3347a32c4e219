"""Who is told to go while it takes an answer takes it, and sees it through."""

import asyncio
import threading

import pytest
from django.db import connection, transaction

from accounts.models import User
from conversations.database import in_database
from conversations.models import Status
from conversations.replies import ReplyRunner
from tests.conversations.stored import store_message, store_reply, store_talk
from tests.rows import reply_row
from tests.said import tokens


def hold_all_replies(holding: threading.Event, released: threading.Event) -> None:
    """Nobody can claim one until it is released."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE conversations_reply")
        holding.set()
        released.wait(20)
    connection.close()


def waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        (found,) = cursor.fetchone()
    return bool(found)


async def test_it_is_written_before_the_process_goes(
    alone: None, world: None, alice: User, asks_the_scripted_model: None
) -> None:
    def ask() -> str:
        talk = store_talk(alice)
        return str(
            store_reply(talk, Status.QUEUED, parent=store_message(talk, text="Count [[tokens=5 pace=100ms]]")).pk
        )

    reply = await in_database(ask)
    holding, released, done = threading.Event(), threading.Event(), asyncio.get_running_loop().run_in_executor
    hold = done(None, hold_all_replies, holding, released)
    await done(None, holding.wait)
    runner = ReplyRunner()
    work = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(10):
            while not await in_database(waiting):
                await asyncio.sleep(0.02)
        drain = asyncio.create_task(runner.drain(20))
        await asyncio.sleep(0)  # it has begun
        released.set()
        await hold
        await drain
        row = await in_database(reply_row, reply)
        assert (row.status, row.message.text) == (Status.COMPLETE, tokens(5))
    finally:
        released.set()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
