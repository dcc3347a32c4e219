"""How a conversation goes: to the trash and back by its owner, for good by staff; and how a member loses their place.

Whoever reads it is told, and finds it gone at the next look too, should that be lost: its `rev` says that something
changed, and what changed is that it cannot be read any more.
"""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from conversations import live, states
from conversations.errors import NotFound, OwnerOnly
from conversations.models import OPEN, Conversation, MemberRole, Membership, Reply, Status
from conversations.snapshots import conversation_object
from conversations.usage import left_behind
from conversations.wire import ConversationFrame, Deleted, encode


def delete(*, user: User, conversation: uuid.UUID) -> None:
    """Put a conversation into the trash, for all of its members; its answers are stopped. Raises OwnerOnly."""
    with transaction.atomic():
        talk = Conversation.objects.visible_to(user).select_for_update(of=("self",)).filter(pk=conversation).first()
        if talk is None:
            raise NotFound
        if talk.owner_id != user.pk:
            raise OwnerOnly
        _stop_all(talk)
        rev = states.next_rev(talk.pk)
        Conversation.objects.filter(pk=talk.pk).update(trashed_at=timezone.now())
        _tell_gone(talk.pk, rev or 0, _members(talk))


def restore(*, user: User, conversation: uuid.UUID) -> None:
    """Take a conversation back out of the trash, as it was. Raises NotFound when it is not there, or not theirs."""
    with transaction.atomic():
        trash = Conversation.objects.in_trash_of(user)
        talk = trash.select_related("personality__published").select_for_update(of=("self",)).filter(pk=conversation)
        found = talk.first()
        if found is None:
            raise NotFound
        found.trashed_at = None
        found.rev = states.next_rev(found.pk) or found.rev
        found.save(update_fields=["trashed_at"])
        listed = encode(ConversationFrame(type="conversation", conversation=conversation_object(found)))
        transaction.on_commit(partial(live.tell_members, _members(found), listed))


def erase(*, conversation: uuid.UUID) -> None:
    """Delete a conversation with all that was said in it, for good. Who is writing in it finds nothing to write to.

    What the answer that is being written has cost so far, as far as its row knows, is put on the books.
    """
    with transaction.atomic():
        talk = Conversation.objects.select_for_update().filter(pk=conversation).first()
        if talk is None:
            return
        logs = list(Reply.objects.filter(conversation=talk).values_list("pk", "attempt"))
        members = _members(talk)
        _book_unfinished(talk)
        rev = states.next_rev(talk.pk)
        talk.delete()
        _tell_gone(conversation, rev or 0, members)
        transaction.on_commit(partial(live.forget, logs))


def empty_trash() -> int:
    """Erase what has been in the trash for TRASH_DAYS. Returns how many."""
    old = timezone.now() - timedelta(days=settings.TRASH_DAYS)
    found = list(Conversation.objects.filter(trashed_at__lt=old).values_list("pk", flat=True)[:200])
    for conversation in found:
        erase(conversation=conversation)
    return len(found)


def remove_member(*, membership: int) -> None:
    """Take a member's place in a conversation away; an owner's cannot be. Raises OwnerOnly."""
    with transaction.atomic():
        place = Membership.objects.select_for_update().filter(pk=membership).first()
        if place is None:
            return
        if place.role == MemberRole.OWNER:
            raise OwnerOnly
        place.delete()
        rev = states.next_rev(place.conversation_id)
        _tell_gone(place.conversation_id, rev or 0, [place.user_id])


def _book_unfinished(talk: Conversation) -> None:
    """End what is being written, as a reaper would: its writer will find that it has lost it, and books nothing."""
    for reply in Reply.objects.select_related("message").filter(conversation=talk, status=Status.STREAMING):
        states.finish(
            reply=reply.pk,
            conversation=talk.pk,
            attempt=reply.attempt,
            frm=[Status.STREAMING],
            text=None,
            outcome=states.Outcome(status=Status.STOPPED),
            spent=left_behind(reply.pk, reply.text[len(reply.message.text) :]),
        )


def _stop_all(talk: Conversation) -> None:
    """Those that wait end at once; the one that is written ends when its writer hears of it, with what it has."""
    for reply in Reply.objects.filter(conversation=talk, status__in=OPEN).order_by("-message__position"):
        ended = states.finish(
            reply=reply.pk,
            conversation=talk.pk,
            attempt=reply.attempt,
            frm=[Status.WAITING, Status.QUEUED],
            text=None,
            outcome=states.Outcome(status=Status.STOPPED),
        )
        if ended is None:  # also when a writer took it while we looked
            Reply.objects.filter(pk=reply.pk, stop_requested_at=None).update(stop_requested_at=timezone.now())
            transaction.on_commit(partial(live.hint_stop, reply.pk))


def _members(talk: Conversation) -> list[int]:
    return list(Membership.objects.filter(conversation=talk).values_list("user", flat=True))


def _tell_gone(conversation: uuid.UUID, rev: int, members: Iterable[int]) -> None:
    """To the tabs of these members, whatever they show, and to all who read it: these look, and find out."""
    gone = encode(Deleted(type="deleted", conversation=str(conversation)))
    transaction.on_commit(partial(live.tell_gone, conversation, list(members), gone))
    transaction.on_commit(partial(live.tell_changed, conversation, first=rev, rev=rev))
