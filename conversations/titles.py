"""Titles: written once by a model, or at any time by a member, and told."""

from functools import partial

from django.db import transaction

from conversations import live
from conversations.models import Conversation, Membership, TitledBy
from conversations.snapshots import conversation_object
from conversations.wire import ConversationFrame, encode


def entitle(talk: Conversation, *, title: str, by: TitledBy) -> None:
    """Write a title, and tell. The caller holds the conversation's lock."""
    talk.title, talk.titled_by = title, by
    talk.rev += 1
    talk.save(update_fields=["title", "titled_by", "rev"])
    frame = encode(ConversationFrame(type="conversation", conversation=conversation_object(talk)))
    transaction.on_commit(partial(live.tell_changed, talk.pk, first=talk.rev, rev=talk.rev, frames=[frame]))
    members = list(Membership.objects.filter(conversation=talk).values_list("user_id", flat=True))
    transaction.on_commit(partial(live.tell_members, members, frame))
