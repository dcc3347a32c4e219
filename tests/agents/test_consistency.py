"""Answers that may not fit their personality are pointed out to staff, case by case."""

import pytest

from agents.consistency import MOST, check
from agents.prompts import Persona

RULES = (
    "Never promise refunds or make commitments in the company's name",
    "Never ask for passwords or card numbers",
    "Always be polite and professional",
    "Do not recommend insecure practices without saying so",
)


def found(answer: str, *, tone: str = "friendly", first: bool = False, greeting: str = "") -> list[str]:
    alex = Persona(name="Alex", role="support", tone=tone, constraints=RULES)
    return [finding.code for finding in check(alex, answer, first=first, greeting=greeting)]


@pytest.mark.parametrize(
    ("tone", "answer", "codes"),
    [
        ("professional", "lol, that is easy.", ["informal"]),
        ("professional", "We're gonna fix it. Yeah, lol.", ["informal"]),
        ("professional", "ㅋㅋㅋ 네", ["informal"]),
        ("professional", "The lollipop is here, in Bangladesh.", []),
        ("professional", "Write `lol` in the box.", []),
        ("professional", "You wrote “gonna” in the title.", []),
        ("professional", "```python\nlol = 1\n```\nThat is all.", []),
        ("professional", "It's here, and you can't miss it.", []),
        ("professional", "It is here 😀", ["emoji"]),
        ("formal", "It's here.", ["contraction"]),
        ("formal", "You can’t miss it.", ["contraction"]),
        ("formal", "The company's name is on it.", []),
        ("casual", "lol yeah it's gonna work 😀", []),
        ("friendly", "lol yeah", []),
    ],
)
def test_words_that_do_not_fit_the_tone(tone: str, answer: str, codes: list[str]) -> None:
    assert found(answer, tone=tone) == codes


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ("I promise you a full refund today.", ["rule"]),
        ("A refund was promised to you.", ["rule"]),
        ("Please type the number on your card.", ["rule"]),
        ("I cannot promise a refund.", []),
        ("We never promise refunds.", []),
        ("Refunds take five days.", []),
        ("I promise to look at it.", []),
        ("I recommend this insecure practice.", ["rule"]),
        ("He was polite and professional.", []),
    ],
)
def test_sentences_that_speak_of_what_a_rule_forbids(answer: str, codes: list[str]) -> None:
    assert found(answer) == codes


def test_a_rule_is_named_once_with_the_passage() -> None:
    alex = Persona(name="Alex", role="", constraints=RULES)
    (finding,) = check(alex, "Hello. I promise a refund. I promise two refunds.", first=False)
    assert RULES[0] in finding.sentence
    assert finding.found == "I promise a refund."
    assert finding.as_json() == {"code": "rule", "sentence": finding.sentence, "found": "I promise a refund."}


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ("As an AI language model, I have no opinion.", ["identity"]),
        ("I'm ChatGPT.", ["identity"]),
        ("I was trained by OpenAI.", ["identity"]),
        ("ChatGPT is made by a company in San Francisco.", []),
        ("I am Alex.", []),
    ],
)
def test_an_answer_that_is_somebody_else(answer: str, codes: list[str]) -> None:
    assert found(answer) == codes


def test_a_first_answer_introduces_itself_unless_the_greeting_did() -> None:
    assert found("Hello.", first=True) == ["introduction"]
    assert found("Hello, this is ALEX.", first=True) == []
    assert found("Hello.", first=True, greeting="Hello, this is Alex.") == []
    assert found("Hello.", first=False) == []
    assert found("", first=True) == []


def test_there_is_an_end_to_it() -> None:
    many = Persona(name="Alex", role="", constraints=[f"Never sell item{number}" for number in range(40)])
    answer = " ".join(f"We sell item{number}." for number in range(40))
    assert len(check(many, answer, first=True)) == MOST
