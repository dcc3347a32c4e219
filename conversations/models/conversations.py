"""Conversations, and who takes part in them."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents.models import Personality

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

MAX_TITLE = 120  # characters


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: "User | AnonymousUser") -> "ConversationQuerySet":
        """Those this member takes part in. The only way a door may find a conversation."""
        return self.filter(memberships__user_id=user.pk or 0, trashed_at__isnull=True)

    def writable_by(self, user: "User") -> "ConversationQuerySet":
        """Those this member may write in: a reader only reads."""
        writers = [MemberRole.OWNER, MemberRole.WRITER]
        return self.filter(memberships__user_id=user.pk, memberships__role__in=writers, trashed_at__isnull=True)

    def in_trash_of(self, user: "User | AnonymousUser") -> "ConversationQuerySet":
        """Those this member has deleted, and may take back."""
        return self.filter(owner=user.pk or 0, trashed_at__isnull=False)


class TitledBy(models.TextChoices):
    NOBODY = "", "nobody yet"
    MODEL = "model"
    MEMBER = "member"


class Conversation(models.Model):
    """A talk. Its `rev` counts its visible changes; `head` is the message whose branch is shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)  # a browser may choose it
    title = models.CharField(max_length=MAX_TITLE, blank=True)
    titled_by = models.CharField(max_length=6, choices=TitledBy.choices, default=TitledBy.NOBODY, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="owned_conversations")
    personality = models.ForeignKey(Personality, on_delete=models.PROTECT, related_name="+")
    head = models.ForeignKey("Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    rev = models.PositiveBigIntegerField(default=0)
    shown_rev = models.PositiveBigIntegerField(default=0, help_text="The rev at which another branch was last chosen.")
    length = models.PositiveIntegerField(default=0, help_text="Messages on all branches.")
    created_at = models.DateTimeField(default=timezone.now)
    last_active_at = models.DateTimeField(default=timezone.now)
    trashed_at = models.DateTimeField(null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(titled_by__in=TitledBy.values), name="conversation_titled_by_known"),
            models.CheckConstraint(
                condition=Q(title="", titled_by="") | (~Q(title="") & ~Q(titled_by="")),
                name="conversation_title_has_author",
            ),
        ]
        indexes = [
            # The sweep for talks that still want a title, and the admin's list.
            models.Index(fields=["last_active_at"], condition=Q(title=""), name="conversation_untitled"),
            models.Index(fields=["-last_active_at", "-id"], name="conversation_recent"),
        ]

    def __str__(self) -> str:
        return self.title or f"Untitled, {self.created_at:%Y-%m-%d %H:%M}"


class MemberRole(models.TextChoices):
    OWNER = "owner"
    WRITER = "writer"
    READER = "reader"


class Membership(models.Model):
    """A member's place in a conversation, and how that member has filed it."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=MemberRole.choices, default=MemberRole.OWNER)
    # The conversation's own, repeated: a list of 100,000 is then read from one index, newest first.
    last_active_at = models.DateTimeField(default=timezone.now)
    last_read = models.PositiveIntegerField(default=0, help_text="Position of the last message read.")
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    muted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="membership_once"),
            models.UniqueConstraint(fields=["conversation"], condition=Q(role="owner"), name="membership_one_owner"),
            models.CheckConstraint(condition=Q(role__in=MemberRole.values), name="membership_role_known"),
        ]
        indexes = [models.Index(fields=["user", "-last_active_at", "-conversation"], name="membership_recent")]

    def __str__(self) -> str:
        return f"{self.user} in {self.conversation}"
