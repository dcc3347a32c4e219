"""One slow query is one slow answer: every other socket of the process goes on."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from accounts.models import User
from conversations.models import Message
from tests.said import tokens
from tests.site import Site, session_of
from tests.tab import Tab, new_id

SLOW = 2.0  # seconds


@contextmanager
def held(statement: str, *values: str) -> Iterator[None]:
    """Hold a lock that this statement takes, for the time of the block."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        yield


def longest_pause(tab: Tab, reply: str, *, seconds: float) -> float:
    """The longest time between two frames of a running answer."""
    longest, last = 0.0, time.monotonic()
    until = last + seconds
    while time.monotonic() < until:
        tab.expect("delta", reply=reply)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    return longest


@pytest.fixture
def streaming(site: Site, alice: User) -> tuple[Tab, str]:
    """A tab on which an answer is streaming, and the answer."""
    tab = site.open(alice)
    ack = tab.ask("Count [[tokens=600 pace=10ms]]")
    tab.until(ack.reply, "t5 ")
    return tab, ack.reply


def test_others_events_come_and_their_messages_are_taken(site: Site, alice: User, streaming: tuple[Tab, str]) -> None:
    tab, reply = streaming
    slow = site.open(alice)
    talk = slow.ask("Hello")
    slow.answer(talk.reply)
    client_id = new_id()

    with held("SELECT 1 FROM conversations_conversation WHERE id = %s FOR UPDATE", talk.conversation):
        slow.send("send", client_id=client_id, conversation=talk.conversation, text="This has to wait [[tokens=2]]")
        asked = time.monotonic()
        other = tab.say("Meanwhile [[tokens=3]]")
        assert time.monotonic() - asked < SLOW / 2
        assert longest_pause(tab, reply, seconds=SLOW) < SLOW / 2
        assert not [frame for frame in slow.frames if frame.get("client_id") == client_id]
    assert slow.answer(slow.acknowledged(client_id).reply) == tokens(2)
    tab.read(other.conversation)
    assert tab.answer(other.reply) == tokens(3)


def test_a_slow_sign_in_stalls_nobody_who_is_in(site: Site, alice: User, streaming: tuple[Tab, str]) -> None:
    """Channels reads sessions in one thread, and by default goes through that thread before every event of a socket."""
    tab, reply = streaming
    other = site.open(alice)
    session = session_of(alice)

    with ThreadPoolExecutor(1) as threads:
        with held("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE"):
            knocking = threads.submit(site.open, alice, session=session)
            assert longest_pause(tab, reply, seconds=SLOW) < SLOW / 2
            asked = time.monotonic()
            other.say("Meanwhile [[tokens=3]]")
            assert time.monotonic() - asked < SLOW / 2
            assert not knocking.done()
        knocking.result(timeout=10).flush()


def test_who_waits_too_long_is_told_so_and_what_was_sent_twice_is_one(site: Site, alice: User) -> None:
    tab = site.open(alice)
    talk = tab.ask("Hello [[tokens=2]]")
    tab.answer(talk.reply)
    message = {"client_id": new_id(), "conversation": talk.conversation, "text": "Here? [[tokens=3]]"}

    with held("SELECT 1 FROM conversations_conversation WHERE id = %s FOR UPDATE", talk.conversation):
        ref = new_id()
        tab.send("send", ref=ref, **message)
        error = tab.expect("error", ref=ref, within=40)
        assert (error["code"], error["retryable"]) == ("unavailable", True)

    tab.send("send", **message)
    assert tab.answer(tab.acknowledged(message["client_id"]).reply) == tokens(3)
    assert Message.objects.filter(conversation_id=uuid.UUID(talk.conversation)).count() == 4
