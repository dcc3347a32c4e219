"""What was said since a member last read, as rows: asked for, taken in steps, kept, and told to that member alone."""

import uuid
from functools import partial

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.dispatch import Signal

from accounts.models import User
from conversations import live
from conversations.errors import NotFound, nothing_new
from conversations.models import OPEN, Conversation, Membership, Recap
from conversations.summaries.leases import Leases
from conversations.wire import RecapFrame, RecapObject, encode

MOST = 1000  # messages that one tells of: the newest

recap_wanted = Signal()  # recap: its id. It was stored, and somebody should make it.

_leases = Leases("conversations_recap", "id")


def ask(*, user: User, conversation: uuid.UUID, after: int) -> None:
    """Have a model tell this member what was said on the shown branch after the position `after`.

    Asked again, nothing is made twice, and the member's tabs are told how it stands. Raises NotFound, and what
    `nothing_new` makes where nothing was said since.
    """
    with transaction.atomic():
        place = (
            Membership.objects.select_for_update(of=("self",))
            .select_related("conversation")
            .filter(user=user, conversation__in=Conversation.objects.visible_to(user).filter(pk=conversation))
            .first()
        )
        if place is None:
            raise NotFound
        said = _said(place.conversation.head_id, after=after, limit=MOST)
        if not said:
            raise nothing_new()
        recap = Recap.objects.select_related("reaches").filter(conversation=conversation, user=user).first()
        if recap is None or not _serves(recap, after=after, reaches=said[-1]):
            Recap.objects.filter(conversation=conversation, user=user).delete()
            recap = Recap.objects.create(
                conversation_id=conversation, user=user, after=after, reaches_id=said[-1], told=after
            )
            transaction.on_commit(partial(recap_wanted.send_robust, None, recap=recap.pk))
        tell(recap)


def _serves(recap: Recap, *, after: int, reaches: uuid.UUID) -> bool:
    """It is what would be made now, or is on its way."""
    on_its_way = recap.due_at is not None
    return recap.given_up_at is None and recap.after == after and (on_its_way or recap.reaches_id == reaches)


def claim(recap: uuid.UUID, *, seconds: float) -> Recap | None:
    """Take the making of its next step. None: it is done, or somebody has it, or it is not yet due, or not wanted."""
    attempt = _leases.take(recap, seconds=seconds)
    if attempt is None:
        return None
    taken = (
        Recap.objects.select_related("user", "conversation__personality", "reaches")
        .filter(pk=recap, attempt=attempt)
        .first()
    )
    if taken and not Conversation.objects.visible_to(taken.user).filter(pk=taken.conversation_id).exists():
        taken.delete()
        return None
    return taken


def left(recap: Recap) -> list[uuid.UUID]:
    """The messages that it does not tell of yet, oldest first."""
    return _said(recap.reaches_id, after=recap.told, limit=MOST)


def keep(recap: Recap, *, text: str, told: int, covers: int, model: str, done: bool) -> bool:
    """Store a step of what was claimed; tell the member when it is done. False: the claim is lost."""
    kept = _mine(recap).update(
        text=text,
        told=told,
        covers=recap.covers + covers,
        model=model,
        attempt=0,
        lease_until=None,
        due_at=None if done else Now(),
        error_code="",
        error_message="",
    )
    if kept and done:
        recap.refresh_from_db()
        tell(recap)
    return bool(kept)


def put_off(recap: Recap, *, code: str, message: str, retryable: bool, retry_after: float | None = None) -> None:
    """Making it failed: it is tried again later, or given up, which the member is told."""
    mine = {"id": recap.pk, "told": recap.told}
    _leases.put_off(
        mine, attempt=recap.attempt, code=code, message=message, retryable=retryable, retry_after=retry_after
    )
    given_up = Recap.objects.select_related("reaches").filter(pk=recap.pk, given_up_at__isnull=False).first()
    if given_up:
        tell(given_up)


def ready() -> list[uuid.UUID]:
    """Those of which a step may be made now. What died with its worker too often is given up."""
    _leases.give_up_lost()
    return _leases.ready()


def recap_object(recap: Recap | None) -> RecapObject | None:
    """As its member sees it."""
    if recap is None:
        return None
    done = recap.due_at is None
    return RecapObject(
        id=str(recap.pk),
        after=recap.after,
        reaches=str(recap.reaches_id),
        covers=recap.covers,
        status="failed" if recap.given_up_at else "made" if done else "making",
        text=recap.text if done else "",
        error=recap.error_message if recap.given_up_at else "",
    )


def tell(recap: Recap) -> None:
    """Show it in the member's tabs, once it is committed."""
    frame = RecapFrame(type="recap", conversation=str(recap.conversation_id), recap=recap_object(recap))
    transaction.on_commit(partial(live.tell_members, [recap.user_id], encode(frame)))


def _mine(recap: Recap) -> QuerySet[Recap]:
    return Recap.objects.filter(pk=recap.pk, told=recap.told, attempt=recap.attempt)


def _said(tip: uuid.UUID | None, *, after: int, limit: int) -> list[uuid.UUID]:
    """The messages of the branch that ends at `tip` from after this position on, oldest first, as far as they are
    whole: up to the first answer that is still being written. The newest of them, if they are more than `limit`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE branch AS (
                SELECT id, parent_id, position, 1 AS depth FROM conversations_message WHERE id = %s AND position > %s
                UNION ALL
                SELECT message.id, message.parent_id, message.position, depth + 1
                  FROM branch, LATERAL (
                       SELECT id, parent_id, position FROM conversations_message WHERE id = branch.parent_id LIMIT 1
                       ) AS message
                 WHERE message.position > %s AND depth < %s
            ) SELECT id FROM branch
               WHERE position < coalesce((SELECT min(position) FROM branch JOIN conversations_reply ON message_id = id
                                           WHERE status = ANY(%s)), 2147483647)
               ORDER BY position
            """,
            [tip, after, after, limit, list(OPEN)],
        )
        return [row[0] for row in cursor.fetchall()]
