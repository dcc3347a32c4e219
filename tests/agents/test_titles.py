"""A conversation gets its name from a model, and whatever the model returns, a name is all that is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.prompts import TITLE_LENGTH, clean_title, opening_title, title_messages


def test_what_is_asked() -> None:
    system, user = title_messages("  How do I bake bread?", "Start with flour. " * 200)
    assert (system["role"], user["role"]) == ("system", "user")
    assert "3 to 6 words" in system["content"]
    assert user["content"].startswith("Question: How do I bake bread?\n")
    assert user["content"].endswith("Title:")
    assert len(user["content"]) < 1300


@pytest.mark.parametrize(
    ("returned", "title"),
    [
        ("Baking bread at home", "Baking bread at home"),
        ("  Baking bread at home.\n", "Baking bread at home"),
        ('"Baking bread at home"', "Baking bread at home"),
        ("'Baking bread'", "Baking bread"),
        ("“Baking bread”.", "Baking bread"),
        ("「パンを焼く」", "パンを焼く"),
        ("« Faire du pain »", "Faire du pain"),
        ("Title: Baking bread", "Baking bread"),
        ("**Title:** Baking bread", "Baking bread"),
        ('Title: "Baking bread"', "Baking bread"),
        ("Suggested title - Baking bread", "Baking bread"),
        ("# Baking bread", "Baking bread"),
        ("**Baking bread**", "Baking bread"),
        ("- *Baking* bread", "Baking bread"),
        ("What is 2 * 3 * 4?", "What is 2 * 3 * 4?"),
        ("1. Baking bread\n2. Bread at home", "Baking bread"),
        ("> `Baking bread`", "Baking bread"),
        ("Here is a title for the conversation:\n\nBaking bread", "Baking bread"),
        ("Sure! Here's one: Baking bread", "Baking bread"),
        ("Title:\nBaking bread", "Baking bread"),
        ("\n\n---\nBaking bread\n---", "Baking bread"),
        ("[Baking bread](https://example.com)", "Baking bread"),
        ("<title>Baking bread</title>", "Baking bread"),
        ("<think>They want\na title</think>\nBaking bread", "Baking bread"),
        ("Baking\tbread\u200b at\x1b[31m home", "Baking bread at [31m home"),
        ("Evil \u202etxt.exe", "Evil txt.exe"),
        ("Learning C#", "Learning C#"),
        ("The `ls` command in Linux", "The ls command in Linux"),
        ('"Hamlet" explained', '"Hamlet" explained'),
        ("Bread: a history", "Bread: a history"),
        ("What is bread?", "What is bread?"),
        ("面包的做法。", "面包的做法"),
        ("빵 굽는 법", "빵 굽는 법"),
        ("Title 1", "Title 1"),
        ("x" * TITLE_LENGTH, "x" * TITLE_LENGTH),
    ],
)
def test_a_name_is_found_in_what_models_return(returned: str, title: str) -> None:
    assert clean_title(returned) == title


@pytest.mark.parametrize(
    "returned",
    [
        "",
        "  \n\n ",
        '""',
        "...",
        "***",
        "😀",
        "Title:",
        "Title: ",
        "<think>I wonder what",
        "Bread is made of flour, water, salt and yeast, and it takes about four hours to make it well at home.",
    ],
)
def test_no_name_is_better_than_garbage(returned: str) -> None:
    assert clean_title(returned) is None


@given(st.text(max_size=200))
def test_whatever_is_returned_a_title_is_short_and_printable(returned: str) -> None:
    for title in (clean_title(returned), opening_title(returned)):
        if title:
            assert len(title) <= TITLE_LENGTH
            assert title == title.strip()
            assert title.isprintable()


@given(st.text(st.sampled_from("ab \"'*-#.1:`_<>[]()\n"), max_size=40))
def test_a_clean_title_stays_as_it_is(returned: str) -> None:
    title = clean_title(returned)
    if title:
        assert clean_title(title) == title


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How do I bake bread?", "How do I bake bread?"),
        ("\n\n# Hello\nmore", "Hello"),
        ("", ""),
        ("word " * 40, ("word " * 15).strip() + "…"),
        ("字" * 100, "字" * 79 + "…"),
    ],
)
def test_until_then_it_is_called_by_its_beginning(question: str, title: str) -> None:
    assert opening_title(question) == title
