"""When a summary is due, which messages it adds, and how it is made.

It goes on from the summary before it, so that a thread costs one call for every so many messages, however long it gets.
Nothing waits for it: while none is there, an answer sees the newest messages.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from agents.errors import AgentError
from agents.summaries import SUMMARY_TOKENS, TEMPERATURE, clean_summary, summary_messages
from agents.tokens import Counter
from conversations.memory.asking import ask
from conversations.memory.steps import STEP_MESSAGES, AnySaid, read, settled, tokens, turn
from conversations.models import Conversation, Kind, Message, Role, Summary
from conversations.summaries import jobs
from conversations.summaries.keeping import keep
from conversations.summaries.recall import newest

logger = logging.getLogger(__name__)

# Due past so many messages or tokens that no summary holds yet.
MOST_MESSAGES = 20
MOST_TOKENS = 2_000
VERBATIM = 10  # the last messages, which stay as they were said
AT_LEAST = 5  # messages to add: a few long ones in a row would else make one call each
FEWEST = VERBATIM + AT_LEAST  # messages in no summary, before any is due
LEASE_BEYOND = 30.0  # seconds a lease outlasts the longest call
LOOK_BACK = timedelta(minutes=15)  # talks that were silent for longer wait until somebody speaks in them


@dataclass(frozen=True, slots=True)
class Step:
    """Messages to add to the summary `previous`, oldest first."""

    previous: Summary | None
    messages: Sequence[Message]


def summarise(conversation: uuid.UUID) -> bool:
    """Make the conversation's next summary, if one is due. True: it was made, and perhaps another is due.

    Any number of these may run at once: one of them does it. Failures are noted with the job.
    """
    wanted = due(conversation)
    if wanted is not None:
        jobs.plan(wanted)
    claim = jobs.claim(conversation, lease=settings.SUMMARY_SECONDS + LEASE_BEYOND)
    if claim is None:
        return False
    step = _step(claim)
    try:
        answer = ask(
            kind=Kind.SUMMARY,
            conversation=Conversation.objects.select_related("personality").get(pk=conversation),
            messages=summary_messages(step.previous.text if step.previous else "", map(turn, step.messages)),
            model=settings.SUMMARY_MODEL,
            temperature=TEMPERATURE,
            max_tokens=SUMMARY_TOKENS,
            seconds=settings.SUMMARY_SECONDS,
        )
    except AgentError as error:
        logger.warning("no summary of %s: %s, attempt %d", conversation, error.code, claim.attempt)
        jobs.put_off(
            claim,
            code=error.code,
            message=error.sentence,
            retryable=error.retryable,
            retry_after=error.retry_after,
        )
        return False
    text = clean_summary(answer.text)
    if text is None:
        jobs.put_off(claim, code="no_summary", message="The model answered with no summary.", retryable=True)
        return False
    covers = (step.previous.covers if step.previous else 0) + len(step.messages)
    model = settings.SUMMARY_MODEL or settings.OPENAI_MODEL
    return keep(claim, Summary(covers=covers, text=text, model=model, tokens=Counter().count(text)))


def due(conversation: uuid.UUID) -> jobs.Wanted | None:
    """The summary that the shown branch should get next, or None."""
    talk = Conversation.objects.filter(pk=conversation, trashed_at=None).only("head").first()
    if talk is None or talk.head_id is None:
        return None
    ids, count = _unsummarised(talk.head_id, limit=max(STEP_MESSAGES, MOST_MESSAGES))
    added = to_add(read(ids), count=count) if count >= FEWEST else None
    if not added:
        return None
    previous = newest(added[0].parent_id, within=None)
    return jobs.Wanted(conversation, added[-1].pk, previous.pk if previous else None, version=1)


def to_add(messages: Sequence[AnySaid], *, count: int) -> Sequence[AnySaid]:
    """Which of the messages that no summary holds yet the next one is to add; none, while it is not due.

    `messages` are the oldest of them, oldest first; `count` is how many there are.
    """
    if count < FEWEST or (count <= MOST_MESSAGES and sum(map(tokens, messages)) <= MOST_TOKENS):
        return []
    return _whole_exchanges(settled(messages[: min(STEP_MESSAGES, count - VERBATIM)]))


def sweep() -> list[uuid.UUID]:
    """Conversations to be summarised now: those with a job that nobody has, also where a task to plan one was lost."""
    jobs.give_up_lost()
    for conversation in _long_ones():
        wanted = due(conversation)
        if wanted is not None:
            jobs.plan(wanted)
    return jobs.ready()


def _long_ones() -> list[uuid.UUID]:
    """Talks of late with no job, long enough that a summary may be due."""
    now = timezone.now()
    return list(
        Conversation.objects.filter(
            trashed_at=None,
            summary_job=None,
            length__gte=FEWEST,
            last_active_at__gt=now - LOOK_BACK,
            last_active_at__lt=now - timedelta(seconds=30),
        )
        .order_by("-last_active_at")
        .values_list("pk", flat=True)[:200]
    )


# --- The messages of a step -------------------------------------------------------------------------------------


def _unsummarised(tip: uuid.UUID, *, limit: int) -> tuple[list[uuid.UUID], int]:
    """The oldest messages of the branch that no summary holds yet, at most `limit`; and how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE branch AS (
                SELECT id, parent_id, position,
                       EXISTS (SELECT FROM conversations_summary WHERE reaches_id = message.id) AS summed
                  FROM conversations_message AS message WHERE id = %s
                UNION ALL
                SELECT message.id, message.parent_id, message.position,
                       EXISTS (SELECT FROM conversations_summary WHERE reaches_id = message.id)
                  FROM branch, LATERAL (
                       SELECT id, parent_id, position FROM conversations_message WHERE id = branch.parent_id LIMIT 1
                       ) AS message
                 WHERE NOT summed
            ) SELECT id, count(*) OVER () FROM branch WHERE NOT summed ORDER BY position LIMIT %s
            """,
            [tip, limit],
        )
        rows = cursor.fetchall()
    return [row[0] for row in rows], rows[0][1] if rows else 0


def _step(claim: jobs.Claim) -> Step:
    """What a claim is about: the messages from its previous summary to the one it reaches."""
    previous = Summary.objects.filter(pk=claim.previous).first() if claim.previous else None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE branch AS (
                SELECT id, parent_id FROM conversations_message WHERE id = %s
                UNION ALL
                SELECT message.id, message.parent_id
                  FROM branch, LATERAL (
                       SELECT id, parent_id FROM conversations_message WHERE id = branch.parent_id LIMIT 1) AS message
                 WHERE message.id IS DISTINCT FROM %s
            ) SELECT id FROM branch
            """,
            [claim.reaches, previous.reaches_id if previous else None],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return Step(previous, read(ids))


def _whole_exchanges(messages: Sequence[AnySaid]) -> Sequence[AnySaid]:
    """These up to the last answer, so that what stays verbatim begins with a question; all, if there is no answer."""
    last = max((at for at, message in enumerate(messages) if message.role == Role.ASSISTANT), default=len(messages))
    return messages[: last + 1]
