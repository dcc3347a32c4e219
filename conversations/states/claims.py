"""A writer's hold on a reply, for as long as it writes: the lease, and what was written so far."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from conversations.models import Reply, Status


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write one answer, until the lease runs out. `text` is how it begins: what it said before."""

    reply: uuid.UUID
    conversation: uuid.UUID
    attempt: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """Text to save: `text` holds the events of the attempt up to `seq`."""

    reply: uuid.UUID
    attempt: int
    seq: int
    text: str


@dataclass(slots=True)
class Kept:
    """What a runner still holds; which of it a member has asked to stop, and which it could not change just now."""

    held: set[uuid.UUID] = field(default_factory=set)
    stopping: set[uuid.UUID] = field(default_factory=set)
    locked: set[uuid.UUID] = field(default_factory=set)


def claim(*, owner: str, limit: int, lease: float) -> list[Claim]:
    """Take up to `limit` queued replies, oldest first, for `lease` seconds. Never waits for another claimer.

    What an earlier attempt was sent stays with the reply: its receipt makes room for the one to come.
    """
    # Not `IN (SELECT ... SKIP LOCKED)`: Postgres may run that once for each row it takes, and each finds others.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH next AS MATERIALIZED (
                SELECT message_id FROM conversations_reply WHERE status = 'queued'
                 ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
            )
            UPDATE conversations_reply AS reply
               SET status = 'streaming', attempt = attempt + 1, lease_owner = %s, seq = 0, text = message.text,
                   receipt = '{}', earlier_receipts = CASE receipt WHEN '{}' THEN earlier_receipts ELSE
                       earlier_receipts || jsonb_build_object('attempt', attempt, 'receipt', receipt) END,
                   lease_until = clock_timestamp() + make_interval(secs => %s),
                   started_at = coalesce(started_at, clock_timestamp())
              FROM next JOIN conversations_message AS message ON message.id = next.message_id
             WHERE reply.message_id = next.message_id
            RETURNING reply.message_id, reply.conversation_id, reply.attempt, message.text
            """,
            [limit, owner, lease],
        )
        return [Claim(*row) for row in cursor.fetchall()]


def renew(*, claims: Sequence[Claim], lease: float) -> Kept:
    """Hold on to these for `lease` seconds from now. What is not held any more is lost: stop writing it.

    Waits for nobody who has a row: one that is frozen would cost all the others their leases.
    """
    return _held(
        "lease_until = clock_timestamp() + make_interval(secs => %s)",
        "unnest(%s::uuid[], %s::int[]) AS new(id, attempt)",
        [[claim.reply for claim in claims], [claim.attempt for claim in claims], lease],
    )


def checkpoint(*, saves: Sequence[Saved]) -> Kept:
    """Save what was written so far, all in one statement. What is not held any more is lost: stop writing it.

    What is `locked` is not saved, and comes again the next time.
    """
    columns: list[Any] = [[getattr(save, name) for save in saves] for name in ("reply", "attempt", "seq", "text")]
    return _held(
        "text = new.text, seq = new.seq",
        "unnest(%s::uuid[], %s::int[], %s::int[], %s::text[]) AS new(id, attempt, seq, text)",
        columns,
    )


def _held(assignments: str, source: str, values: list[Any]) -> Kept:
    kept = Kept()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH new AS MATERIALIZED (
                SELECT * FROM {source}
            ), free AS MATERIALIZED (
                SELECT message_id FROM conversations_reply AS reply
                  JOIN new ON reply.message_id = new.id AND reply.attempt = new.attempt AND reply.status = 'streaming'
                   FOR NO KEY UPDATE OF reply SKIP LOCKED
            ), changed AS (
                UPDATE conversations_reply AS reply SET {assignments} FROM new JOIN free ON free.message_id = new.id
                 WHERE reply.message_id = new.id RETURNING reply.message_id
            )
            SELECT reply.message_id, reply.stop_requested_at IS NOT NULL, changed.message_id IS NULL
              FROM conversations_reply AS reply
              JOIN new ON reply.message_id = new.id AND reply.attempt = new.attempt AND reply.status = 'streaming'
              LEFT JOIN changed USING (message_id)
            """,  # noqa: S608 - both parts are the constants above
            values,
        )
        for reply, stopping, locked in cursor.fetchall():
            kept.held.add(reply)
            if stopping:
                kept.stopping.add(reply)
            if locked:
                kept.locked.add(reply)
    return kept


def stopping(*, replies: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those of these that a member has asked to stop."""
    return list(
        Reply.objects.filter(pk__in=replies, status=Status.STREAMING, stop_requested_at__isnull=False).values_list(
            "pk", flat=True
        )
    )


def expired() -> list[Claim]:
    """Replies whose writer has let its lease run out, the longest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT message_id, reply.conversation_id, attempt, message.text
              FROM conversations_reply AS reply JOIN conversations_message AS message ON message.id = message_id
             WHERE status = 'streaming' AND lease_until < clock_timestamp() ORDER BY lease_until LIMIT 200
            """
        )
        return [Claim(*row) for row in cursor.fetchall()]


def saved(claim: Claim) -> Saved | None:
    """What was saved of an attempt whose lease has run out; None when it has ended, begun anew or found its writer."""
    row = (
        Reply.objects.filter(pk=claim.reply, attempt=claim.attempt, status=Status.STREAMING, lease_until__lt=Now())
        .values_list("seq", "text")
        .first()
    )
    return Saved(claim.reply, claim.attempt, *row) if row else None
