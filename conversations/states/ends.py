"""The end of a reply, and the ways back from it: handed back to the queue, or asked to go on."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Now

from conversations.models import ENDED, Reply, Status
from conversations.states.line import move_up, next_rev
from conversations.usage import Spent

MAX_ATTEMPTS = 2  # a reply that got no token out is tried once more, each time that it was asked for

# How an answer may have ended that can be gone on with.
UNFINISHED = Q(status__in=[Status.STOPPED, Status.INTERRUPTED]) | Q(status=Status.COMPLETE, finish_reason="length")


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
    """What an end changed: the `rev` that shows it, and the one that shows the line moving up, where one waited.

    `tokens` are those of the prompts and of the answer, of all its runs, as far as the endpoint told.
    """

    rev: int
    line_rev: int | None
    tokens: tuple[int | None, int | None] = (None, None)


def finish(
    *,
    reply: uuid.UUID,
    conversation: uuid.UUID,
    attempt: int,
    frm: Iterable[Status],
    text: str | None,
    outcome: Outcome,
    seq: int = 0,
    spent: Sequence[Spent] = (),
    seen: int | None = None,
) -> Ended | None:
    """End a reply that is in one of `frm` at this attempt: its text moves to its message, the next in line moves up.

    `text` holds the events of the attempt up to `seq`; None: what its message says stays. `spent` are its calls of the
    model. What the outcome took is added to what earlier runs of the same answer took. `seen`: only if no event after
    this one was saved.

    None: somebody else ended or took it; nothing was changed.
    """
    assert outcome.status in ENDED
    with transaction.atomic():
        rev = next_rev(conversation)
        won = rev and Reply.objects.filter(_as(seen), pk=reply, attempt=attempt, status__in=list(frm)).update(
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
            prompt_tokens=_added("prompt_tokens", outcome.prompt_tokens),
            completion_tokens=_added("completion_tokens", outcome.completion_tokens),
            first_token_ms=Coalesce(F("first_token_ms"), outcome.first_token_ms),
            total_ms=_added("total_ms", outcome.total_ms),
        )
        if not rev or not won:
            transaction.set_rollback(True)
            return None
        took = _say(reply, text, rev, spent)
        return Ended(rev=rev, line_rev=move_up(conversation), tokens=took)


def hand_back(
    *, reply: uuid.UUID, conversation: uuid.UUID, attempt: int, spent: Sequence[Spent] = (), seen: int | None = None
) -> int | None:
    """Put a reply to which nothing was added back into the queue, once. Returns the `rev` that shows it, or None.

    `seen` as in `finish`.
    """
    with transaction.atomic():
        rev = next_rev(conversation)
        won = Reply.objects.filter(
            _as(seen),
            pk=reply,
            attempt=attempt,
            attempt__lt=F("earlier_attempts") + MAX_ATTEMPTS,
            status=Status.STREAMING,
            stop_requested_at=None,
        ).update(status=Status.QUEUED, lease_owner="", lease_until=None, text="", seq=0)
        if not rev or not won:
            transaction.set_rollback(True)
            return None
        _say(reply, None, rev, spent)
        return rev


def go_on(*, reply: uuid.UUID, attempt: int, status: Status, continued: Sequence[uuid.UUID]) -> bool:
    """Ask for more of an answer that ended at this attempt before it was whole: it becomes `status` with its text.

    The caller holds the conversation. False: it is open, whole or empty; nothing was changed.
    """
    return bool(
        Reply.objects.filter(UNFINISHED, pk=reply, attempt=attempt)
        .exclude(message__text="")
        .update(
            status=status,
            earlier_attempts=F("attempt"),
            continued=list(continued),
            seq=0,
            finished_at=None,
            stop_requested_at=None,
            error_code="",
            error_message="",
            error_retryable=False,
            retry_after=None,
            finish_reason="",
            follow_ups=[],
        )
    )


def _as(seen: int | None) -> Q:
    return Q() if seen is None else Q(seq=seen)


def _added(field: str, value: int | None) -> Combinable:
    return F(field) if value is None else Coalesce(F(field), 0) + value


def _say(reply: uuid.UUID, text: str | None, rev: int, spent: Sequence[Spent]) -> tuple[int | None, int | None]:
    """Its text, if it is final, to its message, and its calls of the model to the books, in one round trip.

    Returns the tokens of its prompts and of its text, of all its runs.
    """
    columns: list[Any] = [
        [getattr(each, name) for each in spent]
        for name in ("status", "prompt_tokens", "completion_tokens", "estimated", "duration_ms")
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH said AS (
                UPDATE conversations_message SET text = coalesce(%s, text), rev = %s WHERE id = %s
            ), booked AS (
                INSERT INTO conversations_usage
                       (kind, user_id, conversation_id, reply_id, attempt, version_id, model, created_at,
                        status, prompt_tokens, completion_tokens, estimated, duration_ms)
                SELECT 'reply', asked_by_id, conversation_id, message_id, attempt, version_id, model, clock_timestamp(),
                       call.*
                  FROM conversations_reply AS reply,
                       unnest(%s::text[], %s::int[], %s::int[], %s::bool[], %s::int[]) AS call
                 WHERE message_id = %s
            ) SELECT prompt_tokens, completion_tokens FROM conversations_reply WHERE message_id = %s
            """,
            [text, rev, reply, *columns, reply, reply],
        )
        prompt, completion = cursor.fetchone()
    return prompt, completion
