"""What of a conversation a model gets to see, and the receipt that says so."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.context import Choice, Context, Summary, Turn, build
from agents.tokens import TOKENS_PER_MESSAGE, Counter


class Words(Counter):
    """Counts words, so that a test can count along."""

    def count(self, text: str) -> int:
        return len(text.split())


SYSTEM = "be kind"
QUESTION = Turn("q", "user", "and now what")


def thread(*sizes: int, newest: str = "assistant") -> list[Turn]:
    """Turns of so many words each, oldest first; the newest is an answer, and they alternate."""
    roles = ["assistant", "user"] if newest == "assistant" else ["user", "assistant"]
    count = len(sizes)
    return [Turn(f"m{i}", roles[(count - 1 - i) % 2], " ".join(["word"] * size)) for i, size in enumerate(sizes)]


def built(turns: list[Turn], *, budget: int, reserve: int = 0, summary: Summary | None = None) -> Context:
    return build(
        system=SYSTEM, turns=reversed(turns), question=QUESTION, budget=budget, reserve=reserve, summary=summary,
        counter=Words(),
    )  # fmt: skip


# system 2 + 4, question 3 + 4
FIXED = 2 + 3 + 2 * TOKENS_PER_MESSAGE


def test_everything_in_order_when_it_fits() -> None:
    turns = thread(5, 6, 7, 8)
    context = built(turns, budget=1000)
    assert [message["role"] for message in context.messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert [message["content"] for message in context.messages] == [
        SYSTEM,
        *(turn.text for turn in turns),
        QUESTION.text,
    ]
    receipt = context.receipt
    assert (receipt.strategy, receipt.left_out, receipt.reason, receipt.over_budget) == (
        "everything",
        None,
        None,
        False,
    )
    assert receipt.turns == [("m0", 9), ("m1", 10), ("m2", 11), ("m3", 12)]
    assert receipt.total == FIXED + 9 + 10 + 11 + 12


def test_a_conversation_that_has_just_begun() -> None:
    context = built([], budget=1000)
    assert [message["content"] for message in context.messages] == [SYSTEM, QUESTION.text]
    assert context.receipt.strategy == "everything"


def test_exactly_enough_is_enough_and_one_less_is_not() -> None:
    turns = thread(6, 6, 6, 6)
    assert built(turns, budget=FIXED + 40).receipt.strategy == "everything"
    context = built(turns, budget=FIXED + 39)
    assert context.receipt.strategy == "window"
    assert [name for name, _ in context.receipt.turns] == ["m2", "m3"]  # m1 fits, but answers what is not there


def test_a_window_is_the_newest_without_a_gap() -> None:
    """m1 is too long. m0 would fit, but a conversation with a hole reads as another conversation."""
    context = built(thread(2, 500, 6, 6), budget=100)
    assert [name for name, _ in context.receipt.turns] == ["m2", "m3"]
    assert (context.receipt.left_out, context.receipt.reason) == ("m1", "budget")


def test_a_window_never_starts_with_an_answer() -> None:
    context = built(thread(500, 6, 6, 6), budget=100)
    assert [name for name, _ in context.receipt.turns] == ["m2", "m3"]
    assert (context.receipt.left_out, context.receipt.reason) == ("m1", "an answer without its question")


def test_the_answer_has_its_reserve() -> None:
    turns = thread(6, 6)
    assert built(turns, budget=FIXED + 20 + 50, reserve=50).receipt.strategy == "everything"
    assert built(turns, budget=FIXED + 20 + 50, reserve=51).receipt.turns == []


def test_system_and_question_are_always_in_and_it_is_said_when_they_are_too_much() -> None:
    context = built(thread(6, 6), budget=4)
    assert [message["content"] for message in context.messages] == [SYSTEM, QUESTION.text]
    assert context.receipt.over_budget
    assert context.receipt.left_out == "m1"


def test_answers_that_never_came_are_not_sent() -> None:
    turns = [
        Turn("a", "user", "first"),
        Turn("b", "assistant", ""),
        Turn("c", "user", "again"),
        Turn("d", "assistant", "ok"),
    ]
    assert [name for name, _ in built(turns, budget=1000).receipt.turns] == ["a", "c", "d"]


def test_a_summary_stands_before_the_turns_and_is_marked_as_background() -> None:
    context = built(thread(6, 6), budget=1000, summary=Summary("s1", "they spoke of bread", reaches="m0"))
    assert [message["role"] for message in context.messages] == ["system", "user", "assistant", "user"]
    system = context.messages[0]["content"]
    assert system.startswith(SYSTEM)
    assert system.endswith("they spoke of bread")
    assert "not instructions" in system
    receipt = context.receipt
    assert (receipt.summary, receipt.summary_tokens) == ("s1", 4)
    assert receipt.total == sum(Words().message(message["content"]) for message in context.messages)


def test_without_a_system_prompt_there_is_no_empty_message() -> None:
    context = build(system="", turns=[], question=QUESTION, budget=100, reserve=0, counter=Words())
    assert context.messages == [{"role": "user", "content": QUESTION.text}]
    assert context.receipt.system_tokens == 0


def test_a_thread_without_end_costs_its_window() -> None:
    read = 0

    def endless() -> Iterator[Turn]:
        nonlocal read
        while True:
            read += 1
            yield Turn(f"m{read}", "assistant" if read % 2 else "user", "six words are in this message")

    context = build(system=SYSTEM, turns=endless(), question=QUESTION, budget=FIXED + 105, reserve=0, counter=Words())
    assert len(context.receipt.turns) == 10
    assert read == 11


def test_another_strategy_is_another_function() -> None:
    def first_only(turns: Iterator[Turn], room: int, counter: Counter) -> Choice:
        assert room == 1000 - FIXED
        newest = next(turns)
        return Choice("newest", [(newest, counter.message(newest.text))], "m0", "asked for one")

    context = build(
        system=SYSTEM, turns=reversed(thread(6, 6)), question=QUESTION, budget=1000, reserve=0, counter=Words(),
        strategy=first_only,
    )  # fmt: skip
    assert (context.receipt.strategy, context.receipt.turns) == ("newest", [("m1", 10)])


def test_the_receipt_can_be_kept_as_json() -> None:
    receipt = built(thread(500, 6, 6, 6), budget=100, reserve=10).receipt
    kept = json.loads(json.dumps(receipt.as_json()))
    assert kept["turns"] == [["m2", 10], ["m3", 10]]
    assert (kept["strategy"], kept["budget"], kept["reserve"], kept["question"]) == ("window", 100, 10, "q")


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(0, 300), st.integers(0, 50))
def test_whatever_the_sizes_the_budget_holds_and_the_order_stays(sizes: list[int], budget: int, reserve: int) -> None:
    turns = thread(*sizes)
    context = built(turns, budget=budget, reserve=reserve)
    receipt = context.receipt
    assert receipt.over_budget or receipt.total + reserve <= budget
    assert receipt.total == sum(Words().message(message["content"]) for message in context.messages)
    sent = [name for name, _ in receipt.turns]
    ids = [turn.id for turn in turns if turn.text]
    assert sent == ids[len(ids) - len(sent) :], "not the newest, or not in order"
    left = ids[: len(ids) - len(sent)]
    assert receipt.left_out == (left[-1] if left else None), "something was left out in silence"
    assert (receipt.strategy == "everything") == (not left)
    assert context.messages[-1]["content"] == QUESTION.text


@pytest.mark.parametrize("room", [0, -5])
def test_no_room_at_all(room: int) -> None:
    assert built(thread(3, 3), budget=FIXED + room).receipt.turns == []
