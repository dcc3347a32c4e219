"""What is chosen of the past when not all of it fits, way by way."""

import pytest

from agents.context import Offer, Past, Summary, Turn
from agents.receipts import Left
from agents.strategies import STRATEGIES, auto, blend, importance, summary, window
from tests.agents.words import FIXED, QUESTION, Words, built, sent, thread

# Every turn of six words takes ten tokens.


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_all_of_it_if_it_fits_and_no_token_less(name: str) -> None:
    turns = thread(6, 6, 6, 6)
    context = built(turns, budget=FIXED + 40, strategy=STRATEGIES[name])
    assert (context.receipt.strategy, sent(context)) == ("everything", ["m0", "m1", "m2", "m3"])
    assert context.receipt.left == ()
    assert len(sent(built(turns, budget=FIXED + 39, strategy=STRATEGIES[name]))) < 4


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_the_answer_has_its_reserve(name: str) -> None:
    turns = thread(6, 6)
    assert sent(built(turns, budget=FIXED + 20 + 50, reserve=50, strategy=STRATEGIES[name])) == ["m0", "m1"]
    assert sent(built(turns, budget=FIXED + 20 + 50, reserve=51, strategy=STRATEGIES[name])) != ["m0", "m1"]


def test_a_window_is_the_newest_without_a_gap() -> None:
    """m1 is too long. m0 would fit, but a conversation with a hole reads as another conversation."""
    context = built(thread(2, 500, 6, 6), budget=100, strategy=window)
    assert (context.receipt.strategy, sent(context)) == ("window", ["m2", "m3"])
    assert context.receipt.left == (Left("budget", "m1"),)


def test_a_window_never_starts_with_an_answer() -> None:
    context = built(thread(500, 6, 6, 6), budget=100, strategy=window)
    assert sent(context) == ["m2", "m3"]
    assert context.receipt.left == (Left("pair", "m1", "m1", 1), Left("budget", "m0"))


def test_importance_keeps_what_matters_wherever_it_stands() -> None:
    turns = thread(*[20] * 20)
    turns[4] = Turn("m4", "user", "Remember: my cat is called Tibbles and was born in 2019")
    context = built(turns, budget=FIXED + 200, strategy=importance)
    assert context.receipt.strategy == "importance"
    assert "m4" in sent(context)
    assert sent(context)[-2:] == ["m18", "m19"], "the newest are not there"
    assert "m4" not in sent(built(turns, budget=FIXED + 200, strategy=window))


def test_importance_sends_no_answer_without_its_question() -> None:
    turns = thread(*[20] * 20)
    turns[5] = Turn("m5", "assistant", "Important: the code is 4711, remember it")
    chosen = sent(built(turns, budget=FIXED + 200, strategy=importance))
    assert chosen.index("m5") == chosen.index("m4") + 1


def test_importance_passes_over_what_is_too_long() -> None:
    turns = thread(*[20] * 20)
    turns[4] = Turn("m4", "user", "Important! Remember this: " + "my note is 42 " * 100)
    turns[6] = Turn("m6", "user", "Remember: my cat is called Tibbles")
    chosen = sent(built(turns, budget=FIXED + 200, strategy=importance))
    assert "m4" not in chosen
    assert "m6" in chosen


def test_importance_looks_for_what_is_asked() -> None:
    turns = thread(*[20] * 20)
    turns[4] = Turn("m4", "user", "we painted a boat in the harbour and it took all summer")
    asked = Turn("q", "user", "which colour had the boat")
    assert "m4" in sent(built(turns, budget=FIXED + 200, strategy=importance, question=asked))


def test_importance_says_how_far_it_looked() -> None:
    context = built(thread(*[6] * 1000), budget=FIXED + 100, strategy=importance)
    score, reach = context.receipt.left
    assert (score.reason, score.count, reach) == ("score", 790, Left("reach", "m199"))


def test_a_summary_and_the_newest_verbatim() -> None:
    told = Summary("s", "of bread", reaches="m13")
    context = built(thread(*[6] * 20), budget=FIXED + 100, strategy=summary, summary=told)
    assert context.receipt.strategy == "summary"
    assert context.receipt.summary is not None
    assert sent(context) == ["m14", "m15", "m16", "m17", "m18", "m19"]
    assert context.receipt.left == (Left("summary", "m13"),)


def test_what_the_summary_tells_may_be_sent_verbatim_too() -> None:
    told = Summary("s", "of bread", reaches="m18")
    context = built(thread(*[6] * 20), budget=FIXED + 100, strategy=summary, summary=told)
    assert sent(context) == ["m14", "m15", "m16", "m17", "m18", "m19"]
    assert context.receipt.left == (Left("summary", "m13"),)


