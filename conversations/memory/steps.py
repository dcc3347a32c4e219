"""The messages that one call of a model is told of, of a talk that is too long for one."""

import uuid
from collections.abc import Sequence
from typing import Protocol, TypeVar

from agents.context import Turn
from agents.tokens import Counter
from conversations.models import OPEN, Message

STEP_MESSAGES = 40
STEP_TOKENS = 3_000
COUNTED_CHARS = 4_000  # of one message: what is longer is sent as an excerpt


class Said(Protocol):
    """A message, or a turn of a talk that is stored nowhere."""

    @property
    def role(self) -> str: ...
    @property
    def text(self) -> str: ...


AnySaid = TypeVar("AnySaid", bound=Said)


def read(ids: Sequence[uuid.UUID]) -> list[Message]:
    """These, oldest first, with what `settled` and `turn` ask of them."""
    return list(
        Message.objects.filter(pk__in=ids)
        .select_related("author", "reply", "reply__version")
        .order_by("position")
    )  # fmt: skip


def settled(messages: Sequence[AnySaid]) -> list[AnySaid]:
    """Those from the oldest on that will not change any more, as many as one call may carry; at least the first."""
    taken: list[AnySaid] = []
    room = STEP_TOKENS
    for message in messages:
        reply = getattr(message, "reply", None)
        room -= tokens(message)
        if (reply is not None and reply.status in OPEN) or (taken and room < 0):
            break
        taken.append(message)
    return taken


def tokens(message: Said) -> int:
    """By an estimate: no model is asked yet."""
    return Counter().message(message.text[:COUNTED_CHARS])


def turn(message: Message) -> Turn:
    """A message as it is quoted, with the name of who said it."""
    reply = getattr(message, "reply", None)
    author = reply.version.name if reply else message.author.display_name if message.author else ""
    return Turn(id=str(message.pk), role=message.role, text=message.text, author=author)
