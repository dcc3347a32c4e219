"""What a member can do with an answer: have it written anew, have it gone on with, and stop it."""

import uuid
from contextlib import suppress
from functools import partial

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from conversations import live, states
from conversations.errors import NotFound, followed, nothing_to_continue, still_open
from conversations.models import OPEN, Conversation, Message, Reply, Role, Status
from conversations.snapshots import message_object
from conversations.turns.finding import find_message, find_personality, lock
from conversations.turns.storing import Sent, add_message, message_frame, next_status, save_and_tell, tell


def regenerate(*, user: User, client_id: uuid.UUID, message: uuid.UUID, personality: str | None = None) -> Sent:
    """Queue another version of an answer, beside it, by the personality that is named, else by the conversation's.

    Who answers from then on stays as it was. The same `client_id` again returns the same version. Raises
    UnknownPersonality, and TryLater when too many answers wait.
    """
    with transaction.atomic():
        answer = find_message(user, message, role=Role.ASSISTANT)
        talk = lock(user, answer.conversation_id)
        if talk is None:
            raise NotFound("message")
        earlier = Reply.objects.filter(conversation=talk, asked_by=user, client_id=client_id).first()
        if earlier is not None:
            return Sent(conversation=talk.pk, message=earlier.pk, reply=earlier.pk)
        chosen = find_personality(talk, personality)
        status = next_status(talk)
        version = add_message(talk, parent=answer.parent_id, role=Role.ASSISTANT)
        reply = save_and_tell(talk, [version], by=chosen, asked_by=user, status=status, client_id=client_id)
    return Sent(conversation=talk.pk, message=reply.pk, reply=reply.pk)


def continue_answer(*, user: User, client_id: uuid.UUID, message: uuid.UUID) -> Sent:
    """Queue an answer that ended before it was whole to go on where it broke off: no new version, the same text grows.

    The same `client_id` again asks for nothing more. Raises CannotGoOn when it is still open, when something was said
    after it, and when there is nothing to go on with; TryLater when too many answers wait.
    """
    with transaction.atomic():
        talk = lock(user, find_message(user, message, role=Role.ASSISTANT).conversation_id)
        if talk is None:
            raise NotFound("message")
        reply = Reply.objects.select_related("message").get(pk=message)
        if client_id not in reply.continued:
            _go_on(talk, reply, client_id)
    return Sent(conversation=talk.pk, message=message, reply=message)


def _go_on(talk: Conversation, reply: Reply, client_id: uuid.UUID) -> None:
    if reply.status in OPEN:
        raise still_open()
    if Message.objects.filter(parent=reply.message).exists():
        raise followed()
    continued = [*reply.continued, client_id]
    if not reply.message.text.strip() or not states.go_on(
        reply=reply.pk, attempt=reply.attempt, status=next_status(talk), continued=continued
    ):
        raise nothing_to_continue()
    talk.rev += 1
    talk.last_active_at = timezone.now()
    talk.save(update_fields=["rev", "last_active_at"])
    Message.objects.filter(pk=reply.pk).update(rev=talk.rev)
    head = str(talk.head_id) if talk.head_id else None
    tell(talk, [message_frame(talk, message_object(reply.pk), head=head)])


def stop(*, user: User, reply: uuid.UUID) -> None:
    """Stop an answer, from any tab: at once when it has not begun, else as soon as its writer hears of it (within 1 s).

    Stopping what has ended changes nothing.
    """
    with transaction.atomic():
        talk = lock(user, find_message(user, reply, role=Role.ASSISTANT).conversation_id)
        if talk is None:
            raise NotFound("reply")
        found = Reply.objects.get(pk=reply)
        ended = states.finish(
            reply=reply,
            conversation=talk.pk,
            attempt=found.attempt,
            frm=[Status.WAITING, Status.QUEUED],
            text=None,
            outcome=states.Outcome(status=Status.STOPPED),
        )
        if ended is not None:
            transaction.on_commit(partial(live.tell_changed, talk.pk, first=ended.rev, rev=ended.line_rev or ended.rev))
            transaction.on_commit(live.wake)
            return
        streaming = Reply.objects.filter(pk=reply, status=Status.STREAMING, stop_requested_at=None)
        if streaming.update(stop_requested_at=timezone.now()):
            transaction.on_commit(partial(live.hint_stop, reply))


def stop_for_the_inactive(user: int, **kwargs: object) -> None:
    """Hear that sessions of this member have ended: if the member may not come back, stop what they have asked for."""
    member = User.objects.filter(pk=user, is_active=False).first()
    if member is None:
        return
    asked = Reply.objects.filter(asked_by=member, status__in=OPEN).order_by("-message__position")
    for reply in list(asked.values_list("pk", flat=True)):
        with suppress(NotFound):  # its conversation is gone, or they have lost their place in it
            stop(user=member, reply=reply)
