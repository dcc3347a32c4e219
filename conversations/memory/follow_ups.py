"""Questions that may follow an answer: asked of the model once the answer has ended, and shown under it.

Nothing sweeps up after a lost task: they are worth having while somebody looks at the answer, and later nothing misses
them. For the same reason none are made for an answer that others have followed meanwhile.
"""

import uuid
from functools import partial

from django.db import transaction
from django.db.models import F, QuerySet

from agents.follow_ups import FOLLOW_UP_TOKENS, TEMPERATURE, clean_follow_ups, follow_up_messages
from conversations import live
from conversations.memory.asking import ask
from conversations.models import Conversation, Kind, Message, Reply, Status
from conversations.snapshots import message_object
from conversations.wire import MessageFrame, encode

SECONDS = 30.0  # to wait for the endpoint: who reads has gone on by then


def suggest(reply: uuid.UUID) -> bool:
    """Ask what may follow a complete answer, keep it with the answer and show it. False: none wanted, or none fit.

    Raises AgentError. Any number of these may run at once: what is there already stays.
    """
    found = (
        _wanting()
        .select_related("message__parent", "conversation")
        .only("asked_by_id", "version_id", "model", "message__text", "message__parent__text", "conversation__owner_id")
        .filter(pk=reply, version__follow_ups=True)
        .exclude(message__text="")
        .first()
    )
    if found is None or found.message.parent is None:
        return False
    question = found.message.parent.text
    answer = ask(
        kind=Kind.FOLLOW_UPS,
        conversation=found.conversation,
        reply=found,
        model=found.model,
        messages=follow_up_messages(question, found.message.text),
        temperature=TEMPERATURE,
        max_tokens=FOLLOW_UP_TOKENS,
        seconds=SECONDS,
    )
    questions = clean_follow_ups(answer.text, question=question)
    return bool(questions) and _keep(found, questions)


def _wanting() -> QuerySet[Reply]:
    """Answers that stand at the end of their branch and have nothing under them yet."""
    return Reply.objects.filter(
        status=Status.COMPLETE,
        follow_ups=[],
        conversation__head=F("message"),
        conversation__trashed_at__isnull=True,
    )


def _keep(reply: Reply, questions: list[str]) -> bool:
    with transaction.atomic():
        talk = Conversation.objects.select_for_update().filter(pk=reply.conversation_id).first()
        if talk is None or not _wanting().filter(pk=reply.pk).update(follow_ups=questions):
            return False
        talk.rev += 1
        talk.save(update_fields=["rev"])
        Message.objects.filter(pk=reply.pk).update(rev=talk.rev)
        shown = message_object(reply.pk)
        frame = MessageFrame(
            type="message", conversation=str(talk.pk), rev=talk.rev, head=str(talk.head_id), message=shown
        )
        transaction.on_commit(partial(live.tell_changed, talk.pk, first=talk.rev, rev=talk.rev, frames=[encode(frame)]))
    return True
