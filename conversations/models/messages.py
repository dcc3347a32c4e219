"""Messages: the tree of what was said."""

import os
import time
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from conversations.models.conversations import Conversation

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


def uuid7() -> uuid.UUID:
    """A UUID that sorts by the time it was made (RFC 9562, section 5.7): new rows land together in an index."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return uuid.UUID(int=value)


class Role(models.TextChoices):
    USER = "user"
    ASSISTANT = "assistant"


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: "User | AnonymousUser") -> "MessageQuerySet":
        return self.filter(conversation__memberships__user_id=user.pk or 0, conversation__trashed_at__isnull=True)


class Message(models.Model):
    """One message: a node of the conversation's tree. A new version of it is a sibling, never an overwrite."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    role = models.CharField(max_length=9, choices=Role.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # An answer's text arrives here when it has ended, and until then grows in its Reply; one that goes on later grows
    # there again, from this text on.
    text = models.TextField(blank=True)
    client_id = models.UUIDField(null=True, help_text="Made by the browser: the same one again is the same message.")
    position = models.PositiveIntegerField(help_text="Place in the order of writing, from 1.")
    rev = models.PositiveBigIntegerField(help_text="The conversation's rev at its last visible change.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "position"], name="message_position_once"),
            models.UniqueConstraint(
                fields=["conversation", "author", "client_id"],
                condition=Q(client_id__isnull=False),
                name="message_sent_once",
            ),
            models.CheckConstraint(
                condition=Q(role="assistant", author__isnull=True, client_id__isnull=True)
                | (Q(role="user", client_id__isnull=False) & ~Q(text="")),
                name="message_shape",
            ),
            models.CheckConstraint(condition=Q(position__gte=1), name="message_position_from_one"),
        ]
        indexes = [models.Index(fields=["conversation", "rev"], name="message_changed")]

    def __str__(self) -> str:
        return f"{self.role} {self.position}"
