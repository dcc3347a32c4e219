"""A conversation whose tokens a test can count along."""

from agents.context import Context, Strategy, Summary, Turn, build
from agents.strategies import auto
from agents.tokens import TOKENS_PER_MESSAGE, Counter

SYSTEM = "be kind"
QUESTION = Turn("q", "user", "and now what")
FIXED = 2 + 3 + 2 * TOKENS_PER_MESSAGE  # what the two above take


class Words(Counter):
    """Counts words."""

    def count(self, text: str) -> int:
        return len(text.split())


def thread(*sizes: int, newest: str = "assistant") -> list[Turn]:
    """Turns of so many words each, oldest first; the newest is an answer, and they alternate."""
    roles = ["assistant", "user"] if newest == "assistant" else ["user", "assistant"]
    count = len(sizes)
    return [Turn(f"m{i}", roles[(count - 1 - i) % 2], " ".join(["word"] * size)) for i, size in enumerate(sizes)]


def built(
    turns: list[Turn],
    *,
    budget: int,
    reserve: int = 0,
    summary: Summary | None = None,
    strategy: Strategy = auto,
    question: Turn = QUESTION,
    partial: Turn | None = None,
) -> Context:
    """The context for `turns`, which come oldest first."""
    return build(
        system=SYSTEM, turns=reversed(turns), question=question, budget=budget, reserve=reserve, counter=Words(),
        strategy=strategy, summary=summary, partial=partial,
    )  # fmt: skip


def sent(context: Context) -> list[str]:
    """The ids of the turns that were sent, without the question's."""
    *turns, question = context.receipt.turns
    assert question.id == QUESTION.id
    return [turn.id for turn in turns]
