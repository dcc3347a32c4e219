"""A conversation as its reader sees it: snapshots and pages, and how far it is."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from django.db import connection

from accounts.models import User
from conversations.database import one_moment
from conversations.errors import NotFound
from conversations.models import OPEN, Conversation, Message, MessageQuerySet, Reply, Status
from conversations.snapshots.objects import conversation_object, message_objects, with_replies
from conversations.summaries.recall import newest, summary_object
from conversations.summaries.recaps import recap_object
from conversations.wire import MessageObject, Snapshot

PAGE = 50  # messages
MOST_CHANGES = 200  # more than this, and a reader gets the page anew


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
    """A snapshot, and all replies of the conversation that have not ended, in the snapshot or not.

    `open` are those that change without a new `rev`; `waiting` are the ids of those that nobody has begun to write. All
    are of one moment: an answer that the snapshot shows as not begun is not among the open ones.
    """

    frame: Snapshot
    open: list[OpenReply]
    waiting: set[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a conversation is: its `rev`, and the (reply, attempt) that is being written, which no `rev` tells."""

    rev: int
    writing: tuple[str, int] | None


def find_conversation(user: User, conversation: uuid.UUID) -> Conversation:
    """The conversation, with what its object needs. Raises NotFound, also when it is somebody else's."""
    found = (
        Conversation.objects.visible_to(user).select_related("personality__published").filter(pk=conversation).first()
    )
    if found is None:
        raise NotFound
    return found


def is_in_trash(user: User, conversation: uuid.UUID) -> bool:
    """Whether this member has deleted it, and may take it back."""
    return Conversation.objects.in_trash_of(user).filter(pk=conversation).exists()


@one_moment()
def read(user: User, conversation: uuid.UUID, *, since: int | None = None) -> View:
    """The newest page of the shown branch or, with `since`, only the messages that changed after that `rev`.

    Raises NotFound.
    """
    talk = find_conversation(user, conversation)
    if since is not None and talk.shown_rev <= since <= talk.rev:
        changed = list(_messages(talk.pk).filter(rev__gt=since).order_by("position")[: MOST_CHANGES + 1])
        if len(changed) <= MOST_CHANGES:
            return _view(user, talk, changed, has_earlier=False, since=since)
    page = branch(talk.pk, talk.head_id)
    return _view(user, talk, page[:PAGE][::-1], has_earlier=len(page) > PAGE, since=None)


def read_before(user: User, conversation: uuid.UUID, *, before: int) -> MessagePage:
    """The page of the branch that ends just before the message at position `before`. Raises NotFound."""
    talk = find_conversation(user, conversation)
    after = Message.objects.filter(conversation=talk, position=before).only("parent").first()
    if after is None:
        raise NotFound("message")
    page = branch(talk.pk, after.parent_id)
    return MessagePage(messages=message_objects(page[:PAGE][::-1]), has_earlier=len(page) > PAGE)


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


def _messages(conversation: uuid.UUID) -> MessageQuerySet:
    return with_replies(Message.objects.filter(conversation=conversation))


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


def _view(user: User, talk: Conversation, messages: list[Message], *, has_earlier: bool, since: int | None) -> View:
    role, last_read = talk.memberships.values_list("role", "last_read").get(user=user)
    unfinished = list(
        Reply.objects.filter(conversation=talk, status__in=OPEN).values_list("pk", "attempt", "seq", "text", "status")
    )
    return View(
        frame=Snapshot(
            type="snapshot",
            conversation=conversation_object(talk),
            messages=message_objects(messages),
            has_earlier=has_earlier,
            summary=summary_object(newest(talk.head_id)),
            role=role,
            last_read=last_read,
            recap=recap_object(talk.recaps.filter(user=user).first()),
            since=since,
        ),
        open=[
            OpenReply(id=str(pk), attempt=attempt, seq=seq, text=text)
            for pk, attempt, seq, text, status in unfinished
            if status == Status.STREAMING
        ],
        waiting={str(pk) for pk, *_, status in unfinished if status != Status.STREAMING},
    )
