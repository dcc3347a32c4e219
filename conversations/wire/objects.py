"""What frames hold: conversations, messages, answers as a reader sees them."""

from typing import Literal, TypedDict


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
    length: int


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
    version: int
    model: str
    finish_reason: str
    error: ErrorObject | None
    usage: UsageObject | None
    follow_ups: list[str]


class SummaryObject(TypedDict):
    """`reaches` is the last message it stands for, `position` that one's; `covers` counts them."""

    id: str
    reaches: str
    position: int
    covers: int
    text: str
    version: int
    model: str
    edited_by: AuthorObject | None
    created_at: str


class RecapObject(TypedDict):
    """What was said since a member last read. `text` comes when it is `made`; `error` says why it `failed`."""

    id: str
    after: int
    reaches: str
    covers: int
    status: Literal["making", "made", "failed"]
    text: str
    error: str


class MessageObject(TypedDict):
    id: str
    conversation: str
    rev: int
    parent: str | None
    position: int
    role: str
    author: AuthorObject | None
    client_id: str | None
    text: str
    created_at: str
    siblings: list[str]
    reply: ReplyObject | None
