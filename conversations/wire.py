"""Every frame of the socket, both ways, as types (docs/wire.md). Pure: knows no database and no socket."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, TypedDict

from conversations.errors import BadFrame, BadText, ChatError

VERSION = 1
MAX_FRAME = 64 * 1024  # bytes
MAX_TEXT = 32_000  # characters
MAX_TITLE = 120  # characters
HEARTBEAT = 25  # seconds between pings
PONG_WITHIN = 60  # seconds

# Close codes. Those from 4000 on are ours; daphne itself refuses to send 1012.
FAULT, TOO_SLOW, DRAINING = 1011, 4008, 4012
BAD_PROTOCOL, SESSION_OVER, FORBIDDEN, NO_PONG, FRAME_TOO_LARGE, TOO_MANY = 4400, 4401, 4403, 4408, 4413, 4429


# --- Objects ----------------------------------------------------------------------------------------------------


class Face(TypedDict):
    """A personality as it stands beside an answer or in the list."""

    slug: str
    name: str
    initial: str
    colour: str


class PersonalityObject(Face):
    role: str
    greeting: str
    starters: list[str]


class ConversationObject(TypedDict):
    id: str
    title: str
    rev: int
    head: str | None
    personality: PersonalityObject
    last_active_at: str


class AuthorObject(TypedDict):
    id: int
    name: str


class ErrorObject(TypedDict):
    code: str
    message: str
    retryable: bool
    retry_after: float | None


class UsageObject(TypedDict):
    prompt_tokens: int
    completion_tokens: int


class ReplyObject(TypedDict):
    status: str
    attempt: int
    seq: int
    place: int | None
    personality: Face
    model: str
    finish_reason: str
    error: ErrorObject | None
    usage: UsageObject | None


class MessageObject(TypedDict):
    id: str
    conversation: str
    rev: int
    parent: str | None
    position: int
    role: str
    author: AuthorObject | None
    text: str
    created_at: str
    siblings: list[str]
    reply: ReplyObject | None


# --- From the server --------------------------------------------------------------------------------------------


class Hello(TypedDict):
    type: Literal["hello"]
    v: int
    user: int
    heartbeat: int
    max_frame: int
    max_text: int


class Snapshot(TypedDict):
    type: Literal["snapshot"]
    conversation: ConversationObject
    messages: list[MessageObject]
    has_earlier: bool
    since: int | None


class MessageFrame(TypedDict):
    type: Literal["message"]
    conversation: str
    rev: int
    head: str | None
    message: MessageObject


class ConversationFrame(TypedDict):
    type: Literal["conversation"]
    conversation: ConversationObject


class Wait(TypedDict):
    code: str
    message: str
    seconds: float


class Numbers(TypedDict):
    """What places an event of an answer."""

    conversation: str
    reply: str
    attempt: int
    seq: int


class ReplyFrame(Numbers):
    type: Literal["reply"]
    status: str
    wait: Wait | None


class Delta(Numbers):
    type: Literal["delta"]
    text: str


class Reset(Numbers):
    type: Literal["reset"]
    text: str


class End(Numbers):
    type: Literal["end"]
    rev: int
    status: str
    error: ErrorObject | None
    finish_reason: str
    usage: UsageObject | None


class Ack(TypedDict):
    type: Literal["ack"]
    client_id: str
    conversation: str
    message: str
    reply: str | None


class ErrorFrame(TypedDict):
    type: Literal["error"]
    code: str
    message: str
    ref: str | None
    retryable: bool
    retry_after: float | None
    fatal: bool


class Ping(TypedDict):
    type: Literal["ping"]
    n: int


class Draining(TypedDict):
    type: Literal["draining"]
    reconnect_in: float


ServerFrame = (
    Hello | Snapshot | MessageFrame | ConversationFrame | ReplyFrame | Delta | Reset | End | Ack | ErrorFrame | Ping
    | Draining
)  # fmt: skip

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def encode(frame: ServerFrame) -> str:
    return _encoder.encode(frame)


def error_frame(error: ChatError, ref: str | None = None, *, fatal: bool = False) -> ErrorFrame:
    return ErrorFrame(
        type="error",
        code=error.code,
        message=error.message,
        ref=ref,
        retryable=error.retryable,
        retry_after=error.retry_after,
        fatal=fatal,
    )


# --- From the browser -------------------------------------------------------------------------------------------


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
class Pong:
    n: int


ClientFrame = Subscribe | Unsubscribe | Send | Regenerate | Stop | Select | Rename | Pong


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
            "text_too_long", f"The text has {len(text):,} characters; {limit:,} is the most. Split it into parts."
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
    "rev": _count,
    "n": _count,
    "personality": _slug,
    "text": clean_text,
    "title": clean_title,
}
_FRAMES: Mapping[str, type[ClientFrame]] = {
    frame.__name__.lower(): frame for frame in (Subscribe, Unsubscribe, Send, Regenerate, Stop, Select, Rename, Pong)
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
