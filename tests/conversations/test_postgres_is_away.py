"""A connection that breaks and a Postgres that was away take no answer with them: who lives gets the time to go on."""

import asyncio
import math
import os
import resource
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.models import User
from conversations import database, live, states
from conversations.database import for_leases, in_database, patiently
from conversations.models import Reply, Status
from conversations.reaper import reap
from conversations.states import Claim
from tests.conversations.stored import store_reply, store_talk
from tests.rows import reply_row
from tests.said import tokens
from tests.server import eventually, status_of
from tests.site import Site, session_of


def lose_the_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def wait_for_postgres(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def terminate(condition: str) -> int:
    """End all other connections to this database of which this is true; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
        )
        (number,) = cursor.fetchone()
    return int(number)


def waiting_for_a_lock() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'accounts_user'::regclass")
        (number,) = cursor.fetchone()
    return int(number)


def overdue(owner: User) -> Reply:
    """An answer whose writer could not renew its lease."""
    return store_reply(store_talk(owner), Status.STREAMING, lease_until=timezone.now() - timedelta(seconds=1))


@contextmanager
def away() -> Iterator[None]:
    """Postgres takes no connection to the tests' database, and has none."""
    parameters = connection.get_connection_params()
    name = connection.ops.quote_name(parameters["dbname"])
    connection.close()
    for key in ("cursor_factory", "context"):
        parameters.pop(key, None)
    with psycopg.connect(**{**parameters, "dbname": "postgres"}, autocommit=True) as postgres:
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [parameters["dbname"]]
            )
            yield
        finally:
            postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def reaped() -> int:
    log = live.Log()
    try:
        return await reap(log)
    finally:
        await log.aclose()


async def test_what_an_answer_needs_is_asked_for_again(transactional_db: None) -> None:
    tries = []

    def once_without() -> str:
        tries.append(1)
        if len(tries) == 1:
            lose_the_connection()
        return "here"

    assert await patiently(once_without) == "here"
    assert len(tries) == 2


async def test_no_lease_is_taken_right_after_an_outage(alone: None, world: None, alice: User, settings: Any) -> None:
    """Nobody could renew one meanwhile, and the reaper may be the first who finds Postgres back."""
    reply = await in_database(overdue, alice)
    settings.LEASE_SECONDS = 3600
    with pytest.raises(OperationalError):
        await for_leases(lose_the_connection)
    assert await reaped() == 0
    assert await reaped() == 0, "back for a moment is not back for a lease"
    assert (await in_database(reply_row, str(reply.pk))).status == Status.STREAMING

    settings.LEASE_SECONDS = 0
    assert await reaped() == 1, "who has not come back after one more lease will not"
    assert (await in_database(reply_row, str(reply.pk))).status == Status.QUEUED


