"""What a member can do in a conversation. Each use case is one transaction: find, check, write; it tells on commit.

All of them raise NotFound for what does not exist or is not shared with the member, without saying which.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from agents.models import Personality
from conversations import live, states
from conversations.errors import Conflict, NotFound, UnknownPersonality, busy
from conversations.models import (
    OPEN,
    Conversation,
    MemberRole,
    Membership,
    Message,
    Reply,
    Role,
    Status,
    TitledBy,
)
from conversations.snapshots import conversation_object, message_objects
from conversations.titles import entitle
from conversations.wire import ConversationFrame, MessageFrame, encode

LONGEST_LINE = 10  # answers of one conversation that may be open at once


@dataclass(frozen=True, slots=True)
class Sent:
    """What is stored: the member's message (or the answer's version that was asked for) and the answer to come."""

    conversation: uuid.UUID
    message: uuid.UUID
    reply: uuid.UUID | None


def send(
    *,
    user: User,
    client_id: uuid.UUID,
    conversation: uuid.UUID,
    text: str,
    parent: uuid.UUID | None = None,
    personality: str | None = None,
) -> Sent:
    """Store what a member says, and queue the answer. Starts the conversation if it is new and a personality is named.

    The same `client_id` again stores nothing and returns the same. Raises Conflict when it then has another text,
    UnknownPersonality, and TryLater when too many answers wait in this conversation.
    """
    with transaction.atomic():
        talk = _lock(user, conversation)
        chosen = _choose_personality(talk, personality)
        if talk is None:
            talk = _start(user, conversation, chosen)
        earlier = Message.objects.filter(conversation=talk, author=user, client_id=client_id).first()
        if earlier is not None:
            return _sent_before(earlier, text)
        talk.personality = chosen
        above = _find_parent(talk, parent)
        status = _next_status(talk)
        question = _add_message(talk, parent=above, role=Role.USER, author=user, text=text, client_id=client_id)
        answer = _add_message(talk, parent=question.pk, role=Role.ASSISTANT)
        # The newest end of a branch has nothing after it yet, so the question is the only one at its place.
        reply = _save_and_tell(talk, [question, answer], asked_by=user, status=status, alone=parent is None)
    return Sent(conversation=talk.pk, message=question.pk, reply=reply.pk)


def regenerate(*, user: User, client_id: uuid.UUID, message: uuid.UUID) -> Sent:
    """Queue another version of an answer, beside it; the conversation's personality of now gives it.

    The same `client_id` again returns the same version. Raises TryLater when too many answers wait.
    """
    with transaction.atomic():
        answer = _find_message(user, message, role=Role.ASSISTANT)
        talk = _lock(user, answer.conversation_id)
        if talk is None:
            raise NotFound("message")
        earlier = Reply.objects.filter(conversation=talk, asked_by=user, client_id=client_id).first()
        if earlier is not None:
            return Sent(conversation=talk.pk, message=earlier.pk, reply=earlier.pk)
        status = _next_status(talk)
        version = _add_message(talk, parent=answer.parent_id, role=Role.ASSISTANT)
        reply = _save_and_tell(talk, [version], asked_by=user, status=status, client_id=client_id)
    return Sent(conversation=talk.pk, message=reply.pk, reply=reply.pk)


def stop(*, user: User, reply: uuid.UUID) -> None:
    """Stop an answer, from any tab: at once when it has not begun, else as soon as its writer hears of it (within 1 s).

    Stopping what has ended changes nothing.
    """
    with transaction.atomic():
        talk = _lock(user, _find_message(user, reply, role=Role.ASSISTANT).conversation_id)
        if talk is None:
            raise NotFound("reply")
        found = Reply.objects.get(pk=reply)
        ended = states.finish(
            reply=reply,
            conversation=talk.pk,
            attempt=found.attempt,
            frm=[Status.WAITING, Status.QUEUED],
            text="",
            outcome=states.Outcome(status=Status.STOPPED),
        )
        if ended is not None:
            transaction.on_commit(partial(live.tell_changed, talk.pk, first=ended.rev, rev=ended.line_rev or ended.rev))
            transaction.on_commit(live.wake)
            return
        streaming = Reply.objects.filter(pk=reply, status=Status.STREAMING, stop_requested_at=None)
        if streaming.update(stop_requested_at=timezone.now()):
            transaction.on_commit(partial(live.hint_stop, reply))


def select(*, user: User, message: uuid.UUID) -> None:
    """Show the branch that a message is on, down to its newest end."""
    with transaction.atomic():
        chosen = _find_message(user, message)
        talk = _lock(user, chosen.conversation_id)
        if talk is None:
            raise NotFound("message")
        talk.head_id = _newest_end(chosen.pk)
        talk.rev += 1
        talk.shown_rev = talk.rev
        talk.save(update_fields=["head", "rev", "shown_rev"])
        transaction.on_commit(partial(live.tell_changed, talk.pk, first=talk.rev, rev=talk.rev))


def rename(*, user: User, conversation: uuid.UUID, title: str) -> None:
    """Give a conversation a title. No model will change it afterwards."""
    with transaction.atomic():
        talk = _lock(user, conversation)
        if talk is None:
            raise NotFound
        entitle(talk, title=title, by=TitledBy.MEMBER)


# --- Finding ----------------------------------------------------------------------------------------------------


def _lock(user: User, conversation: uuid.UUID) -> Conversation | None:
    """The conversation, if this member may write in it, held until the transaction ends."""
    return (
        Conversation.objects.writable_by(user)
        .select_related("personality__published")
        .select_for_update(of=("self",))
        .filter(pk=conversation)
        .first()
    )


def _choose_personality(talk: Conversation | None, slug: str | None) -> Personality:
    """Who answers: the one that is named, else the conversation's. Nobody can start a conversation with nobody."""
    if talk is not None and slug in (None, talk.personality.slug):
        return talk.personality
    if slug is None:
        raise NotFound
    found = Personality.objects.offered().filter(slug=slug).first()
    if found is None:
        raise UnknownPersonality
    return found


