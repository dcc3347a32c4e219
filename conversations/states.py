"""Every change of state of a reply. Each is one conditional UPDATE on (id, attempt, status): zero rows means you lost.

    waiting ──> queued ──> streaming ──> complete | stopped | interrupted | failed
       │          │ └────────<─ (nothing written yet: handed back, or taken back from a dead process)
       └──────────┴──> stopped | failed

Who changes more than a reply locks its conversation first, so that two changes never wait for each other.
All times of a lease are the database's: a machine with a wrong clock can neither keep nor steal one.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from conversations.models import ENDED, Conversation, Message, Reply, Status
from conversations.usage import Spent

MAX_ATTEMPTS = 2  # a reply that got no token out is tried once more


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write one answer, until the lease runs out."""

    reply: uuid.UUID
    conversation: uuid.UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the writing of an answer ended."""

    status: Status
    error_code: str = ""
    error_message: str = ""
    error_retryable: bool = False
    retry_after: float | None = None  # seconds
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_ms: int | None = None
    total_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What an end changed: the `rev` that shows it, and the one that shows the line moving up, where one waited."""

    rev: int
    line_rev: int | None


@dataclass(frozen=True, slots=True)
class Saved:
    """Text to save: `text` holds the events of the attempt up to `seq`."""

    reply: uuid.UUID
    attempt: int
    seq: int
    text: str


@dataclass(slots=True)
class Kept:
    """What a runner still holds, and which of it a member has asked to stop."""

    held: set[uuid.UUID] = field(default_factory=set)
    stopping: set[uuid.UUID] = field(default_factory=set)


def claim(*, owner: str, limit: int, lease: float) -> list[Claim]:
    """Take up to `limit` queued replies, oldest first, for `lease` seconds. Never waits for another claimer."""
    # Not `IN (SELECT ... SKIP LOCKED)`: Postgres may run that once for each row it takes, and each finds others.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH next AS MATERIALIZED (
                SELECT message_id FROM conversations_reply WHERE status = 'queued'
                 ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
            )
            UPDATE conversations_reply AS reply
               SET status = 'streaming', attempt = attempt + 1, lease_owner = %s, seq = 0,
                   lease_until = clock_timestamp() + make_interval(secs => %s),
                   started_at = coalesce(started_at, clock_timestamp())
              FROM next WHERE reply.message_id = next.message_id
            RETURNING reply.message_id, reply.conversation_id, reply.attempt
            """,
            [limit, owner, lease],
        )
        return [Claim(*row) for row in cursor.fetchall()]


def renew(*, claims: Sequence[Claim], lease: float) -> Kept:
    """Hold on to these for `lease` seconds from now. What is not in the answer is lost: stop writing it."""
    return _held(
        "lease_until = clock_timestamp() + make_interval(secs => %s)",
        "unnest(%s::uuid[], %s::int[]) AS new(id, attempt)",
        [lease, [claim.reply for claim in claims], [claim.attempt for claim in claims]],
    )


def checkpoint(*, saves: Sequence[Saved]) -> Kept:
    """Save what was written so far, all in one statement. What is not in the answer is lost: stop writing it."""
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
            UPDATE conversations_reply AS reply SET {assignments} FROM {source}
             WHERE reply.message_id = new.id AND reply.attempt = new.attempt AND reply.status = 'streaming'
            RETURNING reply.message_id, reply.stop_requested_at IS NOT NULL
            """,  # noqa: S608 - both parts are the constants above
            values,
        )
        for reply, stopping in cursor.fetchall():
            kept.held.add(reply)
            if stopping:
                kept.stopping.add(reply)
    return kept


def finish(
    *,
    reply: uuid.UUID,
    conversation: uuid.UUID,
    attempt: int,
    frm: Iterable[Status],
    text: str,
    outcome: Outcome,
    seq: int = 0,
    spent: Sequence[Spent] = (),
) -> Ended | None:
    """End a reply that is in one of `frm` at this attempt: its text moves to its message, the next in line moves up.

    `text` holds the events of the attempt up to `seq`; `spent` are its calls of the model.

    None: somebody else ended or took it; nothing was changed.
    """
    assert outcome.status in ENDED
    with transaction.atomic():
        rev = _next_rev(conversation)
        won = rev and Reply.objects.filter(pk=reply, attempt=attempt, status__in=list(frm)).update(
            status=outcome.status,
            lease_owner="",
            lease_until=None,
            text="",
            seq=seq,
            finished_at=Now(),
            error_code=outcome.error_code,
            error_message=outcome.error_message,
            error_retryable=outcome.error_retryable,
            retry_after=outcome.retry_after,
            finish_reason=outcome.finish_reason,
            prompt_tokens=outcome.prompt_tokens,
            completion_tokens=outcome.completion_tokens,
            first_token_ms=outcome.first_token_ms,
            total_ms=outcome.total_ms,
        )
        if not rev or not won:
            transaction.set_rollback(True)
            return None
        _say(reply, text, rev, spent)
        return Ended(rev=rev, line_rev=_move_up(conversation))


