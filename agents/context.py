"""Builds what a model gets to see of a conversation, and writes down what that was.

The system prompt and the question are always in, whole. What is left of the budget, less the room kept for the answer,
goes to what was said before. A strategy (see `agents.strategies`) chooses it; this module puts the choice in order of
time and keeps account. Nothing is ever cut inside a message: half a sentence misleads a model more than none.

Turns that follow each other with the same role (after an answer that failed, or around one that was left out) are sent
as one message, since strict chat templates refuse two; where something between them was left out, a mark says so.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agents.continuing import asked_for_more, continuation
from agents.prompts import SUMMARY_FOLLOWS, quoted
from agents.receipts import Left, Receipt, Sent, SentPartial, SentSummary
from agents.tokens import TOKENS_PER_MESSAGE, Counter

JOIN = "\n\n"  # between turns that are sent as one message
GAP = "\n\n[…]\n\n"  # the same, where something between them was left out


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation. `role` is user or assistant, `author` the name of who wrote it, where it helps
    to know: summaries say who said what."""

    id: str
    role: str
    text: str
    author: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands for everything said on a branch, up to and including the message `reaches` (its id)."""

    id: str
    text: str
    reaches: str


class Past:
    """The turns before the question, newest first, read once and only as far as somebody looks.

    Messages with no text (an answer that failed) are no turns.
    """

    def __init__(self, turns: Iterable[Turn], counter: Counter) -> None:
        self._unread = (turn for turn in turns if turn.text)
        self._read: list[Turn] = []
        self._counter = counter
        self._tokens: dict[int, int] = {}

    def __iter__(self) -> Iterator[Turn]:
        at = 0
        while self.has(at):
            yield self._read[at]
            at += 1

    def __getitem__(self, at: int) -> Turn:
        """The turn at this place, 0 being the newest. Raises: IndexError."""
        self.has(at)
        return self._read[at]

    def has(self, at: int) -> bool:
        """Whether there are turns up to this place."""
        while len(self._read) <= at:
            turn = next(self._unread, None)
            if turn is None:
                return False
            self._read.append(turn)
        return True

    def tokens(self, at: int) -> int:
        """What the turn at this place takes at most, as a message of its own or as part of one."""
        if at not in self._tokens:
            self._tokens[at] = _most(self._counter, self[at].text)
        return self._tokens[at]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a strategy may choose from, and the tokens there is room for."""

    question: Turn
    past: Past
    summary: Summary | None
    summary_tokens: int  # of the room, if the strategy takes the summary
    room: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What a strategy chose: indices into the past (0 is the newest turn), and whether the summary is sent.

    `left` is the account of everything else, newest first.
    """

    strategy: str
    turns: Sequence[int]
    summary: bool = False
    left: Sequence[Left] = ()


Strategy = Callable[[Offer], Choice]


@dataclass(frozen=True, slots=True)
class Context:
    messages: list[dict[str, str]]
    receipt: Receipt


@dataclass(slots=True)
class _Draft:
    """Messages as they are put together, with the tokens of each part."""

    counter: Counter
    messages: list[dict[str, str]] = field(default_factory=list)

    def add(self, role: str, text: str, *, gap: bool = False) -> int:
        """Append a turn, to the last message if that has its role. Returns the tokens it takes."""
        if self.messages and self.messages[-1]["role"] == role:
            text = (GAP if gap else JOIN) + text
            self.messages[-1]["content"] += text
            return self.counter.count(text)
        self.messages.append({"role": role, "content": text})
        return self.counter.message(text)


def build(
    *,
    system: str,
    turns: Iterable[Turn],
    question: Turn,
    budget: int,
    reserve: int,
    counter: Counter,
    strategy: Strategy,
    summary: Summary | None = None,
    partial: Turn | None = None,
) -> Context:
    """The messages to send, in order of time, and their receipt.

    `turns` come newest first and do not contain `question`; they are read only as far as the strategy looks. `budget`
    is in tokens and includes `reserve`, the part that is kept for the answer. `summary` is the newest that is true on
    this branch; a strategy may do without. `partial` is the answer so far, when it is asked to go on: it comes after
    the question, its end in any case, in no more than half of what is not kept for the answer.
    """
    system_tokens = counter.message(system) if system else 0
    summary_tokens = counter.message(_background(" ", summary.text)) if summary else 0
    more = continuation(partial.text, room=(budget - reserve) // 2, counter=counter) if partial else None
    room = budget - reserve - system_tokens - _most(counter, question.text) - (more.tokens if more else 0)
    past = Past(turns, counter)
    choice = strategy(Offer(question, past, summary, summary_tokens, max(room, 0)))
    sent_summary = None
    draft = _Draft(counter)
    if summary and choice.summary:
        sent_summary = SentSummary(id=summary.id, tokens=summary_tokens, reaches=summary.reaches)
    instructions = _background(system, summary.text) if summary and choice.summary else system
    if instructions:
        draft.messages.append({"role": "system", "content": instructions})
    chosen = [*((past[at], at) for at in sorted(choice.turns, reverse=True)), (question, -1)]
    sent: list[Sent] = []
    newer = chosen[0][1]  # what came before the first is no gap: nothing stands before it
    for turn, at in chosen:
        gap = newer - at > 1
        tokens = draft.add(turn.role, turn.text, gap=gap)
        sent.append(Sent(id=turn.id, role=turn.role, tokens=tokens, chars=len(turn.text), gap=gap))
        newer = at
    continues = None
    if partial and more:
        draft.messages += more.messages
        continues = SentPartial(partial.id, len(partial.text), more.cut, more.messages[-1]["content"], more.tokens)
    parts = [part.tokens for part in (*sent, sent_summary, continues) if part]
    receipt = Receipt(
        strategy=choice.strategy,
        counter=str(counter),
        budget=budget,
        reserve=reserve,
        system=system,
        system_tokens=system_tokens,
        summary=sent_summary,
        turns=tuple(sent),
        left=tuple(choice.left),
        continues=continues,
        total=system_tokens + sum(parts),
        over_budget=room < 0,
        digest=digest(draft.messages),
    )
    return Context(draft.messages, receipt)


def rebuild(receipt: Receipt, texts: dict[str, str], *, summary: str = "") -> list[dict[str, str]]:
    """The messages that a receipt is about, from the texts of its turns by id, and of its summary. To the byte.

    A text that has grown since (an answer that was continued) counts as far as it was sent. Whether the outcome is what
    was sent is for `digest` to say. Raises: KeyError when a text is missing.
    """
    system = _background(receipt.system, summary) if receipt.summary else receipt.system
    draft = _Draft(Counter())
    if system:
        draft.messages.append({"role": "system", "content": system})
    for turn in receipt.turns:
        draft.add(turn.role, texts[turn.id][: turn.chars], gap=turn.gap)
    if more := receipt.continues:
        draft.messages += asked_for_more(texts[more.id][: more.chars], cut=more.cut, words=more.words)
    return draft.messages


def digest(messages: Sequence[dict[str, str]]) -> str:
    """SHA-256 of the messages as compact JSON in UTF-8: two requests with the same digest said the same."""
    data = json.dumps(messages, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()


def _most(counter: Counter, text: str) -> int:
    # Alone, or behind a gap. Not counted twice: it is done for all that a strategy looks at.
    return counter.count(text) + max(TOKENS_PER_MESSAGE, counter.count(GAP))


def _background(system: str, summary: str) -> str:
    # Within the system message, not as one of its own: many chat templates know only one, at the start.
    told = f"{SUMMARY_FOLLOWS}\n{quoted(summary)}"
    return f"{system}\n\n{told}" if system else told