def _find_message(user: User, message: uuid.UUID, *, role: Role | None = None) -> Message:
    found = Message.objects.visible_to(user).filter(pk=message).first()
    if found is None or (role is not None and found.role != role):
        raise NotFound("message")
    return found


def _find_parent(talk: Conversation, parent: uuid.UUID | None) -> uuid.UUID | None:
    if parent is not None and not Message.objects.filter(conversation=talk, pk=parent).exists():
        raise NotFound("message")
    return parent or talk.head_id


def _sent_before(message: Message, text: str) -> Sent:
    if message.text != text:
        raise Conflict
    reply = Reply.objects.filter(message__parent=message).order_by("message__position").first()
    return Sent(conversation=message.conversation_id, message=message.pk, reply=reply.pk if reply else None)


def _newest_end(message: uuid.UUID) -> uuid.UUID:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE down AS (
                SELECT %s::uuid AS id, 0 AS depth
                UNION ALL
                SELECT (SELECT child.id FROM conversations_message AS child
                         WHERE child.parent_id = down.id ORDER BY child.position DESC LIMIT 1), depth + 1
                  FROM down WHERE down.id IS NOT NULL
            ) SELECT id FROM down WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1
            """,
            [message],
        )
        row = cursor.fetchone()
    assert row is not None
    end: uuid.UUID = row[0]
    return end


# --- Writing ----------------------------------------------------------------------------------------------------


def _start(user: User, conversation: uuid.UUID, personality: Personality) -> Conversation:
    """A new conversation under the id the browser chose. Raises NotFound when that id is somebody else's."""
    talk, created = Conversation.objects.get_or_create(
        pk=conversation, defaults={"owner": user, "personality": personality}
    )
    if created:
        Membership.objects.create(conversation=talk, user=user, role=MemberRole.OWNER)
        return talk
    found = _lock(user, conversation)  # made a moment ago by another send of the same member, or by somebody else
    if found is None:
        raise NotFound
    return found


def _next_status(talk: Conversation) -> Status:
    line = Reply.objects.filter(conversation=talk, status__in=OPEN).count()
    if line >= LONGEST_LINE:
        raise busy()
    return Status.WAITING if line else Status.QUEUED


def _add_message(
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


def _save_and_tell(
    talk: Conversation,
    messages: Sequence[Message],
    *,
    asked_by: User,
    status: Status,
    client_id: uuid.UUID | None = None,
    alone: bool = False,
) -> Reply:
    """Save new messages, the last of them an answer to be written, and show them to everybody once it is committed."""
    answer = messages[-1]
    version = talk.personality.published
    assert version is not None, "only offered personalities answer, and these are published"
    version.personality = talk.personality
    Message.objects.bulk_create(messages)
    reply = Reply.objects.create(
        message=answer, conversation=talk, asked_by=asked_by, client_id=client_id, version=version, status=status
    )
    talk.last_active_at = timezone.now()
    talk.save(update_fields=["head", "rev", "length", "last_active_at", "personality"])
    members = _touch_members(talk)
    frames = [
        encode(
            MessageFrame(type="message", conversation=str(talk.pk), rev=shown["rev"], head=shown["id"], message=shown)
        )
        for shown in message_objects(messages, alone=alone)
    ]
    listed = encode(ConversationFrame(type="conversation", conversation=conversation_object(talk)))
    transaction.on_commit(
        partial(
            live.tell_sent, talk.pk, first=messages[0].rev, rev=answer.rev, frames=frames, to=members, listed=listed
        )
    )
    return reply


def _touch_members(talk: Conversation) -> list[int]:
    """Move the conversation to the top of its members' lists. Returns the members."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_membership SET last_active_at = %s WHERE conversation_id = %s RETURNING user_id",
            [talk.last_active_at, talk.pk],
        )
        return [row[0] for row in cursor.fetchall()]
