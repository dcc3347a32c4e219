"""However many want the same of a reply in one moment, one gets it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from conversations import states
from conversations.models import Reply, Status
from conversations.states import Claim, Kept, Outcome, Saved
from tests.conversations.stored import store_reply, store_talk


@contextmanager
def locked(reply: Reply) -> Iterator[None]:
    """Somebody is in the middle of changing it, and does not go on."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Reply.objects.select_for_update().get(pk=reply.pk)
                held.set()
                assert done.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(hold)
        try:
            assert held.wait(30)
            yield
        finally:
            done.set()
        holding.result()


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (lambda claims: states.renew(claims=claims, lease=3600), ("lease_until", timezone.now)),
        (
            lambda claims: states.checkpoint(saves=[Saved(claim.reply, 1, 7, "So far") for claim in claims]),
            ("seq", lambda: 1),
        ),
    ],
    ids=["renew", "checkpoint"],
)
def test_one_that_is_locked_keeps_none_of_the_others_waiting(
    alone: None,
    world: None,
    alice: User,
    change: Callable[[list[Claim]], Kept],
    left: tuple[str, Callable[[], object]],
) -> None:
    mine, busy, lost = (
        store_reply(store_talk(alice), Status.STREAMING, attempt=attempt, lease_until=timezone.now())
        for attempt in (1, 1, 2)
    )
    claims = [Claim(reply.pk, reply.conversation_id, 1) for reply in (mine, busy, lost)]
    with locked(busy):
        kept = change(claims)
    assert kept.held == {mine.pk, busy.pk}, "a locked one is not lost"
    assert kept.locked == {busy.pk}
    field, since = left
    assert set(Reply.objects.filter(**{f"{field}__gt": since()})) == {mine}

    kept = change(claims)
    assert (kept.held, kept.locked) == ({mine.pk, busy.pk}, set())
    assert set(Reply.objects.filter(**{f"{field}__gt": since()})) == {mine, busy}


def test_eight_claimers_at_once_get_each_reply_once(alone: None, world: None, alice: User) -> None:
    queued = {store_reply(store_talk(alice), Status.QUEUED).pk for _ in range(40)}

    def claim(number: int) -> list[Claim]:
        taken: list[Claim] = []
        try:
            while found := states.claim(owner=f"runner-{number}", limit=3, lease=30):
                taken += found
        finally:
            connection.close()
        return taken

    with ThreadPoolExecutor(8) as threads:
        claims = [claim for taken in threads.map(claim, range(8)) for claim in taken]

    assert len(claims) == 40
    assert {claim.reply for claim in claims} == queued
    assert all(claim.attempt == 1 for claim in claims)
    Reply.objects.all().delete()


def test_eight_enders_at_once_and_one_wins(alone: None, world: None, alice: User) -> None:
    talk = store_talk(alice)
    reply = store_reply(talk, Status.STREAMING)

    endings = [
        Outcome(status=Status.COMPLETE, finish_reason="stop"),
        Outcome(status=Status.STOPPED),
        *(Outcome(status=status, error_code="cut_off") for status in (Status.FAILED, Status.INTERRUPTED)),
    ]

    def end(number: int) -> object:
        try:
            return states.finish(
                reply=reply.pk,
                conversation=talk.pk,
                attempt=1,
                frm=[Status.STREAMING],
                text="The end",
                outcome=endings[number % 4],
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(end, range(8)))

    assert len([result for result in results if result]) == 1
    rev = talk.rev
    talk.refresh_from_db()
    assert talk.rev == rev + 1