async def test_nor_right_after_it_was_silent(
    alone: None, world: None, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one on a machine that was frozen: nobody was told that it is gone."""
    reply = await in_database(overdue, alice)
    settings.LEASE_SECONDS = 3600
    monkeypatch.setattr(database, "SILENT", 0.1)
    monkeypatch.setattr(database, "_down_at", -math.inf)
    await for_leases(wait_for_postgres, 0.2)
    assert await reaped() == 0
    assert (await in_database(reply_row, str(reply.pk))).status == Status.STREAMING


async def test_nor_by_who_cannot_know(
    alone: None, world: None, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process that has begun a moment ago, or one that has not needed Postgres for a while."""
    reply = await in_database(overdue, alice)
    settings.LEASE_SECONDS = 3600
    monkeypatch.setattr(database, "_down_at", -math.inf)
    monkeypatch.setattr(database, "_asked_at", -math.inf)
    assert await reaped() == 0
    assert (await in_database(reply_row, str(reply.pk))).status == Status.STREAMING

    monkeypatch.setattr(database, "_down_at", -math.inf)  # a lease later
    assert await reaped() == 1


async def test_but_when_only_others_waited(
    alone: None, world: None, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages and sockets that waited for a row or read much say nothing about leases, and may do so all the time."""
    reply = await in_database(overdue, alice)
    settings.LEASE_SECONDS = 3600
    monkeypatch.setattr(database, "SILENT", 0.1)
    monkeypatch.setattr(database, "_down_at", -math.inf)
    monkeypatch.setattr(database, "_asked_at", time.monotonic())
    await in_database(wait_for_postgres, 0.2)
    with pytest.raises(OperationalError):
        await in_database(lose_the_connection)
    assert await reaped() == 1
    assert (await in_database(reply_row, str(reply.pk))).status == Status.QUEUED


async def test_who_renews_waits_behind_nobody(alone: None, world: None, alice: User) -> None:
    """However many sockets ask for something slow."""
    reply = await in_database(store_reply, await in_database(store_talk, alice), Status.STREAMING)
    done = threading.Event()
    slow = [asyncio.ensure_future(in_database(done.wait, 30)) for _ in range(2 * settings.DATABASE_THREADS)]
    claim = Claim(reply.pk, reply.conversation_id, 1)
    await asyncio.sleep(0)  # they have all asked
    try:
        assert (await for_leases(states.renew, claims=[claim], lease=30)).held == {reply.pk}
        assert not any(each.done() for each in slow)
    finally:
        done.set()
        await asyncio.gather(*slow)


async def test_many_open_sockets_keep_nobody_from_postgres(transactional_db: None) -> None:
    """Descriptors above 1023, which the oldest way of asking about them does not know."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    try:
        with ExitStack() as stack:
            while (number := os.dup(0)) < 1100:
                stack.callback(os.close, number)
            stack.callback(os.close, number)
            with pytest.raises(OperationalError):
                await in_database(lose_the_connection)
            for _ in range(settings.DATABASE_THREADS + 1):
                assert await in_database(lambda: connection.connection is None or connection.connection.fileno() > 0)
                assert await in_database(User.objects.count) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_who_holds_a_row_and_is_gone_holds_up_nobody_for_ever(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')")
        assert cursor.fetchone() == ("10s", "1min")


def test_an_answer_survives_a_connection_lost_before_its_model_was_asked(site: Site, alice: User) -> None:
    tab = site.open(alice)
    first = tab.ask("Hello [[tokens=2]]")
    tab.answer(first.reply)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE conversations_summary")  # which is read for a context, and not for a claim
        ack = tab.say("Count [[tokens=20]]", conversation=first.conversation)
        eventually(lambda: terminate("wait_event_type = 'Lock'"))

    assert tab.answer(ack.reply) == tokens(20)
    assert (reply_row(ack.reply).status, reply_row(ack.reply).attempt) == ("complete", 1)


def test_no_page_is_given_a_dead_connection(site: Site, alice: User) -> None:
    session = session_of(alice)
    assert status_of(f"{site.web.url}/", session=session) == 200
    assert terminate("true") > 0

    assert status_of(f"{site.web.url}/", session=session) == 200


def test_nor_one_dead_after_another(site: Site, alice: User) -> None:
    """Once many pages were made at a time, many connections lie ready for the next ones."""
    session = session_of(alice)
    with ThreadPoolExecutor(8) as visitors:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE accounts_user")
            pages = [visitors.submit(status_of, f"{site.web.url}/", session=session) for _ in range(8)]
            eventually(lambda: waiting_for_a_lock() == 8)
        assert [page.result() for page in pages] == [200] * 8
    assert terminate("true") >= 8

    assert status_of(f"{site.web.url}/", session=session) == 200


def test_who_comes_meanwhile_is_asked_to_come_again(site: Site, alice: User) -> None:
    site.expected_errors.append("Service Unavailable")  # Django's own word for each 503
    session = session_of(alice)
    before = site.open(alice, session=session)
    talk = before.ask("Hello [[tokens=2]]")
    before.answer(talk.reply)
    with away():
        for _ in range(2):
            assert site.knock(session=session).closed(within=60) == 4503
        assert status_of(f"{site.web.url}/", session=session) == 503
    assert "Traceback" not in site.web.said()

    eventually(lambda: status_of(f"{site.web.url}/", session=session) == 200)
    assert len(site.open(alice, session=session).read(talk.conversation)["messages"]) == 2
