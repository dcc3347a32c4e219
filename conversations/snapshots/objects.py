"""Rows as the objects of the wire."""

import uuid
from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from agents.models import Personality, PersonalityVersion
from conversations.models import Conversation, Message, MessageQuerySet, Reply, Role, Status
from conversations.wire import (
    AuthorObject,
    ConversationObject,
    ErrorObject,
    Face,
    MessageObject,
    PersonalityObject,
    ReplyObject,
    UsageObject,
)


def face(slug: str, version: PersonalityVersion) -> Face:
    return Face(slug=slug, name=version.name, initial=version.initial, colour=version.colour)


def personality_object(personality: Personality) -> PersonalityObject:
    version = personality.published
    assert version is not None, f"{personality.slug} answers in a conversation but was never published"
    return PersonalityObject(
        **face(personality.slug, version), role=version.role, greeting=version.greeting, starters=version.starters
    )


def conversation_object(conversation: Conversation) -> ConversationObject:
    """Of a conversation that was loaded with its personality and that one's published version."""
    return ConversationObject(
        id=str(conversation.pk),
        title=conversation.title,
        rev=conversation.rev,
        head=str(conversation.head_id) if conversation.head_id else None,
        personality=personality_object(conversation.personality),
        last_active_at=conversation.last_active_at.isoformat(),
        length=conversation.length,
    )


def error_object(reply: Reply) -> ErrorObject | None:
    if not reply.error_code:
        return None
    return ErrorObject(
        code=reply.error_code,
        message=reply.error_message,
        retryable=reply.error_retryable,
        retry_after=reply.retry_after,
    )


def usage_object(prompt_tokens: int | None, completion_tokens: int | None) -> UsageObject | None:
    if prompt_tokens is None or completion_tokens is None:
        return None
    return UsageObject(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)


_UNREAD = (
    "author__password",
    *(f"reply__{name}" for name in ("receipt", "earlier_receipts", "parameters", "findings")),
    *(f"reply__version__{name}" for name in ("traits", "knowledge", "constraints", "instructions", "starters")),
)


def with_replies(messages: MessageQuerySet) -> MessageQuerySet:
    """With what makes them objects, and without what else there is and may be large: receipts above all."""
    return messages.select_related("author", "reply", "reply__version", "reply__version__personality").defer(*_UNREAD)


def message_object(message: uuid.UUID) -> MessageObject:
    return message_objects([with_replies(Message.objects.all()).get(pk=message)])[0]


def message_objects(messages: Sequence[Message], *, alone: bool = False) -> list[MessageObject]:
    """Of messages of one conversation, loaded `with_replies`; asks for siblings unless they are `alone`."""
    siblings = {message.parent_id: [str(message.pk)] for message in messages} if alone else _siblings(messages)
    line = _line(messages)
    return [_message_object(message, siblings[message.parent_id], line) for message in messages]


def _message_object(message: Message, siblings: list[str], line: Sequence[uuid.UUID]) -> MessageObject:
    reply = _reply(message)
    return MessageObject(
        id=str(message.pk),
        conversation=str(message.conversation_id),
        rev=message.rev,
        parent=str(message.parent_id) if message.parent_id else None,
        position=message.position,
        role=message.role,
        author=AuthorObject(id=message.author.pk, name=message.author.display_name) if message.author else None,
        client_id=str(message.client_id) if message.client_id else None,
        text=reply.text if reply and reply.status == Status.STREAMING else message.text,
        created_at=message.created_at.isoformat(),
        siblings=siblings,
        reply=_reply_object(reply, line) if reply else None,
    )


def _reply(message: Message) -> Reply | None:
    return getattr(message, "reply", None) if message.role == Role.ASSISTANT else None


def _reply_object(reply: Reply, line: Sequence[uuid.UUID]) -> ReplyObject:
    return ReplyObject(
        status=reply.status,
        attempt=reply.attempt,
        seq=reply.seq,
        place=line.index(reply.pk) + 1 if reply.pk in line else None,
        personality=face(reply.version.personality.slug, reply.version),
        version=reply.version.number,
        model=reply.model,
        finish_reason=reply.finish_reason,
        error=error_object(reply),
        usage=usage_object(reply.prompt_tokens, reply.completion_tokens),
        follow_ups=reply.follow_ups,
    )


def _siblings(messages: Sequence[Message]) -> dict[uuid.UUID | None, list[str]]:
    """All versions at the places of these messages, oldest first, by parent."""
    found: dict[uuid.UUID | None, list[str]] = defaultdict(list)
    if messages:
        parents = {message.parent_id for message in messages}
        at_top = Q(parent__isnull=True) if None in parents else Q()
        rows = (
            Message.objects.filter(conversation=messages[0].conversation_id)
            .filter(Q(parent__in=parents - {None}) | at_top if parents - {None} else at_top)
            .order_by("position")
            .values_list("parent", "pk")
        )
        for parent, pk in rows:
            found[parent].append(str(pk))
    return found


def _line(messages: Sequence[Message]) -> list[uuid.UUID]:
    """The replies waiting in this conversation, first to go first; asked for only when one of these waits."""
    replies = [_reply(message) for message in messages]
    if not any(reply and reply.status == Status.WAITING for reply in replies):
        return []
    return list(
        Reply.objects.filter(conversation=messages[0].conversation_id, status=Status.WAITING)
        .order_by("message__position")
        .values_list("pk", flat=True)
    )
