"""docs/wire.md and conversations/wire say the same: every frame, every field, every close code and every error."""

import dataclasses
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.summaries import SUMMARY_CHARS
from conversations import errors, window, wire
from conversations.consumers import MOST_RELAYS
from conversations.errors import ChatError
from conversations.models import Status

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "wire.md").read_text()


def section(heading: str) -> str:
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^## |^### |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no part “{heading}”"
    return found[1]


def table(heading: str) -> list[list[str]]:
    """The rows of a section's table, without its head."""
    rows = [line.strip().strip("|").split(" | ") for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def words(cell: str, *, until: str = "|") -> list[str]:
    """What stands in code quotes, without the contents of braces and what is explained in brackets."""
    cell = cell.partition(until)[0]
    plain = re.sub(r"\([^()]*\)", "", re.sub(r"\{[^{}]*\}", "", cell))
    return re.findall(r"`([a-z_ ]+)`", plain.replace("` `", "`,`"))


def all_fields(frame: Any) -> set[str]:
    """Of a TypedDict, its bases' too, without the type."""
    return set(frame.__required_keys__ | frame.__optional_keys__) - {"type"}


def test_frames_from_the_browser() -> None:
    documented = {words(row[0])[0]: {word.strip() for word in words(row[1])} for row in table("From the browser")}
    known = {
        frame.__name__.lower(): {f.name for f in dataclasses.fields(frame)} for frame in get_args(wire.ClientFrame)
    }
    assert documented == known


def test_which_fields_may_be_left_out() -> None:
    optional = {
        frame.__name__.lower(): {f.name for f in dataclasses.fields(frame) if f.default is not dataclasses.MISSING}
        for frame in get_args(wire.ClientFrame)
    }
    assert {name: fields for name, fields in optional.items() if fields} == {
        "subscribe": {"rev", "reply"},
        "send": {"parent", "personality"},
        "regenerate": {"personality"},
    }


def test_frames_from_the_server() -> None:
    documented = {words(row[0])[0]: set(words(row[1], until="; answer")) for row in table("From the server")}
    known = {get_args(frame.__annotations__["type"])[0]: all_fields(frame) for frame in get_args(wire.ServerFrame)}
    assert documented == known


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("conversation", wire.ConversationObject),
        ("personality", wire.PersonalityObject),
        ("message", wire.MessageObject),
        ("reply", wire.ReplyObject),
        ("summary", wire.SummaryObject),
        ("recap", wire.RecapObject),
    ],
)
def test_objects(name: str, kind: Any) -> None:
    found = re.search(rf"^\*\*{name}\*\*(?:[^:]*): (.*?)(?=\n\n|\Z)", section("Objects"), re.MULTILINE | re.DOTALL)
    assert found
    plain = re.sub(r"\([^()]*\)", "", found[1].replace("\n", " "))
    assert set(re.findall(r"`([a-z_]+)`", plain)) == all_fields(kind)


def test_states() -> None:
    documented = re.findall(r"`([a-z]+)`", section("States of an answer"))
    assert sorted(documented) == sorted(Status.values)


def test_close_codes() -> None:
    documented = {int(code) for row in table("Closing") for code in row[0].split(", ")}
    ours = {value for name, value in vars(wire).items() if name.isupper() and isinstance(value, int) and value >= 1000}
    assert documented - {1000, 1006} == {code for code in ours if code <= 4999}


def test_numbers() -> None:
    assert wire.MAX_FRAME == 64 * 1024
    assert "at most 64 kB" in PAGE
    assert wire.MAX_TEXT == 32_000
    assert "1 to 32,000 characters" in PAGE
    assert f"that of a summary at most {SUMMARY_CHARS:,}" in PAGE
    assert f"within {wire.PONG_WITHIN} s" in PAGE
    assert window.MOST_BYTES == 1_000_000
    assert f"subscribed to {MOST_RELAYS} conversations; one more" in PAGE
    assert f"may have {window.MOST_FRAMES} frames,\nor 1 MB" in PAGE


