"""Frames from the browser: their types, and how they are read and refused."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from conversations.errors import BadFrame, BadText
from conversations.wire.limits import MAX_FRAME, MAX_TEXT, MAX_TITLE


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader is in one answer."""

    id: uuid.UUID
    attempt: int
    seq: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    conversation: uuid.UUID
    rev: int | None = None
    reply: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    conversation: uuid.UUID


@dataclass(frozen=True, slots=True)
class Send:
    client_id: uuid.UUID
    conversation: uuid.UUID
    text: str
    parent: uuid.UUID | None = None
    personality: str | None = None


@dataclass(frozen=True, slots=True)
class Regenerate:
    client_id: uuid.UUID
    message: uuid.UUID
    personality: str | None = None


@dataclass(frozen=True, slots=True)
class Continue:
    client_id: uuid.UUID
    message: uuid.UUID


@dataclass(frozen=True, slots=True)
class Stop:
    reply: uuid.UUID


@dataclass(frozen=True, slots=True)
class Select:
    message: uuid.UUID


@dataclass(frozen=True, slots=True)
class Rename:
    conversation: uuid.UUID
    title: str


@dataclass(frozen=True, slots=True)
class Read:
    """The member has read everything up to this position."""

    conversation: uuid.UUID
    position: int


@dataclass(frozen=True, slots=True)
class Recap:
    """The member wants to be told what was said after this position."""

    conversation: uuid.UUID
    after: int


@dataclass(frozen=True, slots=True)
class Amend:
    """A summary in the owner's words."""

    summary: uuid.UUID
    text: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A conversation goes to the trash; the owner's to do."""

    conversation: uuid.UUID


@dataclass(frozen=True, slots=True)
class Restore:
    """Take it back from there."""

    conversation: uuid.UUID


@dataclass(frozen=True, slots=True)
class Ack:
    """The browser has taken `n` frames since it was let in."""

    n: int


@dataclass(frozen=True, slots=True)
class Pong:
    n: int


# What is to be done, by one call each; the others are about the socket itself.
Request = Send | Regenerate | Continue | Stop | Select | Rename | Delete | Restore | Read | Recap | Amend
ClientFrame = Subscribe | Unsubscribe | Ack | Pong | Request


def _uuid(value: Any) -> uuid.UUID:
    if not isinstance(value, str) or len(value) != 36:
        raise ValueError("a UUID of 36 characters")
    try:
        return uuid.UUID(value)
    except ValueError:
        raise ValueError("a UUID of 36 characters") from None


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError("a whole number from 0")
    return value


def _slug(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 40:
        raise ValueError("a text of 1 to 40 characters")
    return value


def _cursor(value: Any) -> Cursor:
    if not isinstance(value, dict):
        raise ValueError("an object with id, attempt and seq")
    return Cursor(id=_uuid(value.get("id")), attempt=_count(value.get("attempt")), seq=_count(value.get("seq")))


def clean_text(value: Any, *, limit: int = MAX_TEXT) -> str:
    """What a member wrote, trimmed.

    Raises BadText for what Postgres or UTF-8 cannot hold, for nothing at all, and for more than `limit` characters.
    """
    if not isinstance(value, str):
        raise BadFrame("bad_field", "The field “text” should be a text.")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise BadText("bad_text", "The text holds characters that cannot be stored. Remove them and send again.")
    text = value.strip()
    if not text:
        raise BadText("empty_text", "There is nothing to send yet.")
    if len(text) > limit:
        raise BadText(
            "text_too_long", f"The text has {len(text):,} characters; {limit:,} is the most. Shorten or split it."
        )
    return text


def clean_title(value: Any) -> str:
    """A title a member gave: one line. Raises as `clean_text` does."""
    return " ".join(clean_text(value, limit=MAX_TITLE).split())


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "conversation": _uuid,
    "client_id": _uuid,
    "message": _uuid,
    "parent": _uuid,
    "summary": _uuid,
    "rev": _count,
    "position": _count,
    "after": _count,
    "n": _count,
    "personality": _slug,
    "text": clean_text,
    "title": clean_title,
}
_FRAMES: Mapping[str, type[ClientFrame]] = {
    frame.__name__.lower(): frame
    for frame in (
        Subscribe,
        Unsubscribe,
        Send,
        Regenerate,
        Continue,
        Stop,
        Select,
        Rename,
        Delete,
        Restore,
        Read,
        Recap,
        Amend,
        Ack,
        Pong,
    )
}


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def decode(raw: str) -> dict[str, Any]:
    """The JSON object of a frame. Raises BadFrame."""
    if len(raw) > MAX_FRAME or len(raw.encode("utf-8", "surrogatepass")) > MAX_FRAME:
        raise BadFrame("too_large", f"A frame may have {MAX_FRAME // 1024} kB. Split the message into parts.")
    try:
        frame = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        frame = None
    if not isinstance(frame, dict):
        raise BadFrame("bad_json", "A frame is one JSON object.")
    return frame


def ref_of(frame: Mapping[str, Any]) -> str | None:
    """What an error should name so that the browser knows which of its frames is meant."""
    ref = frame.get("ref", frame.get("client_id"))
    return ref if isinstance(ref, str) and len(ref) <= 64 and ref.isprintable() else None


def parse(frame: Mapping[str, Any]) -> ClientFrame:
    """A frame of the browser, checked. Unknown fields are ignored. Raises BadFrame or BadText."""
    kind = frame.get("type")
    form = _FRAMES.get(kind) if isinstance(kind, str) else None
    if form is None:
        raise BadFrame("unknown_type", "There is no frame of this type. Reload the page to get its newest version.")
    values: dict[str, Any] = {}
    for field in fields(form):
        value = frame.get(field.name)
        if value is None:
            if field.default is MISSING:
                raise BadFrame("bad_field", f"The field “{field.name}” is missing.")
            continue
        reader = _reader(form, field.name)
        try:
            values[field.name] = reader(value)
        except ValueError as error:
            raise BadFrame("bad_field", f"The field “{field.name}” should be {error}.") from None
    return form(**values)


def _reader(form: type[ClientFrame], name: str) -> Callable[[Any], Any]:
    if name == "reply":
        return _cursor if form is Subscribe else _uuid
    return _READERS[name]
