"""How far a member has read. It belongs to the member: nobody else hears of it, and no `rev` counts it."""

import uuid

from accounts.models import User
from conversations import live
from conversations.errors import NotFound
from conversations.models import Conversation, Membership
from conversations.wire import ReadFrame, encode


def mark_read(*, user: User, conversation: uuid.UUID, position: int) -> None:
    """Note that this member has read up to the message at `position`, and tell their tabs. It never goes back."""
    length = Conversation.objects.visible_to(user).filter(pk=conversation).values_list("length", flat=True).first()
    if length is None:
        raise NotFound
    last_read = min(position, length)
    places = Membership.objects.filter(conversation=conversation, user=user, last_read__lt=last_read)
    if places.update(last_read=last_read):
        frame = ReadFrame(type="read", conversation=str(conversation), last_read=last_read)
        live.tell_members([user.pk], encode(frame))
