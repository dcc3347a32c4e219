"""What a reader sees: objects, pages and snapshots, read from Postgres. Used by the page, the socket and the relay.

Every function here is one short visit to the database and costs the size of a page, never that of the thread.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from django.db import connection
from django.db.models import Q

from accounts.models import User
from agents.models import Personality, PersonalityVersion
from conversations.database import one_moment
from conversations.errors import BadFrame, NotFound
from conversations.models import Conversation, Membership, Message, MessageQuerySet, Reply, Role, Status
from conversations.summaries.recall import newest, summary_object
from conversations.wire import (
    AuthorObject,
    ConversationObject,
    ErrorObject,
    Face,
    MessageObject,
    PersonalityObject,
    ReplyObject,
    Snapshot,
    UsageObject,
)

PAGE = 50  # messages
LIST_PAGE = 40  # conversations
MOST_CHANGES = 200  # more than this, and a reader gets the page anew


class ConversationItem(TypedDict):
    """A conversation as it stands in the list."""

    id: str
    title: str
    personality: Face
    last_active_at: str
    rev: int


class ConversationPage(TypedDict):
    items: list[ConversationItem]
    next: str | None


class MessagePage(TypedDict):
    messages: list[MessageObject]
    has_earlier: bool


@dataclass(frozen=True, slots=True)
class OpenReply:
    """A reply that is being written, as far as its row knows it: `text` holds the events up to `seq`."""

    id: str
    attempt: int
    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """A snapshot, and all replies of the conversation that change without a new `rev`, in the snapshot or not.

    Both are of one moment: an answer that the snapshot shows as not begun is not among the open ones.
    """

    frame: Snapshot
    open: list[OpenReply]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a conversation is: its `rev`, and the (reply, attempt) that is being written, which no `rev` tells."""

    rev: int
    writing: tuple[str, int] | None


# --- Objects ----------------------------------------------------------------------------------------------------


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
    )


