"""Chooses what of a conversation a model gets to see, and writes down what it chose.

The system prompt and the question are always in, whole. What is left of the budget goes to what was said before, chosen
by a strategy: a function that takes the turns, newest first, and the tokens there is room for, and returns a Choice. It
gets the turns as an iterator and should stop when it has enough, so that a thread of 100,000 messages costs what its
window costs. Nothing is ever cut inside a message: half a sentence misleads a model more than none.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from agents.prompts import SUMMARY_FOLLOWS
from agents.tokens import Counter


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


@dataclass(frozen=True, slots=True)
class Choice:
    """The turns a strategy chose, oldest first, each with its tokens; and where and why it stopped."""

    strategy: str
    turns: list[tuple[Turn, int]]
    left_out: str | None = None  # id of the newest turn that is not sent; all before it are not sent either
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was sent, in tokens by our own count. `as_json` is kept with the reply and can be opened by its readers."""

    strategy: str
    budget: int
    reserve: int
    system_tokens: int
    question: str
    question_tokens: int
    turns: list[tuple[str, int]] = field(default_factory=list)  # id and tokens, oldest first
    summary: str | None = None
    summary_tokens: int = 0
    left_out: str | None = None
    reason: str | None = None
    total: int = 0
    over_budget: bool = False  # system prompt and question alone are more than the budget allows

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Context:
    messages: list[dict[str, str]]
    receipt: Receipt


Strategy = Callable[[Iterator[Turn], int, Counter], Choice]


def recent(turns: Iterator[Turn], room: int, counter: Counter) -> Choice:
    """Everything if it fits, else the newest messages that do, without a gap.

    A window never starts with an answer: without its question it says little, and some chat templates refuse it.
    """
    taken: list[tuple[Turn, int]] = []
    for turn in turns:
        tokens = counter.message(turn.text)
        if tokens > room:
            left_out, reason = turn.id, "budget"
            while taken and taken[-1][0].role == "assistant":
                left_out, reason = taken.pop()[0].id, "an answer without its question"
            return Choice("window", taken[::-1], left_out, reason)
        room -= tokens
        taken.append((turn, tokens))
    return Choice("everything", taken[::-1])


def build(
    *,
    system: str,
    turns: Iterable[Turn],
    question: Turn,
    budget: int,
    reserve: int,
    summary: Summary | None = None,
    counter: Counter,
    strategy: Strategy = recent,
) -> Context:
    """The messages to send, in order of time, and their receipt.

    `turns` come newest first and do not contain `question`. `budget` is in tokens and includes `reserve`, the part that
    is kept for the answer. Messages with no text (an answer that failed) are not sent.
    """
    if summary:
        # Within the system message, not as one of its own: many chat templates know only one, at the start.
        system = f"{system}\n\n{SUMMARY_FOLLOWS}\n{summary.text}" if system else f"{SUMMARY_FOLLOWS}\n{summary.text}"
    summary_tokens = counter.count(summary.text) if summary else 0
    system_tokens = counter.message(system) - summary_tokens if system else 0
    question_tokens = counter.message(question.text)
    room = budget - reserve - system_tokens - summary_tokens - question_tokens
    choice = strategy((turn for turn in turns if turn.text), max(room, 0), counter)
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": turn.role, "content": turn.text} for turn, _ in choice.turns]
    messages.append({"role": question.role, "content": question.text})
    receipt = Receipt(
        strategy=choice.strategy,
        budget=budget,
        reserve=reserve,
        system_tokens=system_tokens,
        question=question.id,
        question_tokens=question_tokens,
        turns=[(turn.id, tokens) for turn, tokens in choice.turns],
        summary=summary.id if summary else None,
        summary_tokens=summary_tokens,
        left_out=choice.left_out,
        reason=choice.reason,
        total=system_tokens + summary_tokens + question_tokens + sum(tokens for _, tokens in choice.turns),
        over_budget=room < 0,
    )
    return Context(messages, receipt)
