"""The marks a turn gets, by a table of cases in which the score of the seed this came from keeps the wrong turn."""

import pytest

from agents import importance
from agents.context import Turn
from agents.importance import scores
from bench.seed_rules import score as seed_score

CHATTER = ["That is nice to hear.", "I see what you mean there.", "We could talk about that a little more."]


def thread(matters: str, instead: str) -> list[str]:
    """Sixty things members said, the two among them, oldest first."""
    said = CHATTER * 20
    return [*said[:10], matters, *said[11:20], instead, *said[21:]]


def ranked(*said: str, question: str = "Go on, please.") -> list[float]:
    """Our marks for what members said, oldest first."""
    past = [Turn(str(at), "user", text) for at, text in enumerate(said)]
    return scores(past[::-1], Turn("q", "user", question))[::-1]


def seed_ranked(*said: str) -> list[float]:
    return [seed_score(text, at, len(said)) for at, text in enumerate(said)]


# What has to be kept, and the newer turn (or the longer) that the seed keeps instead.
CASES = {
    "a letter sequence is not a word": (
        "Remember that the meeting is in May.",
        "The monkey sat on the keyboard, on a notebook, and took notice of the key lime.",
    ),
    "a mark within a word asks nothing": (
        "Where do you keep the tickets?",
        "Type ?help or ?topics and see the list",
    ),
    "a question in other signs": ("어디에서 만날까요？ 정해 주세요", "그래요 그럼 그렇게 하는 걸로 하죠 뭐"),
    "a fact about oneself": ("My daughter is called Ottilie.", "That is nice to hear, truly."),
    "a number nobody can guess": ("The code of the gate is 4711.", "The gate can be opened with a code."),
    "marked words of other languages": ("중요: 회의는 오월에 있어요.", "그래요, 그럼 그렇게 하기로 하죠."),
    "a page of filler against a line": ("My flight is LX 318 at 14:25.", "and so on and on it goes " * 90),
    "a grunt that came later": ("I am allergic to walnuts.", "ok"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_right_one_is_kept(case: str) -> None:
    said = thread(*CASES[case])
    ours, seeds = ranked(*said), seed_ranked(*said)
    assert seeds[10] < seeds[20], "the seed knows this already: it shows nothing"
    assert ours[10] > ours[20]


@pytest.mark.parametrize("case", CASES)
def test_it_is_kept_before_chatter_that_is_not_new(case: str) -> None:
    marks = ranked(*thread(*CASES[case]))
    assert marks[10] > max(mark for at, mark in enumerate(marks[:25]) if at not in (10, 20))


@pytest.mark.parametrize(
    ("told", "question"),
    [
        ("We painted the boat in the harbour.", "Which colour had the boat?"),
        ("The boats are all in.", "How many boat trips a day?"),
        ("자전거를 오만원에 샀어.", "자전거는 얼마였지?"),
        ("我住在北京的一个小公寓里", "我的公寓在哪里"),
        ("Die Lieferung kommt am Dienstag.", "Wann kommt die Lieferung?"),
    ],
)
def test_what_is_asked_about_comes_first_however_old(told: str, question: str) -> None:
    said = [told, *CHATTER * 5]
    marks, others = ranked(*said, question=question), ranked(*said, question="Hm.")
    assert marks[0] > max(marks[1:-2])
    assert others[0] < max(others[1:-2])


def test_a_word_that_all_turns_have_tells_nothing() -> None:
    assert (
        ranked("the boat", "the quay", question="the what")[0] < ranked("the boat", "the quay", question="the boat")[0]
    )


def test_newer_counts_more_when_all_else_is_equal() -> None:
    marks = ranked(*["The same words again and again, as before."] * 10)
    assert marks == sorted(marks)
    assert 40 < marks[-1] - marks[0] <= 50


def test_mark_words_do_not_add_up_without_end() -> None:
    """A pasted page on remembering is not what somebody asked to be remembered."""
    assert ranked("remember " * 3 + "x" * 60)[0] == pytest.approx(ranked("remember " * 6 + "x" * 33)[0])


def test_what_is_remembered_of_earlier_turns_changes_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [f"My boat is blue, no. {at}" if at % 3 else "ok" for at in range(60)]
    first = ranked(*said)
    assert ranked(*said) == first
    monkeypatch.setattr(importance, "_MOST_KNOWN", 7)
    importance._known.clear()
    assert ranked(*said) == first
    assert len(importance._known) <= 7
    answered = scores([Turn("1", "assistant", said[1])], Turn("q", "user", "?"))
    assert answered < scores([Turn("1", "user", said[1])], Turn("q", "user", "?")), "who said it counts"


def test_nothing_to_weigh() -> None:
    assert ranked() == []
