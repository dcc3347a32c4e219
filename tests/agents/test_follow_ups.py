"""Up to three short questions come out of whatever a small model returns, and nothing but questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.follow_ups import MAX_LENGTH, MOST, clean_follow_ups, follow_up_messages

THREE = ["What is rye?", "How long does it rise?", "Can I freeze it?"]


def test_what_is_asked() -> None:
    system, user = follow_up_messages("How do I bake bread?", "Start with flour. " * 400)
    assert "three short questions" in system["content"]
    assert user["content"].startswith("Question: How do I bake bread?\n")
    assert user["content"].endswith("Three questions:")
    assert len(user["content"]) < 1_400


@pytest.mark.parametrize(
    ("returned", "questions"),
    [
        ("What is rye?\nHow long does it rise?\nCan I freeze it?", THREE),
        ("1. What is rye?\r\n2) How long does it rise?\r\n(3) Can I freeze it?", THREE),
        ("- What is rye?\n* How long does it rise?\n• Can I freeze it?\n- And what of wheat?", THREE),
        ('["What is rye?", "How long does it rise?", "Can I freeze it?"]', THREE),
        ('{"questions": ["What is rye?", "How long does it rise?", "Can I freeze it?"]}', THREE),
        ('```json\n[\n  "What is rye?",\n  "How long does it rise?",\n  "Can I freeze it?"\n]\n```', THREE),
        ("What is rye? How long does it rise? Can I freeze it?", THREE),
        ("Question 1: What is rye?\n\n**Question 2:** How long does it rise?\nQ3. Can I freeze it?", THREE),
        ("Sure! Here are three questions:\n\n“What is rye?”\n“How long does it rise?”\n“Can I freeze it?”", THREE),
        ("<think>What would they ask?</think>\nWhat is rye?", THREE[:1]),
        ("What is rye?\nWhat is Rye ?\nwhat is rye?", THREE[:1]),
        ("What is wheat?\nWhat is rye?", THREE[:1]),
        ("Would you like to know more?\nDo you have any questions?\nHow can I help you?\nWhat is rye?", THREE[:1]),
        ("Bread is good.\nWhat is rye?\nI hope this helps!", THREE[:1]),
        (f"{'And then ' * 20}what?\nWhat is rye?", THREE[:1]),
        ("???\n?\nWhy?\nWhat is rye?", THREE[:1]),
        ("빵은 얼마나 구워요?\n어떤 밀가루가 좋아요?", ["빵은 얼마나 구워요?", "어떤 밀가루가 좋아요?"]),
        ("パンはどう焼きますか？\n何分ですか？", ["パンはどう焼きますか？", "何分ですか？"]),
        ("ما هو الجاودار؟", ["ما هو الجاودار؟"]),
        ("Bread is made of flour, water, salt and yeast.", []),
        ("<think>What is", []),
        ("", []),
    ],
)
def test_questions_are_found_in_what_models_return(returned: str, questions: list[str]) -> None:
    assert clean_follow_ups(returned, question="What is wheat?") == questions


@given(st.text(max_size=400) | st.text(st.sampled_from("ab c?\n\"'*-1.[]{}:,<>"), max_size=300))
def test_whatever_is_returned_they_are_few_short_and_printable(returned: str) -> None:
    questions = clean_follow_ups(returned)
    assert len(questions) <= MOST
    assert len(set(questions)) == len(questions)
    for question in questions:
        assert 0 < len(question) <= MAX_LENGTH
        assert question.isprintable()
        assert question == question.strip()
