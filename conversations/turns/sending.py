"""A member says something; a conversation begins with it if it is new."""

import uuid

from django.db import transaction

from accounts.models import User
from agents.models import Personality
from conversations.errors import Conflict, NotFound
from conversations.models import Conversation, MemberRole, Membership, Message, Reply, Role
from conversations.turns.finding import find_personality, lock
from conversations.turns.storing import Sent, add_message, next_status, save_and_tell


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
        talk = lock(user, conversation)
        if talk and (earlier := _find_earlier(talk, user, client_id)):
            return _sent_before(earlier, text)
        chosen = find_personality(talk, personality)
        if talk is None:
            talk = _start(user, conversation, chosen)
            if earlier := _find_earlier(talk, user, client_id):  # when another send of it was the faster one
                return _sent_before(earlier, text)
        talk.personality = chosen
        above = _find_parent(talk, parent)
        status = next_status(talk)
        question = add_message(talk, parent=above, role=Role.USER, author=user, text=text, client_id=client_id)
        answer = add_message(talk, parent=question.pk, role=Role.ASSISTANT)
        # The newest end of a branch has nothing after it yet, so the question is the only one at its place.
        reply = save_and_tell(talk, [question, answer], by=chosen, asked_by=user, status=status, alone=parent is None)
    return Sent(conversation=talk.pk, message=question.pk, reply=reply.pk)


def _start(user: User, conversation: uuid.UUID, personality: Personality) -> Conversation:
    """A new conversation under the id the browser chose. Raises NotFound when that id is somebody else's."""
    talk, created = Conversation.objects.get_or_create(
        pk=conversation, defaults={"owner": user, "personality": personality}
    )
    if created:
        Membership.objects.create(conversation=talk, user=user, role=MemberRole.OWNER)
        return talk
    found = lock(user, conversation)  # made a moment ago by another send of the same member, or by somebody else
    if found is None:
        raise NotFound
    return found


def _find_earlier(talk: Conversation, user: User, client_id: uuid.UUID) -> Message | None:
    return Message.objects.filter(conversation=talk, author=user, client_id=client_id).first()


def _find_parent(talk: Conversation, parent: uuid.UUID | None) -> uuid.UUID | None:
    if parent is not None and not Message.objects.filter(conversation=talk, pk=parent).exists():
        raise NotFound("message")
    return parent or talk.head_id


def _sent_before(message: Message, text: str) -> Sent:
    if message.text != text:
        raise Conflict
    reply = Reply.objects.filter(message__parent=message).order_by("message__position").first()
    return Sent(conversation=message.conversation_id, message=message.pk, reply=reply.pk if reply else None)