def conversation_item(conversation: Conversation) -> ConversationItem:
    assert conversation.personality.published is not None
    return ConversationItem(
        id=str(conversation.pk),
        title=conversation.title,
        personality=face(conversation.personality.slug, conversation.personality.published),
        last_active_at=conversation.last_active_at.isoformat(),
        rev=conversation.rev,
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


def message_objects(messages: Sequence[Message], *, alone: bool = False) -> list[MessageObject]:
    """Of messages of one conversation, loaded with `_READ`; asks for siblings unless they are `alone`."""
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


# --- Reading ----------------------------------------------------------------------------------------------------

_READ = ("author", "reply", "reply__version", "reply__version__personality")


def message_object(message: uuid.UUID) -> MessageObject:
    return message_objects([Message.objects.select_related(*_READ).get(pk=message)])[0]


def find_conversation(user: User, conversation: uuid.UUID) -> Conversation:
    """The conversation, with what its object needs. Raises NotFound, also when it is somebody else's."""
    found = (
        Conversation.objects.visible_to(user).select_related("personality__published").filter(pk=conversation).first()
    )
    if found is None:
        raise NotFound
    return found


@one_moment()
def read(user: User, conversation: uuid.UUID, *, since: int | None = None) -> View:
    """The newest page of the shown branch or, with `since`, only the messages that changed after that `rev`.

    Raises NotFound.
    """
    talk = find_conversation(user, conversation)
    if since is not None and talk.shown_rev <= since <= talk.rev:
        changed = list(_messages(talk.pk).filter(rev__gt=since).order_by("position")[: MOST_CHANGES + 1])
        if len(changed) <= MOST_CHANGES:
            return _view(talk, changed, has_earlier=False, since=since)
    page = branch(talk.pk, talk.head_id)
    return _view(talk, page[:PAGE][::-1], has_earlier=len(page) > PAGE, since=None)


def read_before(user: User, conversation: uuid.UUID, *, before: int) -> MessagePage:
    """The page of the branch that ends just before the message at position `before`. Raises NotFound."""
    talk = find_conversation(user, conversation)
    after = Message.objects.filter(conversation=talk, position=before).only("parent").first()
    if after is None:
        raise NotFound("message")
    page = branch(talk.pk, after.parent_id)
    return MessagePage(messages=message_objects(page[:PAGE][::-1]), has_earlier=len(page) > PAGE)


def list_conversations(user: User, *, before: str | None = None) -> ConversationPage:
    """A member's conversations, newest first; `before` is the `next` of the page before. Raises BadFrame."""
    rows = (
        Membership.objects.filter(user=user, archived=False, conversation__trashed_at__isnull=True)
        .select_related("conversation__personality__published")
        .order_by("-last_active_at", "-conversation_id")
    )
    if before is not None:
        moment, conversation = _list_cursor(before)
        rows = rows.filter(last_active_at__lte=moment).exclude(last_active_at=moment, conversation_id__gte=conversation)
    page = list(rows[: LIST_PAGE + 1])
    last = page[LIST_PAGE - 1] if len(page) > LIST_PAGE else None
    return ConversationPage(
        items=[conversation_item(row.conversation) for row in page[:LIST_PAGE]],
        next=f"{last.last_active_at.isoformat()}_{last.conversation_id}" if last else None,
    )


def list_personalities() -> list[PersonalityObject]:
    return [personality_object(personality) for personality in Personality.objects.offered()]


def marks(conversations: Iterable[uuid.UUID]) -> dict[uuid.UUID, Mark]:
    """Where these conversations are. One that is gone is not in the answer."""
    ids = list(conversations)
    writing = {
        conversation: (str(reply), attempt)
        for conversation, reply, attempt in Reply.objects.filter(
            conversation__in=ids, status=Status.STREAMING
        ).values_list("conversation", "pk", "attempt")
    }
    rows = Conversation.objects.filter(pk__in=ids, trashed_at__isnull=True).values_list("pk", "rev")
    return {pk: Mark(rev, writing.get(pk)) for pk, rev in rows}


def _list_cursor(text: str) -> tuple[datetime, uuid.UUID]:
    moment, _, conversation = text.partition("_")
    try:
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise ValueError("a time without its zone")
        return at, uuid.UUID(conversation)
    except ValueError:
        raise BadFrame("bad_field", "“before” should be the “next” of an earlier page.") from None


def _messages(conversation: uuid.UUID) -> MessageQuerySet:
    return Message.objects.filter(conversation=conversation).select_related(*_READ)


def branch(conversation: uuid.UUID, tip: uuid.UUID | None) -> list[Message]:
    """The messages from `tip` up towards the first, newest first: a page, and one more when there are more."""
    if tip is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE branch AS (
                SELECT id, parent_id, 1 AS depth FROM conversations_message WHERE id = %s AND conversation_id = %s
                UNION ALL
                SELECT message.id, message.parent_id, depth + 1
                  FROM conversations_message AS message JOIN branch ON message.id = branch.parent_id
                 WHERE depth <= %s
            ) SELECT id FROM branch
            """,
            [tip, conversation, PAGE],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(_messages(conversation).filter(pk__in=ids).order_by("-position"))


def _view(talk: Conversation, messages: list[Message], *, has_earlier: bool, since: int | None) -> View:
    return View(
        frame=Snapshot(
            type="snapshot",
            conversation=conversation_object(talk),
            messages=message_objects(messages),
            has_earlier=has_earlier,
            summary=summary_object(newest(talk.head_id)),
            since=since,
        ),
        open=[
            OpenReply(id=str(pk), attempt=attempt, seq=seq, text=text)
            for pk, attempt, seq, text in Reply.objects.filter(conversation=talk, status=Status.STREAMING).values_list(
                "pk", "attempt", "seq", "text"
            )
        ],
    )
