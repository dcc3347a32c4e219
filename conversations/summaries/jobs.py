"""The row that says which summary a conversation is to get next: claimed, given back, given up, done.

One row a conversation, whose work is leased (`leases.py`).
"""

import uuid
from dataclasses import dataclass

from django.db import connection

from conversations.models import SummaryJob
from conversations.summaries.leases import Leases

GROWN = 10  # messages written since it was given up, after which it is worth trying again

_leases = Leases("conversations_summaryjob", "conversation_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A summary to be made: up to the message `reaches`, going on from the summary `previous`, as this version."""

    conversation: uuid.UUID
    reaches: uuid.UUID
    previous: uuid.UUID | None
    version: int


@dataclass(frozen=True, slots=True)
class Claim(Wanted):
    """The right to make it, until the lease runs out."""

    attempt: int


def plan(wanted: Wanted, *, grown: int | None = GROWN) -> bool:
    """Note that this summary is wanted. False: one of the conversation is on its way, or was given up a while ago.

    One that was given up makes room once `grown` more messages were written, since what stood in its way may be gone;
    with None at once.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO conversations_summaryjob AS job
                   (conversation_id, reaches_id, previous_id, version, attempt, error_code, error_message)
            VALUES (%s, %s, %s, %s, 0, '', '')
            ON CONFLICT (conversation_id) DO UPDATE
               SET reaches_id = excluded.reaches_id, previous_id = excluded.previous_id, version = excluded.version,
                   attempt = 0, due_at = clock_timestamp(), given_up_at = NULL, error_code = '', error_message = ''
             WHERE job.given_up_at IS NOT NULL
               AND (%s::int IS NULL OR
                    (SELECT position FROM conversations_message WHERE id = excluded.reaches_id)
                    >= (SELECT position FROM conversations_message WHERE id = job.reaches_id) + %s)
            """,
            [wanted.conversation, wanted.reaches, wanted.previous, wanted.version, grown, grown],
        )
        return bool(cursor.rowcount)


def again(job: SummaryJob) -> bool:
    """Try anew what was given up. False: it was not, or no longer: it is on its way."""
    return plan(Wanted(job.conversation_id, job.reaches_id, job.previous_id, job.version), grown=None)


def claim(conversation: uuid.UUID, *, lease: float) -> Claim | None:
    """Take the conversation's job for `lease` seconds. None: there is none, or somebody has it, or it is not yet due.

    One whose summary is there already (it was planned by who did not know yet) goes.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM conversations_summaryjob AS job WHERE conversation_id = %s AND EXISTS
                   (SELECT FROM conversations_summary AS made
                     WHERE made.reaches_id = job.reaches_id AND made.version >= job.version)
            """,
            [conversation],
        )
    attempt = _leases.take(conversation, seconds=lease)
    job = SummaryJob.objects.filter(pk=conversation, attempt=attempt).first() if attempt else None
    return Claim(conversation, job.reaches_id, job.previous_id, job.version, job.attempt) if job else None


def ready() -> list[uuid.UUID]:
    """Conversations whose job may be claimed now."""
    return _leases.ready()


def finish(claim: Claim) -> bool:
    """Take the job away: its summary is being stored, in this transaction. False: the claim is lost."""
    mine = SummaryJob.objects.filter(
        conversation=claim.conversation, reaches=claim.reaches, version=claim.version, attempt=claim.attempt
    )
    return bool(mine.delete()[0])


def put_off(claim: Claim, *, code: str, message: str, retryable: bool, retry_after: float | None = None) -> None:
    """It failed: try again later, each time later; or give up, at once where trying again is no use."""
    mine = {"conversation_id": claim.conversation, "reaches_id": claim.reaches, "version": claim.version}
    _leases.put_off(
        mine, attempt=claim.attempt, code=code, message=message, retryable=retryable, retry_after=retry_after
    )


def give_up_lost() -> None:
    """Give up those whose last attempt died with its worker."""
    _leases.give_up_lost()
