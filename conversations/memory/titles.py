"""When a title is due, and how it is made and kept."""

import logging
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from agents.prompts import clean_title, opening_title, title_messages
from conversations.memory.asking import ask
from conversations.models import Conversation, Kind, Message, Role, Status, TitledBy
from conversations.titles import entitle

logger = logging.getLogger(__name__)

TITLE_TOKENS = 24
TITLE_SECONDS = 60.0  # to wait for the endpoint
LOOK_BACK = timedelta(minutes=10)  # older talks that have no title yet keep none until somebody speaks in them


def write_title(conversation: uuid.UUID) -> bool:
    """Give a conversation its title after the first answer. False: none was due, or the model had no good one.

    Raises AgentError. Any number of these may run at once: the title is written where there is none, once.
    """
    talk = (
        Conversation.objects.select_related("personality")
        .only("owner_id", "personality__published_id")
        .filter(pk=conversation, title="", trashed_at__isnull=True)
        .first()
    )
    exchange = _first_exchange(conversation) if talk else None
    if talk is None or exchange is None:
        return False
    answer = ask(
        kind=Kind.TITLE,
        conversation=talk,
        messages=title_messages(*exchange),
        temperature=0.2,
        max_tokens=TITLE_TOKENS,
        seconds=TITLE_SECONDS,
    )
    # A small model may say nothing fit for a title. The member's own first words then serve.
    title = clean_title(answer.text) or opening_title(exchange[0])
    if not title:
        return False
    with transaction.atomic():
        talk = (
            Conversation.objects.select_for_update(of=("self",))
            .select_related("personality__published")
            .filter(pk=conversation, title="")
            .first()
        )
        if talk is None:
            return False
        entitle(talk, title=title, by=TitledBy.MODEL)
    return True


def untitled() -> list[uuid.UUID]:
    """Talks of late that have an answer and no title: their task was lost."""
    return list(
        Conversation.objects.filter(
            title="",
            trashed_at__isnull=True,
            last_active_at__gt=timezone.now() - LOOK_BACK,
            last_active_at__lt=timezone.now() - timedelta(seconds=30),
            replies__status=Status.COMPLETE,
        )
        .order_by("last_active_at")
        .values_list("pk", flat=True)
        .distinct()[:50]
    )


def _first_exchange(conversation: uuid.UUID) -> tuple[str, str] | None:
    return (
        Message.objects.filter(
            conversation=conversation, role=Role.ASSISTANT, reply__status=Status.COMPLETE, parent__isnull=False
        )
        .exclude(text="")
        .order_by("position")
        .values_list("parent__text", "text")
        .first()
    )
