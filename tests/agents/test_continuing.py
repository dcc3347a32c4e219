"""An answer that broke off and what the model says when it is asked to go on become one text."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.continuing import Seam, continuation
from agents.prompts import GO_ON
from agents.tokens import Counter


def joined(before: str, *pieces: str) -> str:
    seam = Seam(before)
    return before + "".join(seam.add(piece) for piece in pieces) + seam.end()


@pytest.mark.parametrize(
    ("before", "said", "whole"),
    [
        # A space, where neither has one
        ("They came back within the", "same second.", "They came back within the same second."),
        ("It ends.", "The next begins.", "It ends. The next begins."),
        ("First,", "then", "First, then"),
        ("so (", "as said)", "so (as said)"),
        ("as said", ", and done", "as said, and done"),
        ("as said", "(or not)", "as said (or not)"),
        ('She said "no"', "and left", 'She said "no" and left'),
        ('She said "', 'no"', 'She said "no"'),
        ("a **bold**", "word", "a **bold** word"),
        ("a **", "bold** word", "a **bold** word"),
        ("it is well-", "known", "it is well-known"),
        ("from 19", "84 on", "from 1984 on"),
        ("it is 3.", "14 or so", "it is 3.14 or so"),
        ("version 3.", "Then", "version 3. Then"),
        ("그래서 자전거", "는 좋아", "그래서 자전거는 좋아"),
        ("因为", "所以", "因为所以"),
        ("เพราะ", "ว่า", "เพราะว่า"),
        ("потому", "что", "потому что"),
        # One space, where both have one
        ("They came ", " back", "They came back"),
        ("They came ", "back", "They came back"),
        ("They came", " back", "They came back"),
        ("Over.\n\n", "\n\nAgain.", "Over.\n\nAgain."),
        ("Over.\n", "Again.", "Over.\nAgain."),
        ("Over.", "\n\nAgain.", "Over.\n\nAgain."),
        # A block begins on a line of its own
        ("- one", "- two", "- one\n- two"),
        ("1. one", "2. two", "1. one\n2. two"),
        ("That is all.", "## More", "That is all.\n\n## More"),
        ("Like this:", "```python\nx = 1\n```", "Like this:\n\n```python\nx = 1\n```"),
        ("Like this:", "| a | b |", "Like this:\n\n| a | b |"),
        ("a number:", "12 of them", "a number: 12 of them"),
        # In code nothing is added, and a fence is not opened twice
        ("```python\nfor x in ra", "nge(3):", "```python\nfor x in range(3):"),
        ("```python\nfor x in y:\n", "    print(x)", "```python\nfor x in y:\n    print(x)"),
        ("```python\nx = 1\n", "```python\ny = 2\n```", "```python\nx = 1\ny = 2\n```"),
        ("```python\nx = 1", "```\n\nDone.", "```python\nx = 1\n```\n\nDone."),
        # The last words again
        ("The water of the river", "river flows on", "The water of the river flows on"),
        ("The water of the river ", "the river flows on", "The water of the river flows on"),
        ("The water of the river", "The water of the river flows on", "The water of the river flows on"),
        ("of the river ", "river  flows", "of the river flows"),
        ("It is an instit", "institution", "It is an institution"),
        ("- one\n- two thi", "- two things\n- three", "- one\n- two things\n- three"),
        ("我们去公园散步", "公园散步然后回家", "我们去公园散步然后回家"),
        ("The end of it", "The end of it", "The end of it"),
        # What only looks like it
        ("All he had", "had been his.", "All he had had been his."),
        ("The river is wide. The bank", "The river is deep.", "The river is wide. The bank The river is deep."),
        ("x = {\n  a: {\n  }\n", "}\n", "x = {\n  a: {\n  }\n}\n"),
        ("This is the", "theory of it", "This is the theory of it"),
        # Dots that say "I go on"
        ("The water of the river", "...flows on", "The water of the river flows on"),
        ("The water of the river", "… river flows on", "The water of the river flows on"),
        ("So it was", "...", "So it was..."),
        # Nothing before: a first answer
        ("", " As it comes", " As it comes"),
        ("So it was", "", "So it was"),
        ("So it was", "  ", "So it was  "),
    ],
)
def test_two_become_one(before: str, said: str, whole: str) -> None:
    assert joined(before, said) == whole
    assert joined(before, *said) == whole, "cut into letters it became another text"


_WORDS = st.text(alphabet="ab \n.…`-1#江", max_size=30)


@given(before=_WORDS, said=_WORDS, cuts=st.lists(st.integers(0, 30), max_size=6))
@example(before="aaaa b", said="aaaa b a", cuts=[1, 2, 5])
@example(before="```\na", said="```a\nb", cuts=[3, 4])
def test_how_the_network_cut_it_makes_no_difference(before: str, said: str, cuts: list[int]) -> None:
    ends = [0, *sorted(cut for cut in cuts if cut < len(said)), len(said)]
    pieces = [said[a:b] for a, b in pairwise(ends)]
    assert joined(before, *pieces) == joined(before, said)


@given(before=_WORDS, said=_WORDS)
def test_what_was_said_before_is_never_touched_and_no_letter_is_lost_unless_it_was_said(before: str, said: str) -> None:
    whole = joined(before, said)
    assert whole.startswith(before)
    letters = [mark for mark in whole[len(before) :] if mark.isalnum()]
    if len(letters) < sum(mark.isalnum() for mark in said) and "```" not in said:
        dropped = [mark for mark in said if mark.isalnum()][: -len(letters) or None]
        assert [mark for mark in before if mark.isalnum()][-len(dropped) :] == dropped


def test_it_does_not_hold_back_what_is_new() -> None:
    seam = Seam("The water of the river flows to the sea. The wind")
    assert seam.add("The w") == "", "it may be said again"
    assert seam.add("orld is round") == " The world is round"
    assert seam.add(" and so on") == " and so on"


class TestWhatIsAsked:
    def test_the_answer_so_far_and_to_go_on(self) -> None:
        counter = Counter()
        asked = continuation("The water of", room=1000, counter=counter)
        assert asked.messages == [
            {"role": "assistant", "content": "The water of"},
            {"role": "user", "content": GO_ON},
        ]
        assert asked.tokens == counter.message("The water of") + counter.message(GO_ON)
        assert asked.cut == 0

    @pytest.mark.parametrize("mark", [" ", "\n", ""])
    def test_of_a_long_one_the_end(self, mark: str) -> None:
        partial = mark.join(f"word{number}" for number in range(5000))
        counter = Counter()
        asked = continuation(partial, room=500, counter=counter)
        shown = asked.messages[0]["content"].removeprefix("[…]\n")
        assert partial.endswith(shown)
        assert asked.cut == len(partial) - len(shown) > 0
        assert 100 < counter.message(shown) <= 500
        assert not mark or shown.startswith("word"), "it begins within a word"

    def test_however_little_room_there_is_the_last_words_are_shown(self) -> None:
        asked = continuation("words " * 100, room=0, counter=Counter())
        assert "words words" in asked.messages[0]["content"]
