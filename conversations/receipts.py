"""What a model was sent for an answer, told from the answer's receipt: to the members who read it, and to staff.

A receipt (agents.receipts) names messages and a summary by id. Neither is ever overwritten, so the request can be made
again from it, to the byte, and a digest tells whether it was. What was deleted since is said to be.
"""

import uuid
from dataclasses import dataclass
from typing import TypedDict

from accounts.models import User
from agents import context
from agents.receipts import REASONS, Left, Receipt
from conversations.errors import NotFound
from conversations.models import Kind, Message, Reply, Role, Summary, Usage
from conversations.snapshots import face
from conversations.wire import Face


class PartObject(TypedDict):
    """A part of what was sent. `gap`: messages before it were left out."""

    kind: str  # system, summary, turn, question, or continued: the answer so far, and the words that ask for more
    role: str
    name: str
    tokens: int
    text: str | None  # null: it was deleted since
    position: int | None  # of a message, in the order of writing
    gap: bool


class LeftObject(TypedDict):
    """Messages that were not sent: `count` of them from `first` to `last`, or all up to `last`."""

    reason: str
    count: int | None
    first: int | None
    last: int | None


class CallObject(TypedDict):
    """One request to the endpoint. Tokens as reported or, when `estimated`, by our own count."""

    attempt: int | None
    status: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    duration_ms: int | None
    ended_at: str


class SentObject(TypedDict):
    strategy: str
    counter: str
    budget: int
    reserve: int
    total: int
    over_budget: bool
    parts: list[PartObject]
    left: list[LeftObject]
    replay: str  # exact; missing: a part was deleted since; changed: not what was sent


class ReceiptObject(TypedDict):
    """`sent` is null for an answer that was never asked for."""

    reply: str
    status: str
    personality: Face
    version: int
    model: str
    temperature: float | None
    max_tokens: int | None
    sent: SentObject | None
    calls: list[CallObject]
    created_at: str
    started_at: str | None
    finished_at: str | None
    first_token_ms: int | None
    total_ms: int | None


@dataclass(frozen=True, slots=True)
class Sources:
    """The rows a receipt names, as far as they are still there: messages by id, and the summary."""

    messages: dict[str, Message]
    summary: Summary | None


def read(user: User, reply: uuid.UUID) -> ReceiptObject:
    """What was sent for an answer of a conversation this member takes part in. Raises NotFound."""
    found = (
        Reply.objects.select_related("version__personality")
        .filter(message__in=Message.objects.visible_to(user).filter(pk=reply))
        .first()
    )
    if found is None:
        raise NotFound("answer")
    return account(found)


def account(reply: Reply) -> ReceiptObject:
    """The same of any answer, which was loaded with its version and personality."""
    return ReceiptObject(
        reply=str(reply.pk),
        status=reply.status,
        personality=face(reply.version.personality.slug, reply.version),
        version=reply.version.number,
        model=reply.model,
        temperature=reply.parameters.get("temperature"),
        max_tokens=reply.parameters.get("max_tokens"),
        sent=_sent(reply) if reply.receipt else None,
        calls=_calls(reply),
        created_at=reply.created_at.isoformat(),
        started_at=reply.started_at.isoformat() if reply.started_at else None,
        finished_at=reply.finished_at.isoformat() if reply.finished_at else None,
        first_token_ms=reply.first_token_ms,
        total_ms=reply.total_ms,
    )


def replay(reply: Reply) -> list[dict[str, str]] | None:
    """The messages that were sent for an answer, made again from its receipt, to the byte.

    None: it was never asked for, or a message or summary it names was deleted, or is not what it was.
    """
    if not reply.receipt:
        return None
    receipt = Receipt.from_json(reply.receipt)
    messages = _rebuilt(receipt, _sources(reply, receipt))
    return messages if messages and context.digest(messages) == receipt.digest else None


