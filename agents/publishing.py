"""Versions of a personality: the next is written beside those before it, and one of them answers."""

from functools import lru_cache

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents.models import Personality, PersonalityVersion


@lru_cache(maxsize=1000)
def published(version: int) -> PersonalityVersion:
    """A version that answers, by its key. What is published never changes, so each process reads it only once."""
    return PersonalityVersion.objects.get(pk=version)


def next_number(personality: Personality) -> int:
    """The number of its next version. It is nobody else's until the transaction ends."""
    # Not the key: conversations that begin meanwhile name it.
    Personality.objects.select_for_update(no_key=True).get(pk=personality.pk)
    highest: int | None = personality.versions.aggregate(highest=Max("number"))["highest"]
    return (highest or 0) + 1


def publish(version: PersonalityVersion) -> None:
    """Let this version answer from now on. One that did so before does it again: that is the way back.

    Raises: ValidationError for a draft that could not answer.
    """
    with transaction.atomic():
        held = PersonalityVersion.objects.select_for_update(no_key=True).get(pk=version.pk)
        if held.published_at is None:
            held.full_clean()
            held.published_at = timezone.now()
            held.save(update_fields=["published_at"])
        Personality.objects.filter(pk=held.personality_id).update(published=held)
