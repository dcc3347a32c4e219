"""Frames from the server."""

import json
from typing import Literal, TypedDict

from conversations.errors import ChatError
from conversations.wire.objects import (
    ConversationObject,
    ErrorObject,
    MessageObject,
    RecapObject,
    SummaryObject,
    UsageObject,
)


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
    summary: SummaryObject | None
    role: str
    last_read: int
    recap: RecapObject | None
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


class SummaryFrame(TypedDict):
    """The summary that stands for the earlier part of the shown branch."""

    type: Literal["summary"]
    conversation: str
    rev: int
    summary: SummaryObject | None


class ReadFrame(TypedDict):
    """How far this member has read, in whichever tab."""

    type: Literal["read"]
    conversation: str
    last_read: int


class RecapFrame(TypedDict):
    """What this member missed, in short, or how the making of it stands."""

    type: Literal["recap"]
    conversation: str
    recap: RecapObject | None


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


class Acknowledged(TypedDict):
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


class Deleted(TypedDict):
    """A conversation is gone for this member: deleted, or not shared with them any more."""

    type: Literal["deleted"]
    conversation: str


class Ping(TypedDict):
    type: Literal["ping"]
    n: int


class Draining(TypedDict):
    type: Literal["draining"]
    reconnect_in: float


ServerFrame = (
    Hello | Snapshot | MessageFrame | ConversationFrame | SummaryFrame | ReadFrame | RecapFrame | ReplyFrame | Delta
    | Reset | End | Acknowledged | Deleted | ErrorFrame | Ping | Draining
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