def _sources(reply: Reply, receipt: Receipt) -> Sources:
    named = {part.id for part in (*receipt.turns, receipt.continues) if part}
    for left in receipt.left:
        named |= {left.newest, left.oldest or left.newest}
    messages = (
        Message.objects.filter(conversation=reply.conversation_id)
        .select_related("author", "reply__version")
        .in_bulk([uuid.UUID(pk) for pk in named])
    )
    return Sources(
        messages={str(pk): message for pk, message in messages.items()},
        summary=Summary.objects.filter(conversation=reply.conversation_id, pk=receipt.summary.id).first()
        if receipt.summary
        else None,
    )


def _rebuilt(receipt: Receipt, sources: Sources) -> list[dict[str, str]] | None:
    if receipt.summary and not sources.summary:
        return None
    texts = {pk: message.text for pk, message in sources.messages.items()}
    try:
        return context.rebuild(receipt, texts, summary=sources.summary.text if sources.summary else "")
    except KeyError:
        return None


def _sent(reply: Reply) -> SentObject:
    receipt = Receipt.from_json(reply.receipt)
    sources = _sources(reply, receipt)
    rebuilt = _rebuilt(receipt, sources)
    exact = rebuilt is not None and context.digest(rebuilt) == receipt.digest
    return SentObject(
        strategy=receipt.strategy,
        counter=receipt.counter,
        budget=receipt.budget,
        reserve=receipt.reserve,
        total=receipt.total,
        over_budget=receipt.over_budget,
        parts=_parts(reply, receipt, sources),
        left=[_left(left, sources) for left in receipt.left],
        replay="exact" if exact else "changed" if rebuilt else "missing",
    )


def _parts(reply: Reply, receipt: Receipt, sources: Sources) -> list[PartObject]:
    parts = []
    if receipt.system:
        parts.append(_background("system", receipt.system_tokens, receipt.system, name=reply.version.name))
    if receipt.summary:
        text = sources.summary.text if sources.summary else None
        parts.append(_background("summary", receipt.summary.tokens, text))
    for turn in receipt.turns:
        message = sources.messages.get(turn.id)
        parts.append(
            PartObject(
                kind="question" if turn is receipt.question else "turn",
                role=turn.role,
                name=_name(message) if message else "",
                tokens=turn.tokens,
                text=message.text[: turn.chars] if message else None,
                position=message.position if message else None,
                gap=turn.gap,
            )
        )
    if more := receipt.continues:
        message = sources.messages.get(more.id)
        parts.append(
            PartObject(
                kind="continued",
                role=Role.ASSISTANT,
                name=_name(message) if message else "",
                tokens=more.tokens,
                text=f"{message.text[more.cut : more.chars]}{context.JOIN}{more.words}" if message else None,
                position=message.position if message else None,
                gap=False,
            )
        )
    return parts


def _background(kind: str, tokens: int, text: str | None, *, name: str = "") -> PartObject:
    return PartObject(kind=kind, role="system", name=name, tokens=tokens, text=text, position=None, gap=False)


def _name(message: Message) -> str:
    """Who wrote it: a member, or the personality as it was then."""
    if message.role == Role.ASSISTANT:
        return message.reply.version.name
    return message.author.display_name if message.author else ""


def _left(left: Left, sources: Sources) -> LeftObject:
    newest, oldest = sources.messages.get(left.newest), sources.messages.get(left.oldest or "")
    return LeftObject(
        reason=REASONS.get(left.reason, left.reason),
        count=left.count,
        first=oldest.position if oldest else None,
        last=newest.position if newest else None,
    )


def _calls(reply: Reply) -> list[CallObject]:
    rows = Usage.objects.filter(reply=reply, kind=Kind.REPLY).order_by("pk")
    return [
        CallObject(
            attempt=row.attempt,
            status=row.status,
            prompt_tokens=row.prompt_tokens,
            completion_tokens=row.completion_tokens,
            estimated=row.estimated,
            duration_ms=row.duration_ms,
            ended_at=row.created_at.isoformat(),
        )
        for row in rows
    ]
