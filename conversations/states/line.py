"""The line of a conversation: one reply is written, the others wait for their turn."""

import uuid

from django.db import connection, transaction

from conversations.models import Conversation, Message, Reply, Status


def unblock() -> list[tuple[uuid.UUID, int]]:
    """Move up lines whose head ended without moving them (a second belt; finding one is worth a warning).

    Returns the conversations that moved, each with the `rev` that shows it.
    """
    stuck = (
        Reply.objects.filter(status=Status.WAITING)
        .exclude(
            conversation__in=Reply.objects.filter(status__in=[Status.QUEUED, Status.STREAMING]).values("conversation")
        )
        .values_list("conversation", flat=True)
        .distinct()[:200]
    )
    moved = []
    for conversation in list(stuck):
        with transaction.atomic():
            if Conversation.objects.select_for_update().only("rev").filter(pk=conversation).first() is None:
                continue
            active = Reply.objects.filter(conversation=conversation, status__in=[Status.QUEUED, Status.STREAMING])
            rev = None if active.exists() else move_up(conversation)
            if rev is not None:
                moved.append((conversation, rev))
    return moved


def is_gone(conversation: uuid.UUID) -> bool:
    """Whether nobody can read it any more: it is deleted, or in the trash."""
    return not Conversation.objects.filter(pk=conversation, trashed_at__isnull=True).exists()


def next_rev(conversation: uuid.UUID) -> int | None:
    """Count one more visible change. Locks the conversation until the transaction ends; None when it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_conversation SET rev = rev + 1 WHERE id = %s RETURNING rev", [conversation]
        )
        row = cursor.fetchone()
    return row[0] if row else None


def move_up(conversation: uuid.UUID) -> int | None:
    """Queue the first in line if nobody is before it, and mark all in line as changed, since each has a new place.

    The caller locks. Returns the `rev` that shows it, or None when nobody waits.
    """
    line = list(
        Reply.objects.filter(conversation=conversation, status=Status.WAITING)
        .order_by("message__position")
        .values_list("pk", flat=True)
    )
    rev = next_rev(conversation) if line else None
    if rev is not None:
        active = Reply.objects.filter(conversation=conversation, status__in=[Status.QUEUED, Status.STREAMING])
        if not active.exists():  # one who left the middle of the line makes no room at its head
            Reply.objects.filter(pk=line[0], status=Status.WAITING).update(status=Status.QUEUED)
        Message.objects.filter(pk__in=line).update(rev=rev)
    return rev
