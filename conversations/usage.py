"""What each call of a model cost, and the books it is written into.

A call that ended well costs what the provider reports. For every other call, and for a provider that reports nothing,
we count: what was sent and what was received, by our own estimate (agents.tokens), and the row says so. A call that the
endpoint refused before it began costs nothing; one that ran out of time or broke off costs what was sent.

No call goes missing with the process that made it. An answer's receipt is stored before the model is asked, so whoever
takes it over, or erases it, can tell what was sent. Any other call is on the books before it is made, as one that broke
off, until it has ended.
"""

import time
import uuid
from dataclasses import asdict, dataclass, field

from django.db.models.functions import Now

from accounts.models import User
from agents.errors import AgentError, TimedOut, Unfinished
from agents.stream import Usage as Reported
from agents.tokens import Counter
from conversations.models import Conversation, Kind, Reply, Status, Usage

# How this process counts tokens, by model: it learns from what endpoints report. Losing it costs some accuracy.
_counters: dict[str, Counter] = {}


def counter_of(model: str) -> Counter:
    """What this process knows of how many tokens a model makes of a text."""
    return _counters.get(model, Counter())


def learn(model: str, used: Counter, *, counted: int, reported: int) -> None:
    """Take note of a request that was `counted` by `used`, and `reported` by the endpoint."""
    if (fitted := used.fitted(counted, reported)) is not used:
        _counters[model] = counter_of(model).learned(fitted)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one call cost, in tokens, and how it ended."""

    status: Status
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    duration_ms: int | None = None


@dataclass(slots=True)
class Call:
    """A call while it lasts: `sent` are the tokens of what was sent, by our count; `received` are pieces of text."""

    sent: int
    counter: Counter
    received: list[str] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def end(self, status: Status, *, reported: Reported | None = None, error: AgentError | None = None) -> Spent:
        """What it cost, now that it ended. A report counts only for an answer that is whole."""
        took_it = error is None or self.received or isinstance(error, TimedOut | Unfinished)
        whole = reported if status is Status.COMPLETE else None
        return Spent(
            status=status,
            prompt_tokens=whole.prompt_tokens if whole else self.sent if took_it else 0,
            completion_tokens=whole.completion_tokens if whole else self.counter.count("".join(self.received)),
            estimated=whole is None,
            duration_ms=round((time.monotonic() - self.since) * 1000),
        )


def begin(
    *,
    kind: Kind,
    call: Call,
    model: str,
    conversation: Conversation,
    reply: Reply | None = None,
    user: User | None = None,
) -> Usage:
    """Write down a call that is no answer's own, before it is made: a title, a summary, a recap, follow-up questions.

    It is put down to `user`, else to whoever asked for the reply it belongs to, else to the conversation's owner; and
    to the reply's version, else to the one that is published now of who answers there: without a `reply`, load the
    conversation with its personality. Until `settle` it stands there as one that broke off.
    """
    return Usage.objects.create(
        kind=kind,
        user_id=user.pk if user else reply.asked_by_id if reply else conversation.owner_id,
        conversation=conversation,
        reply=reply,
        version_id=reply.version_id if reply else conversation.personality.published_id,
        model=model,
        prompt_tokens=call.sent,
        completion_tokens=0,
        estimated=True,
        status=Status.INTERRUPTED,
    )


def settle(row: Usage, spent: Spent) -> None:
    """Write down what it cost in the end. What it was for may be erased by now."""
    Usage.objects.filter(pk=row.pk).update(created_at=Now(), **asdict(spent))


def left_behind(reply: uuid.UUID, text: str) -> list[Spent]:
    """What the writer of this reply spent before it died, as far as its row knows: nothing, if it had not asked yet.

    `text` is what it had received; it is counted as its writer would have.
    """
    row = Reply.objects.filter(pk=reply).values_list("receipt", flat=True).first()
    if not row:
        return []
    return [Spent(Status.INTERRUPTED, row["total"], Counter.named(row["counter"]).count(text), estimated=True)]