def hand_back(*, reply: uuid.UUID, conversation: uuid.UUID, attempt: int, spent: Sequence[Spent] = ()) -> int | None:
    """Put a reply of which nothing was written back into the queue, once. Returns the `rev` that shows it, or None."""
    with transaction.atomic():
        rev = _next_rev(conversation)
        won = Reply.objects.filter(
            pk=reply, attempt=attempt, attempt__lt=MAX_ATTEMPTS, status=Status.STREAMING, stop_requested_at=None
        ).update(status=Status.QUEUED, lease_owner="", lease_until=None, text="", seq=0, receipt={})
        if not rev or not won:
            transaction.set_rollback(True)
            return None
        _say(reply, None, rev, spent)
        return rev


def stopping(*, replies: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those of these that a member has asked to stop."""
    return list(
        Reply.objects.filter(pk__in=replies, status=Status.STREAMING, stop_requested_at__isnull=False).values_list(
            "pk", flat=True
        )
    )


def expired() -> list[tuple[Claim, float]]:
    """Replies whose writer has let its lease run out, each with the seconds since."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT message_id, conversation_id, attempt,
                   extract(epoch FROM clock_timestamp() - lease_until)::float8
              FROM conversations_reply
             WHERE status = 'streaming' AND lease_until < clock_timestamp() ORDER BY lease_until LIMIT 200
            """
        )
        return [(Claim(*row[:3]), row[3]) for row in cursor.fetchall()]


def saved(claim: Claim) -> Saved | None:
    """What was saved of an attempt that is still open; None when it has ended or another one has begun."""
    row = (
        Reply.objects.filter(pk=claim.reply, attempt=claim.attempt, status=Status.STREAMING)
        .values_list("seq", "text")
        .first()
    )
    return Saved(claim.reply, claim.attempt, *row) if row else None


def unblock() -> list[tuple[uuid.UUID, int]]:
    """Move up lines whose head ended without moving them (a second belt; finding one is worth a warning).

    Returns the conversations that moved, each with the `rev` that shows it.
    """
    stuck = (
        Reply.objects.filter(status=Status.WAITING)
        .exclude(
            conversation__in=Reply.objects.filter(status__in=[Status.QUEUED, Status.STREAMING]).values("conversation")
        )
        .values_list("conversation", flat=True)
        .distinct()[:200]
    )
    moved = []
    for conversation in list(stuck):
        with transaction.atomic():
            Conversation.objects.select_for_update().only("rev").get(pk=conversation)
            active = Reply.objects.filter(conversation=conversation, status__in=[Status.QUEUED, Status.STREAMING])
            rev = None if active.exists() else _move_up(conversation)
            if rev is not None:
                moved.append((conversation, rev))
    return moved


def _say(reply: uuid.UUID, text: str | None, rev: int, spent: Sequence[Spent]) -> None:
    """Its text, if it is final, to its message, and its calls of the model to the books, in one round trip."""
    columns: list[Any] = [
        [getattr(each, name) for each in spent]
        for name in ("status", "prompt_tokens", "completion_tokens", "estimated", "duration_ms")
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH said AS (UPDATE conversations_message SET text = coalesce(%s, text), rev = %s WHERE id = %s)
            INSERT INTO conversations_usage
                   (kind, user_id, conversation_id, reply_id, attempt, version_id, model, created_at,
                    status, prompt_tokens, completion_tokens, estimated, duration_ms)
            SELECT 'reply', asked_by_id, conversation_id, message_id, attempt, version_id, model, clock_timestamp(),
                   call.*
              FROM conversations_reply AS reply,
                   unnest(%s::text[], %s::int[], %s::int[], %s::bool[], %s::int[]) AS call
             WHERE message_id = %s
            """,
            [text, rev, reply, *columns, reply],
        )


def _next_rev(conversation: uuid.UUID) -> int | None:
    """Count one more visible change. Locks the conversation until the transaction ends; None when it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_conversation SET rev = rev + 1 WHERE id = %s RETURNING rev", [conversation]
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _move_up(conversation: uuid.UUID) -> int | None:
    """Queue the first in line if nobody is before it, and mark all in line as changed, since each has a new place.

    The caller locks. Returns the `rev` that shows it, or None when nobody waits.
    """
    line = list(
        Reply.objects.filter(conversation=conversation, status=Status.WAITING)
        .order_by("message__position")
        .values_list("pk", flat=True)
    )
    rev = _next_rev(conversation) if line else None
    if rev is not None:
        active = Reply.objects.filter(conversation=conversation, status__in=[Status.QUEUED, Status.STREAMING])
        if not active.exists():  # one who left the middle of the line makes no room at its head
            Reply.objects.filter(pk=line[0], status=Status.WAITING).update(status=Status.QUEUED)
        Message.objects.filter(pk__in=line).update(rev=rev)
    return rev
