"""Seed 4's own rules for the context of a long thread, as it has them, for comparison. Its faults are kept.

They know no room for the answer, count a token as four characters, cut the thread to fit without the question having a
place of its own, and put a turn in its place by its text, so that equal texts change places. In the summary way,
nothing limits the last ten turns. JavaScript's `length` counts UTF-16 units; so do we.
"""

import math
from collections.abc import Callable, Sequence

from agents.context import Turn

MAX_TOKENS = 4000
_KEYWORDS = ("important", "remember", "note", "key")


def optimise(
    turns: Sequence[Turn], system: str, summarise: Callable[[Sequence[Turn]], str], *, budget: int = MAX_TOKENS
) -> list[dict[str, str]]:
    """The messages it would send for `turns`, oldest first, the question last."""
    tokens = sum(estimate(turn.text) for turn in turns)
    if tokens < budget:
        return [_message("system", system), *(_message(turn.role, turn.text) for turn in turns)]
    if tokens > budget * 3:
        return _summarised(turns, system, summarise)
    if tokens > budget * 1.5:
        return _by_importance(turns, system, budget)
    return _window(turns, system, budget)


def estimate(text: str) -> int:
    """A token for four characters, rounded up."""
    return math.ceil(_length(text) / 4)


def score(text: str, at: int, count: int) -> float:
    """The marks of the turn at this place (0 is the oldest) of `count`."""
    marks = at / count * 50 + min(_length(text) / 100, 20)
    if "?" in text:
        marks += 10
    return marks + 15 * sum(keyword in text.lower() for keyword in _KEYWORDS)


def _summarised(turns: Sequence[Turn], system: str, summarise: Callable[[Sequence[Turn]], str]) -> list[dict[str, str]]:
    summary = summarise(turns[:-10])
    return [
        _message("system", system),
        _message("system", f"Previous conversation summary: {summary}"),
        *(_message(turn.role, turn.text) for turn in turns[-10:]),
    ]


def _window(turns: Sequence[Turn], system: str, budget: int) -> list[dict[str, str]]:
    taken: list[dict[str, str]] = []
    tokens = estimate(system)
    for turn in reversed(turns):
        tokens += estimate(turn.text)
        if tokens > budget:
            break
        taken.append(_message(turn.role, turn.text))
    return [_message("system", system), *reversed(taken)]


def _by_importance(turns: Sequence[Turn], system: str, budget: int) -> list[dict[str, str]]:
    marks = [score(turn.text, at, len(turns)) for at, turn in enumerate(turns)]
    taken = [_message("system", system)]
    tokens = estimate(system)
    for at in sorted(range(len(turns)), key=lambda at: -marks[at]):
        tokens += estimate(turns[at].text)
        if tokens > budget:  # the first that is too long ends it, also where shorter ones follow
            break
        taken.append(_message(turns[at].role, turns[at].text))
    first: dict[str, int] = {}
    for at, turn in enumerate(turns):
        first.setdefault(turn.text, at)
    return sorted(taken, key=lambda message: first.get(message["content"], -1))


def _message(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
