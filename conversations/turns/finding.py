"""What a use case works on, found by the member's own eyes and held until the transaction ends."""

import uuid

from accounts.models import User
from agents.models import Personality
from conversations.errors import NotFound, UnknownPersonality
from conversations.models import Conversation, Message, Role


def lock(user: User, conversation: uuid.UUID) -> Conversation | None:
    """The conversation, if this member may write in it, held until the transaction ends."""
    return (
        Conversation.objects.writable_by(user)
        .select_related("personality__published")
        .select_for_update(of=("self",))
        .filter(pk=conversation)
        .first()
    )


def find_message(user: User, message: uuid.UUID, *, role: Role | None = None) -> Message:
    found = Message.objects.visible_to(user).filter(pk=message).first()
    if found is None or (role is not None and found.role != role):
        raise NotFound("message")
    return found


def find_personality(talk: Conversation | None, slug: str | None) -> Personality:
    """Who answers: the one that is named, else the conversation's. Nobody can start a conversation with nobody."""
    if talk is not None and slug in (None, talk.personality.slug):
        return talk.personality
    if slug is None:
        raise NotFound
    found = Personality.objects.offered().filter(slug=slug).first()
    if found is None:
        raise UnknownPersonality
    return found
