"""What a model was sent for an answer, told from the answer's receipts: to the members who read it, and to staff.

There is one receipt for each attempt that asked the model: an answer that was asked to go on has several. A receipt
(agents.receipts) names messages and a summary by id. Neither is ever overwritten, so the request can be made again from
it, to the byte, and a digest tells whether it was. What was deleted since is said to be.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection
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

    status: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    duration_ms: int | None
    ended_at: str


class SentObject(TypedDict):
    """What one attempt sent. `calls`: the same was sent again where the endpoint did not answer."""

    attempt: int
    strategy: str
    counter: str
    budget: int
    reserve: int
    total: int
    over_budget: bool
    parts: list[PartObject]
    left: list[LeftObject]
    replay: str  # exact; missing: a part was deleted since; changed: not what was sent
    calls: list[CallObject]


class ReceiptObject(TypedDict):
    """`sent`: the attempts, oldest first; none for an answer that was never asked for."""

    reply: str
    status: str
    personality: Face
    version: int
    model: str
    temperature: float | None
    max_tokens: int | None
    sent: list[SentObject]
    created_at: str
    started_at: str | None
    finished_at: str | None
    first_token_ms: int | None
    total_ms: int | None


@dataclass(frozen=True, slots=True)
class Sources:
    """The rows that receipts name, as far as they are still there, by id."""

    messages: dict[str, Message]
    summaries: dict[str, Summary]

    def summary(self, receipt: Receipt) -> Summary | None:
        return self.summaries.get(receipt.summary.id) if receipt.summary else None


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
        sent=_sent(reply),
        created_at=reply.created_at.isoformat(),
        started_at=reply.started_at.isoformat() if reply.started_at else None,
        finished_at=reply.finished_at.isoformat() if reply.finished_at else None,
        first_token_ms=reply.first_token_ms,
        total_ms=reply.total_ms,
    )


def replay(reply: Reply) -> list[list[dict[str, str]] | None]:
    """The messages that each attempt of an answer sent, oldest first, made again from its receipt, to the byte.

    None in the place of one: a message or summary it names was deleted, or is not what it was.
    """
    receipts = _receipts(reply)
    sources = _sources(reply, receipts.values())
    rebuilt = [(receipt, _rebuilt(receipt, sources)) for receipt in receipts.values()]
    return [
        messages if messages and context.digest(messages) == receipt.digest else None for receipt, messages in rebuilt
    ]


def _receipts(reply: Reply) -> dict[int, Receipt]:
    """By attempt, oldest first."""
    earlier = {each["attempt"]: each["receipt"] for each in reply.earlier_receipts}
    last = {reply.attempt: reply.receipt} if reply.receipt else {}
    return {attempt: Receipt.from_json(kept) for attempt, kept in (earlier | last).items()}


def _sources(reply: Reply, receipts: Collection[Receipt]) -> Sources:
    named: set[str] = set()
    for receipt in receipts:
        named |= {part.id for part in (*receipt.turns, receipt.continues) if part}
        for left in receipt.left:
            named |= {left.newest, left.oldest or left.newest}
    messages = (
        Message.objects.filter(conversation=reply.conversation_id)
        .select_related("author", "reply__version")
        .in_bulk([uuid.UUID(pk) for pk in named])
    )
    summaries = Summary.objects.filter(conversation=reply.conversation_id).in_bulk(
        [uuid.UUID(receipt.summary.id) for receipt in receipts if receipt.summary]
    )
    return Sources(
        messages={str(pk): message for pk, message in messages.items()},
        summaries={str(pk): summary for pk, summary in summaries.items()},
    )


def _rebuilt(receipt: Receipt, sources: Sources) -> list[dict[str, str]] | None:
    summary = sources.summary(receipt)
    if receipt.summary and not summary:
        return None
    texts = {pk: message.text for pk, message in sources.messages.items()}
    try:
        return context.rebuild(receipt, texts, summary=summary.text if summary else "")
    except KeyError:
        return None


def _sent(reply: Reply) -> list[SentObject]:
    receipts, calls = _receipts(reply), _calls(reply)
    sources = _sources(reply, receipts.values())
    sent = []
    for attempt, receipt in receipts.items():
        rebuilt = _rebuilt(receipt, sources)
        exact = rebuilt is not None and context.digest(rebuilt) == receipt.digest
        sent.append(
            SentObject(
                attempt=attempt,
                strategy=receipt.strategy,
                counter=receipt.counter,
                budget=receipt.budget,
                reserve=receipt.reserve,
                total=receipt.total,
                over_budget=receipt.over_budget,
                parts=_parts(reply, receipt, sources),
                left=[_left(left, sources) for left in receipt.left],
                replay="exact" if exact else "changed" if rebuilt else "missing",
                calls=calls[attempt],
            )
        )
    return sent


def _parts(reply: Reply, receipt: Receipt, sources: Sources) -> list[PartObject]:
    parts = []
    if receipt.system:
        parts.append(_background("system", receipt.system_tokens, receipt.system, name=reply.version.name))
    if receipt.summary:
        summary = sources.summary(receipt)
        parts.append(_background("summary", receipt.summary.tokens, summary.text if summary else None))
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


def _calls(reply: Reply) -> defaultdict[int | None, list[CallObject]]:
    """By attempt."""
    calls = defaultdict(list)
    for row in Usage.objects.filter(reply=reply, kind=Kind.REPLY).order_by("pk"):
        calls[row.attempt].append(
            CallObject(
                status=row.status,
                model=row.model,
                prompt_tokens=row.prompt_tokens,
                completion_tokens=row.completion_tokens,
                estimated=row.estimated,
                duration_ms=row.duration_ms,
                ended_at=row.created_at.isoformat(),
            )
        )
    return calls
