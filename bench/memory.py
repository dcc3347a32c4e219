"""`script/bench memory`: does the context that would be sent hold what is asked for? And what does it cost to build?

Facts are planted at known depths in threads of 50 to 5,000 messages (`bench.planted`), a question is asked about each,
and the context for it is built by each strategy and by the seed's own rules. Recall is the share of the questions whose
fact is in there. No model is asked: summaries are made by a stand-in (`bench.summariser`), for the seed as for us, and
its one summary of thousands of messages counts although no model of its day could have read them at once.

To try another strategy, add its function to STRATEGIES.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from agents.context import Strategy, Turn, build
from agents.strategies import STRATEGIES as OURS
from agents.tokens import Counter
from bench import long_thread, seed_rules
from bench.planted import DEPTHS, Planted, thread
from bench.summariser import extract, summarised

LENGTHS = (50, 200, 1_000, 5_000)
BUDGETS = (1_000, 2_000, 4_000, 8_000)  # tokens sent: what is kept for the answer comes on top
SEEDS = (1, 2, 3, 4)
STATED = 4_000

STRATEGIES: dict[str, Strategy] = {name: OURS[name] for name in ("window", "importance", "summary", "blend", "auto")}
SEED_RULES = "seed rules"
SEED_SUMMARY_TOKENS = 200  # it allows its summaries no more

_SYSTEM = "You are a helpful assistant."


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, and whether the context that was built for it held the fact."""

    strategy: str
    budget: int
    length: int
    seed: int
    depth: float
    held: bool


def run() -> int:
    """Measure and print. Returns the exit code."""
    asked = [each for length in LENGTHS for seed in SEEDS for each in _ask_about(length, seed)]
    stated = [each for each in asked if each.budget == STATED]
    _print("tokens sent", BUDGETS, asked, lambda each: each.budget)
    _print(f"messages of the thread, at {STATED} tokens", LENGTHS, stated, lambda each: each.length)
    _print(f"share of the thread after the fact, at {STATED} tokens", DEPTHS, stated, lambda each: each.depth)
    _print(f"seed of the threads, at {STATED} tokens", SEEDS, stated, lambda each: each.seed)
    long_thread.measure()
    print(
        f"memory: recall {_recall(stated, 'auto'):.2f} at {STATED} tokens, seed rules {_recall(stated, SEED_RULES):.2f}"
    )
    return 0


def _ask_about(length: int, seed: int) -> Iterator[Asked]:
    talk = thread(length, seed)
    summary = summarised(talk.turns)
    newest_first = talk.turns[::-1]
    for planted in talk.planted:
        question = Turn("question", "user", planted.fact.question)
        for budget in BUDGETS:
            for name, strategy in STRATEGIES.items():
                context = build(
                    system=_SYSTEM, turns=newest_first, question=question, budget=budget, reserve=0, counter=Counter(),
                    strategy=strategy, summary=summary,
                )  # fmt: skip
                yield Asked(name, budget, length, seed, planted.depth, _held(planted, context.messages))
            messages = seed_rules.optimise([*talk.turns, question], _SYSTEM, _summarised_once, budget=budget)
            yield Asked(SEED_RULES, budget, length, seed, planted.depth, _held(planted, messages))


def _held(planted: Planted, messages: Sequence[dict[str, str]]) -> bool:
    return any(planted.fact.needle in message["content"] for message in messages)


def _summarised_once(turns: Sequence[Turn]) -> str:
    """The seed has everything but the last ten turns summarised anew for each question."""
    return _extracted(tuple(turn.text for turn in turns))


@lru_cache(maxsize=8)
def _extracted(texts: tuple[str, ...]) -> str:
    return extract("", texts, tokens=SEED_SUMMARY_TOKENS)


def _print(title: str, columns: Sequence[float], asked: Sequence[Asked], of: Callable[[Asked], float]) -> None:
    print(f"\n{'recall by ' + title}")
    print(" " * 12 + "".join(f"{column:>10,}" for column in columns))
    for name in (*STRATEGIES, SEED_RULES):
        recalls = [_recall([each for each in asked if of(each) == column], name) for column in columns]
        print(f"{name:12}" + "".join(f"{recall:>10.2f}" for recall in recalls))


def _recall(asked: Sequence[Asked], strategy: str) -> float:
    return fmean(each.held for each in asked if each.strategy == strategy)
