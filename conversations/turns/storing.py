"""New messages and the answers to come: stored, and shown to everybody once that is committed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from agents.models import Personality
from conversations import live
from conversations.errors import busy
from conversations.models import OPEN, Conversation, Message, Reply, Role, Status
from conversations.snapshots import conversation_object, message_objects
from conversations.wire import ConversationFrame, MessageFrame, MessageObject, encode

LONGEST_LINE = 10  # answers of one conversation that may be open at once


@dataclass(frozen=True, slots=True)
class Sent:
    """What is stored: the member's message (or the answer's version that was asked for) and the answer to come."""

    conversation: uuid.UUID
    message: uuid.UUID
    reply: uuid.UUID | None


def next_status(talk: Conversation) -> Status:
    line = Reply.objects.filter(conversation=talk, status__in=OPEN).count()
    if line >= LONGEST_LINE:
        raise busy()
    return Status.WAITING if line else Status.QUEUED


def add_message(
    talk: Conversation,
    *,
    parent: uuid.UUID | None,
    role: Role,
    author: User | None = None,
    text: str = "",
    client_id: uuid.UUID | None = None,
) -> Message:
    """The next message of the conversation, not yet saved; it becomes the head."""
    talk.rev += 1
    talk.length += 1
    message = Message(
        conversation=talk,
        parent_id=parent,
        role=role,
        author=author,
        text=text,
        client_id=client_id,
        position=talk.length,
        rev=talk.rev,
    )
    talk.head_id = message.pk
    return message


def save_and_tell(
    talk: Conversation,
    messages: Sequence[Message],
    *,
    by: Personality,
    asked_by: User,
    status: Status,
    client_id: uuid.UUID | None = None,
    alone: bool = False,
) -> Reply:
    """Save new messages, the last of them an answer to be written `by` this personality as it is published now, and
    show them to everybody once it is committed.
    """
    answer = messages[-1]
    version = by.published
    assert version is not None, "only offered personalities answer, and these are published"
    version.personality = by
    Message.objects.bulk_create(messages)
    reply = Reply.objects.create(
        message=answer, conversation=talk, asked_by=asked_by, client_id=client_id, version=version, status=status
    )
    talk.last_active_at = timezone.now()
    talk.save(update_fields=["head", "rev", "length", "last_active_at", "personality"])
    shown = message_objects(messages, alone=alone)
    tell(talk, [message_frame(talk, message, head=message["id"]) for message in shown])
    return reply


def message_frame(talk: Conversation, message: MessageObject, *, head: str | None) -> MessageFrame:
    return MessageFrame(type="message", conversation=str(talk.pk), rev=message["rev"], head=head, message=message)


def tell(talk: Conversation, frames: Sequence[MessageFrame]) -> None:
    """Show these to all readers once it is committed, move the conversation up in its members' lists, wake a runner."""
    members = _touch_members(talk)
    listed = encode(ConversationFrame(type="conversation", conversation=conversation_object(talk)))
    transaction.on_commit(
        partial(
            live.tell_sent,
            talk.pk,
            first=frames[0]["rev"],
            rev=frames[-1]["rev"],
            frames=[encode(frame) for frame in frames],
            to=members,
            listed=listed,
        )
    )


def _touch_members(talk: Conversation) -> list[int]:
    """Move the conversation to the top of its members' lists. Returns the members."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_membership SET last_active_at = %s WHERE conversation_id = %s RETURNING user_id",
            [talk.last_active_at, talk.pk],
        )
        return [row[0] for row in cursor.fetchall()]
