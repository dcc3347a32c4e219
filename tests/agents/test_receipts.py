"""A receipt says what was sent, so that the very request can be made again from it, and what was not, and why."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.context import Summary, Turn, digest, rebuild
from agents.receipts import REASONS, Receipt
from agents.strategies import STRATEGIES, summary
from tests.agents.words import QUESTION, built, thread

SUMMARY = Summary("s1", "they spoke of bread", reaches="m1")


def through_json(receipt: Receipt) -> Receipt:
    return Receipt.from_json(json.loads(json.dumps(receipt.as_json())))


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text(max_size=30)), max_size=14),
    st.integers(20, 200),
    st.sampled_from(sorted(STRATEGIES)),
    st.booleans(),
)
def test_the_request_can_be_made_again_to_the_byte(
    said: list[tuple[str, str]], budget: int, strategy: str, summarised: bool
) -> None:
    turns = [Turn(str(at), role, text) for at, (role, text) in enumerate(said)]
    summary = replace(SUMMARY, reaches="1") if summarised else None
    context = built(turns, budget=budget, summary=summary, strategy=STRATEGIES[strategy])
    receipt = through_json(context.receipt)
    assert receipt == context.receipt
    texts = {turn.id: turn.text for turn in [*turns, QUESTION]}
    messages = rebuild(receipt, texts, summary=SUMMARY.text)
    assert messages == context.messages
    assert digest(messages) == receipt.digest


def test_an_answer_that_was_continued_later_counts_as_far_as_it_was_sent() -> None:
    turns = [Turn("a", "user", "Tell me"), Turn("b", "assistant", "Once upon")]
    context = built(turns, budget=1000)
    texts = {"a": "Tell me", "b": "Once upon a time.", "q": QUESTION.text}
    messages = rebuild(through_json(context.receipt), texts)
    assert messages == context.messages


@pytest.mark.parametrize("budget", [400, 160])
def test_a_request_to_go_on_can_be_made_again_too(budget: int) -> None:
    partial = Turn("p", "assistant", "word " * 100)
    context = built(thread(2, 2), budget=budget, partial=partial)
    receipt = through_json(context.receipt)
    assert receipt == context.receipt
    assert receipt.continues is not None
    assert (receipt.continues.cut > 0) is (budget == 160)
    texts = {"m0": "word word", "m1": "word word", "q": QUESTION.text, "p": partial.text + "and what came after"}
    assert rebuild(receipt, texts) == context.messages
    assert digest(context.messages) == receipt.digest
    assert receipt.total == receipt.system_tokens + sum(t.tokens for t in receipt.turns) + receipt.continues.tokens
    assert receipt.total <= budget


def test_another_text_has_another_digest() -> None:
    context = built(thread(2, 2), budget=1000)
    texts = {"m0": "word word", "m1": "word sword", "q": QUESTION.text}
    assert digest(rebuild(context.receipt, texts)) != context.receipt.digest


def test_its_json_says_all_in_words_that_last() -> None:
    kept = json.loads(
        json.dumps(
            built(thread(500, 6, 6, 6), budget=100, reserve=10, summary=SUMMARY, strategy=summary).receipt.as_json()
        )
    )
    assert kept == {
        "format": 1,
        "strategy": "summary",
        "counter": "estimate × 1.00",
        "budget": 100,
        "reserve": 10,
        "system": {"text": "be kind", "tokens": 6},
        "summary": {"id": "s1", "tokens": kept["summary"]["tokens"], "reaches": "m1"},
        "turns": [
            {"id": "m2", "role": "user", "tokens": 10, "chars": 29, "gap": False},
            {"id": "m3", "role": "assistant", "tokens": 10, "chars": 29, "gap": False},
            {"id": "q", "role": "user", "tokens": 7, "chars": 12, "gap": False},
        ],
        "left": [{"reason": "summary", "newest": "m1", "oldest": None, "count": None}],
        "continues": None,
        "total": kept["total"],
        "over_budget": False,
        "digest": kept["digest"],
    }


@pytest.mark.parametrize("kept", [{}, {"format": 0}, {"format": 2}])
def test_what_is_no_receipt_of_ours_is_refused(kept: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Receipt.from_json(kept)


@given(
    st.lists(st.integers(0, 40), max_size=30), st.integers(20, 300), st.sampled_from(sorted(STRATEGIES)), st.booleans()
)
def test_each_message_is_sent_or_accounted_for_once(
    sizes: list[int], budget: int, strategy: str, summarised: bool
) -> None:
    turns = [turn for turn in thread(*sizes) if turn.text]
    summary = replace(SUMMARY, reaches=turns[len(turns) // 2].id) if summarised and turns else None
    receipt = built(turns, budget=budget, summary=summary, strategy=STRATEGIES[strategy]).receipt
    assert {left.reason for left in receipt.left} <= set(REASONS)
    ids = [turn.id for turn in reversed(turns)]
    missing = [name for name in ids if name not in {turn.id for turn in receipt.turns}]
    for left in receipt.left:
        assert left.newest in missing
        assert left.oldest is None or left.oldest in missing
    counted = sum(left.count or 0 for left in receipt.left)
    (before,) = [ids.index(left.newest) for left in receipt.left if left.oldest is None] or [len(ids)]
    assert counted + len(ids) - before == len(missing)
