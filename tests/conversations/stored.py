"""Rows as they may stand, put there without the use cases that bring them about."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from agents.models import Personality
from conversations.models import ENDED, Conversation, MemberRole, Membership, Message, Reply, Role, Status


def store_talk(owner: User, **fields: Any) -> Conversation:
    talk = Conversation.objects.create(owner=owner, personality=Personality.objects.get(slug="assistant"), **fields)
    Membership.objects.create(conversation=talk, user=owner, role=MemberRole.OWNER, last_active_at=talk.last_active_at)
    return talk


def store_message(
    talk: Conversation, role: Role = Role.USER, *, parent: Message | None = None, **fields: Any
) -> Message:
    """The next message, under `parent`; it becomes the head."""
    talk.length += 1
    talk.rev += 1
    if role == Role.USER:
        fields = {"author_id": talk.owner_id, "client_id": uuid.uuid4(), "text": f"Question {talk.length}", **fields}
    message = Message.objects.create(
        **{"conversation": talk, "role": role, "parent": parent, "position": talk.length, "rev": talk.rev, **fields}
    )
    talk.head = message
    talk.save(update_fields=["length", "rev", "head"])
    return message


def store_reply(talk: Conversation, status: Status, *, parent: Message | None = None, **fields: Any) -> Reply:
    """An answer in this state, with what the state asks for."""
    message = store_message(
        talk, Role.ASSISTANT, parent=parent or store_message(talk), text="Said" if status == Status.COMPLETE else ""
    )
    now = timezone.now()
    if status == Status.STREAMING:
        fields = {"attempt": 1, "lease_owner": "somebody", "lease_until": now + timedelta(seconds=30), **fields}
    if status in ENDED:
        fields = {"attempt": 1, "finished_at": now, **fields}
    if status in (Status.FAILED, Status.INTERRUPTED):
        fields = {"error_code": "cut_off", "error_message": "It broke off.", **fields}
    version = talk.personality.published
    assert version is not None
    return Reply.objects.create(
        **{"message": message, "conversation": talk, "asked_by_id": talk.owner_id, "version": version, "status": status}
        | fields
    )


def store_exchanges(talk: Conversation, count: int) -> None:
    """So many more questions and answers at the end of the shown branch."""
    for _ in range(count):
        store_reply(talk, Status.COMPLETE, parent=store_message(talk, parent=talk.head))


def store_thread(owner: User, exchanges: int) -> Conversation:
    """A conversation of so many questions and answers, in a few statements."""
    talk = store_talk(owner)
    version = talk.personality.published
    assert version is not None
    messages: list[Message] = []
    for number in range(1, 2 * exchanges + 1):
        asked = number % 2 == 1
        messages.append(
            Message(
                conversation=talk,
                parent=messages[-1] if messages else None,
                role=Role.USER if asked else Role.ASSISTANT,
                author=owner if asked else None,
                client_id=uuid.uuid4() if asked else None,
                text=f"Text {number}",
                position=number,
                rev=number,
            )
        )
    Message.objects.bulk_create(messages)
    ended = {"status": Status.COMPLETE, "attempt": 1, "finished_at": timezone.now()}
    Reply.objects.bulk_create(
        Reply(message=answer, conversation=talk, version=version, **ended) for answer in messages[1::2]
    )
    talk.length = talk.rev = len(messages)
    talk.head = messages[-1]
    talk.save(update_fields=["length", "rev", "head"])
    return talk
