"""A member's list of conversations, and who may answer in them."""

import uuid
from datetime import UTC, datetime
from typing import TypedDict

from accounts.models import User
from agents.models import Personality
from conversations.errors import BadFrame
from conversations.models import Membership
from conversations.snapshots.objects import face, personality_object
from conversations.wire import Face, PersonalityObject

LIST_PAGE = 40  # conversations


class ConversationItem(TypedDict):
    """A conversation as it stands in a member's list: unread where it is longer than what was read."""

    id: str
    title: str
    personality: Face
    last_active_at: str
    rev: int
    length: int
    last_read: int


class ConversationPage(TypedDict):
    items: list[ConversationItem]
    next: str | None


def conversation_item(place: Membership) -> ConversationItem:
    """Of a member's place, loaded with the conversation, its personality and that one's published version."""
    conversation = place.conversation
    assert conversation.personality.published is not None
    return ConversationItem(
        id=str(conversation.pk),
        title=conversation.title,
        personality=face(conversation.personality.slug, conversation.personality.published),
        last_active_at=conversation.last_active_at.isoformat(),
        rev=conversation.rev,
        length=conversation.length,
        last_read=place.last_read,
    )


def list_conversations(user: User, *, before: str | None = None) -> ConversationPage:
    """A member's conversations, newest first; `before` is the `next` of the page before. Raises BadFrame."""
    rows = (
        Membership.objects.filter(user=user, archived=False, conversation__trashed_at__isnull=True)
        .select_related("conversation__personality__published")
        .order_by("-last_active_at", "-conversation_id")
    )
    if before is not None:
        moment, conversation = _list_cursor(before)
        rows = rows.filter(last_active_at__lte=moment).exclude(last_active_at=moment, conversation_id__gte=conversation)
    page = list(rows[: LIST_PAGE + 1])
    last = page[LIST_PAGE - 1] if len(page) > LIST_PAGE else None
    return ConversationPage(
        items=[conversation_item(row) for row in page[:LIST_PAGE]],
        next=f"{last.last_active_at.isoformat()}_{last.conversation_id}" if last else None,
    )


def list_personalities() -> list[PersonalityObject]:
    return [personality_object(personality) for personality in Personality.objects.offered()]


def _list_cursor(text: str) -> tuple[datetime, uuid.UUID]:
    moment, _, conversation = text.partition("_")
    try:
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise ValueError("a time without its zone")
        # Postgres knows no zone as far from Greenwich as Python does.
        return at.astimezone(UTC), uuid.UUID(conversation)
    except (ValueError, OverflowError):
        raise BadFrame("bad_field", "“before” should be the “next” of an earlier page.") from None
