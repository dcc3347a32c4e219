"""What the model is told for one reply: the rows of its branch become turns, the turns a context, and the account of it
is kept with the reply before the model is asked.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from agents import context, prompts
from agents.publishing import published
from agents.strategies import STRATEGIES
from agents.tokens import Counter
from conversations.models import Message, Reply, Role, Status
from conversations.states import Claim
from conversations.summaries.recall import newest
from conversations.usage import counter_of

PAGE, LARGEST_PAGE = 30, 120  # messages read at once: few to begin with, more for a strategy that looks far back
# Of a reply, its question and its conversation: whole rows of so many columns take three times as long.
_READ = (
    "version_id", "message__rev", "message__parent__role", "message__parent__text", "message__parent__parent_id",
    "conversation__title", "conversation__length",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Brief:
    """What to ask; the `rev` at which every reader has the message to be written; and what may follow the answer: a
    title where there is none, a summary where the conversation has become long.
    """

    messages: list[dict[str, str]]
    model: str
    temperature: float | None
    max_tokens: int
    counted_tokens: int
    counter: Counter
    rev: int
    untitled: bool
    length: int  # messages of the conversation


def prepare(claim: Claim, *, default_model: str) -> Brief | None:
    """Read the branch, build the context, keep the receipt. None: the reply is not ours any more."""
    reply = (
        Reply.objects.select_related("message__parent", "conversation")
        .only(*_READ)
        .filter(pk=claim.reply, attempt=claim.attempt, status=Status.STREAMING)
        .first()
    )
    if reply is None:
        return None
    version = published(reply.version_id)
    model = version.model or default_model
    question = reply.message.parent
    assert question is not None, "an answer follows a member's message"
    counter = _counter(model, question.parent_id)
    summary = newest(question.parent_id)
    built = context.build(
        system=prompts.system_prompt(version.persona),
        turns=_turns(question),
        question=context.Turn(id=str(question.pk), role=question.role, text=question.text),
        budget=version.context_budget,
        reserve=version.max_tokens,
        summary=context.Summary(str(summary.pk), summary.text, str(summary.reaches_id)) if summary else None,
        partial=context.Turn(id=str(claim.reply), role=Role.ASSISTANT, text=claim.text) if claim.text else None,
        counter=counter,
        strategy=STRATEGIES[version.strategy],
    )
    parameters = {"temperature": version.temperature, "max_tokens": version.max_tokens}
    Reply.objects.filter(pk=claim.reply, attempt=claim.attempt, status=Status.STREAMING).update(
        model=model, parameters=parameters, receipt=built.receipt.as_json()
    )
    return Brief(
        messages=built.messages,
        model=model,
        temperature=version.temperature,
        max_tokens=version.max_tokens,
        counted_tokens=built.receipt.total,
        counter=counter,
        rev=reply.message.rev,
        untitled=not reply.conversation.title,
        length=reply.conversation.length,
    )


def _counter(model: str, before: uuid.UUID | None) -> Counter:
    """The one that was right for the answer before, to which much the same was sent; else what is known of the model.

    Languages differ more than models do, and a conversation seldom changes its own.
    """
    if before is None:
        return counter_of(model)
    with connection.cursor() as cursor:
        # One that went on has the sum of its runs, and the receipt of the last.
        cursor.execute(
            """
            SELECT receipt ->> 'counter', (receipt ->> 'total')::int, prompt_tokens FROM conversations_reply
             WHERE message_id = %s AND model = %s AND earlier_attempts = 0
               AND prompt_tokens IS NOT NULL AND receipt ? 'total'
            """,
            [before, model],
        )
        row = cursor.fetchone()
    if row is None:
        return counter_of(model)
    name, counted, reported = row
    return Counter.named(name).fitted(counted, reported)


def _turns(question: Message) -> Iterator[context.Turn]:
    """The turns before the question, newest first. Read by the page, so that a long thread costs what is used of it."""
    tip, size = question.parent_id, PAGE
    while tip is not None:
        rows = _page_up(tip, size)
        for pk, role, text, _ in rows:
            if text:
                yield context.Turn(id=str(pk), role=role, text=text)
        tip, size = rows[-1][3] if rows else None, min(2 * size, LARGEST_PAGE)


def _page_up(tip: uuid.UUID, size: int) -> list[tuple[uuid.UUID, str, str, uuid.UUID | None]]:
    """(id, role, text, parent) of a page of messages from `tip` up, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE branch AS (
                SELECT id, role, text, parent_id, 1 AS depth FROM conversations_message WHERE id = %s
                UNION ALL
                SELECT message.id, message.role, message.text, message.parent_id, depth + 1
                  FROM conversations_message AS message JOIN branch ON message.id = branch.parent_id
                 WHERE depth < %s
            ) SELECT id, role, text, parent_id FROM branch ORDER BY depth
            """,
            [tip, size],
        )
        rows: list[tuple[uuid.UUID, str, str, uuid.UUID | None]] = cursor.fetchall()
    return rows