def test_what_neither_the_summary_tells_nor_fits_is_named() -> None:
    told = Summary("s", "of bread", reaches="m3")
    context = built(thread(*[6] * 20), budget=FIXED + 100, strategy=summary, summary=told)
    assert sent(context) == ["m14", "m15", "m16", "m17", "m18", "m19"]
    assert context.receipt.left == (
        Left("pair", "m13", "m13", 1),
        Left("budget", "m12", "m4", 9),
        Left("summary", "m3"),
    )


def test_without_a_summary_the_window_serves() -> None:
    context = built(thread(*[6] * 20), budget=FIXED + 100, strategy=summary)
    assert (context.receipt.strategy, len(sent(context))) == ("window", 10)


def test_a_summary_there_is_no_room_for_is_left_aside() -> None:
    told = Summary("s", "word " * 200, reaches="m3")
    context = built(thread(*[6] * 20), budget=FIXED + 100, strategy=summary, summary=told)
    assert (context.receipt.strategy, context.receipt.summary) == ("window", None)


class TestBlend:
    """The summary, half of the rest for the newest, the other half for what matters."""

    TOLD = Summary("s", "of bread", reaches="m13")

    def test_what_is_asked_for_is_found_behind_the_summary(self) -> None:
        turns = thread(*[6] * 40)
        turns[4] = Turn("m4", "user", "the boat in the harbour is blue")
        asked = Turn("q", "user", "which colour had the boat")
        context = built(turns, budget=FIXED + 140, strategy=blend, summary=self.TOLD, question=asked)
        assert context.receipt.strategy == "blend"
        assert context.receipt.summary is not None
        assert "m4" in sent(context)
        assert sent(context)[-4:] == ["m36", "m37", "m38", "m39"], "the newest are not there"
        assert "m4" not in sent(built(turns, budget=FIXED + 140, strategy=summary, summary=self.TOLD, question=asked))

    def test_what_is_left_out_is_told_by_the_summary_or_mattered_less(self) -> None:
        context = built(thread(*[6] * 20), budget=FIXED + 100, strategy=blend, summary=self.TOLD)
        assert {left.reason: (left.newest, left.oldest) for left in context.receipt.left}["summary"] == ("m13", "m0")
        chosen, counts = sent(context), {left.reason: left.count for left in context.receipt.left}
        newer = [f"m{at}" for at in range(14, 20)]
        assert counts.get("score", 0) == len([turn for turn in newer if turn not in chosen])
        assert sum(count or 0 for count in counts.values()) + len(chosen) == 20

    def test_a_summary_further_back_than_it_looks_tells_of_nothing_it_looked_at(self) -> None:
        told = Summary("s", "of bread", reaches="m10")
        context = built(thread(*[6] * 1000), budget=FIXED + 100, strategy=blend, summary=told)
        score, rest = context.receipt.left
        assert (score.reason, rest) == ("score", Left("summary", "m199"))

    @pytest.mark.parametrize(("turns", "chosen"), [(12, "window"), (400, "importance")])
    @pytest.mark.parametrize("told", [None, Summary("s", "word " * 200, reaches="m3")], ids=["none", "too long"])
    def test_without_a_summary_there_is_room_for_the_size_decides(
        self, turns: int, chosen: str, told: Summary | None
    ) -> None:
        context = built(thread(*[6] * turns), budget=FIXED + 100, strategy=blend, summary=told)
        assert (context.receipt.strategy, context.receipt.summary) == (chosen, None)


def test_a_short_turn_that_matters_comes_before_a_long_one_that_matters_a_little_more() -> None:
    turns = thread(*[20] * 20)
    turns[4] = Turn("m4", "user", "Remember, important: my flat is no. 4711. " + "furthermore nevertheless " * 60)
    for at in (6, 8, 10):
        turns[at] = Turn(f"m{at}", "user", "My bell is no. 31415.")
    chosen = sent(built(turns, budget=FIXED + 300, strategy=importance))
    assert {"m6", "m8", "m10"} <= set(chosen)
    assert "m4" not in chosen


@pytest.mark.parametrize(
    ("turns", "summarised", "chosen"),
    [(10, False, "everything"), (10, True, "everything"), (15, False, "window"), (16, False, "importance"),
     (15, True, "blend"), (400, False, "importance"), (400, True, "blend")],
)  # fmt: skip
def test_left_alone_the_size_decides(turns: int, summarised: bool, chosen: str) -> None:
    told = Summary("s", "of bread", reaches="m1") if summarised else None
    context = built(thread(*[6] * turns), budget=FIXED + 100, strategy=auto, summary=told)
    assert context.receipt.strategy == chosen


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_the_same_offer_gives_the_same_choice(name: str) -> None:
    def choice() -> object:
        past = Past(reversed(thread(*range(1, 60))), Words())
        return STRATEGIES[name](Offer(QUESTION, past, Summary("s", "of bread", "m9"), 20, 300))

    assert choice() == choice()