def test_errors() -> None:
    """Every code that the source can send, with what the page says about trying again."""
    documented = {code: row[2] for row in table("Errors") for code in words(row[0])}
    sources = Path(errors.__file__).parent
    calls = r"(?:BadFrame|BadText|CannotGoOn|TryLater|ChatError|super\(\).__init__)\(\s*\"([a-z_]+)\""
    sent = {code for source in sources.rglob("*.py") for code in re.findall(calls, source.read_text())}
    assert sent == set(documented)
    later = {error.code for error in (errors.busy(), errors.rate_limited(1), errors.unavailable(), errors.fault())}
    assert {code for code, again in documented.items() if again == "yes"} == later


# --- Reading frames ---------------------------------------------------------------------------------------------

ID = str(uuid.uuid4())
GOOD: list[dict[str, Any]] = [
    {"type": "subscribe", "conversation": ID},
    {"type": "subscribe", "conversation": ID, "rev": 3, "reply": {"id": ID, "attempt": 1, "seq": 9}},
    {"type": "unsubscribe", "conversation": ID},
    {"type": "send", "client_id": ID, "conversation": ID, "text": "Hi"},
    {"type": "send", "client_id": ID, "conversation": ID, "text": "Hi", "parent": ID, "personality": "assistant"},
    {"type": "regenerate", "client_id": ID, "message": ID},
    {"type": "regenerate", "client_id": ID, "message": ID, "personality": "writer"},
    {"type": "continue", "client_id": ID, "message": ID},
    {"type": "stop", "reply": ID},
    {"type": "select", "message": ID},
    {"type": "rename", "conversation": ID, "title": "A title"},
    {"type": "read", "conversation": ID, "position": 4},
    {"type": "recap", "conversation": ID, "after": 4},
    {"type": "amend", "summary": ID, "text": "In short"},
    {"type": "delete", "conversation": ID},
    {"type": "restore", "conversation": ID},
    {"type": "ack", "n": 64},
    {"type": "pong", "n": 4},
]


@pytest.mark.parametrize("raw", GOOD, ids=lambda raw: f"{raw['type']}-{len(raw)}")
def test_every_frame_is_read(raw: dict[str, Any]) -> None:
    frame = wire.parse(raw)
    assert type(frame).__name__.lower() == raw["type"]
    for name, value in raw.items():
        if name == "reply" and isinstance(value, dict):
            assert frame.reply == wire.Cursor(uuid.UUID(ID), 1, 9)  # type: ignore[union-attr]
        elif name != "type":
            assert str(getattr(frame, name)) == str(value)


def test_null_is_as_good_as_left_out() -> None:
    assert wire.parse({**GOOD[3], "parent": None, "personality": None}) == wire.parse(GOOD[3])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def code_of(work: Callable[[], object]) -> str:
    """The code of the refusal that comes of it; empty when none does."""
    try:
        work()
    except ChatError as error:
        return error.code
    return ""


@given(good=st.sampled_from(GOOD), changes=st.dictionaries(st.sampled_from(sorted({*GOOD[4], *GOOD[1]})), JSON))
def test_anything_else_is_refused_as_a_bad_frame(good: dict[str, Any], changes: dict[str, Any]) -> None:
    code = code_of(lambda: wire.parse({**good, **changes}))
    assert code in ("", "unknown_type", "bad_field", "empty_text", "text_too_long", "bad_text")


@given(raw=st.text() | JSON.map(str) | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_an_object_or_no_frame(raw: str) -> None:
    assert code_of(lambda: dict(wire.decode(raw))) in ("", "bad_json", "too_large")


@given(text=st.text())
def test_what_is_said_is_kept_as_it_is_but_for_its_ends(text: str) -> None:
    code = "bad_text" if "\0" in text else "" if text.strip() else "empty_text"
    assert code_of(lambda: wire.clean_text(text)) == code
    assert code or wire.clean_text(text) == text.strip()
