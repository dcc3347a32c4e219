"""What was said. Postgres is the truth; nothing is overwritten, and the database itself refuses impossible states."""

import os
import time
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents.models import Personality, PersonalityVersion

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

MAX_TITLE = 120  # characters


def uuid7() -> uuid.UUID:
    """A UUID that sorts by the time it was made (RFC 9562, section 5.7): new rows land together in an index."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return uuid.UUID(int=value)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: "User | AnonymousUser") -> "ConversationQuerySet":
        """Those this member takes part in. The only way a door may find a conversation."""
        return self.filter(memberships__user_id=user.pk or 0, trashed_at__isnull=True)

    def writable_by(self, user: "User") -> "ConversationQuerySet":
        """Those this member may write in: a reader only reads."""
        writers = [MemberRole.OWNER, MemberRole.WRITER]
        return self.filter(memberships__user_id=user.pk, memberships__role__in=writers, trashed_at__isnull=True)


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
    # An answer's text arrives here once, when it has ended; until then it grows in its Reply.
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


class Status(models.TextChoices):
    WAITING = "waiting", "waiting in line"
    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


OPEN = (Status.WAITING, Status.QUEUED, Status.STREAMING)
ENDED = (Status.COMPLETE, Status.STOPPED, Status.INTERRUPTED, Status.FAILED)


class Reply(models.Model):
    """The writing of one answer: its state, its lease, and the account of what it took. Its id is its message's.

    Every change of state is one conditional UPDATE (see `states.py`).
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="reply")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="replies")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    client_id = models.UUIDField(null=True, help_text="Of the request to write it anew; a first answer has none.")
    version = models.ForeignKey(PersonalityVersion, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)  # by the database's clock, as every time of a lease
    text = models.TextField(blank=True, help_text="What was saved so far, while it is being written.")
    seq = models.PositiveIntegerField(default=0, help_text="The last event of the attempt that is in the text.")
    stop_requested_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.CharField(max_length=300, blank=True)
    error_retryable = models.BooleanField(default=False)
    retry_after = models.FloatField(null=True, help_text="Seconds.")
    finish_reason = models.CharField(max_length=30, blank=True)
    model = models.CharField(max_length=120, blank=True)
    parameters = models.JSONField(default=dict)
    receipt = models.JSONField(
        default=dict, help_text="What was sent: messages, tokens of each part, what was left out."
    )
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    total_ms = models.PositiveIntegerField(null=True)
    follow_ups = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "replies"
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(status__in=["queued", "streaming"]), name="reply_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["conversation", "asked_by", "client_id"],
                condition=Q(client_id__isnull=False),
                name="reply_asked_once",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="reply_status_known"),
            models.CheckConstraint(
                condition=(Q(status="streaming", lease_until__isnull=False, attempt__gte=1) & ~Q(lease_owner=""))
                | (~Q(status="streaming") & Q(lease_until__isnull=True, lease_owner="", text="")),
                name="reply_lease_while_streaming",
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(ENDED), finished_at__isnull=False)
                | Q(status__in=list(OPEN), finished_at__isnull=True),
                name="reply_finished_when_ended",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["failed", "interrupted"]) | ~Q(error_code=""), name="reply_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(status="queued"), name="reply_queue"),
            models.Index(fields=["lease_until"], condition=Q(status="streaming"), name="reply_lease"),
            models.Index(fields=["conversation"], condition=Q(status="waiting"), name="reply_line"),
        ]

    def __str__(self) -> str:
        return f"{self.status}, attempt {self.attempt}"


class Summary(models.Model):
    """Earlier messages of a branch in short: everything up to and including `reaches`. It replaces nothing."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="summaries")
    reaches = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="summaries")
    previous = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)
    text = models.TextField(validators=[MaxLengthValidator(32_000)])
    model = models.CharField(max_length=120, blank=True)
    tokens = models.PositiveIntegerField(null=True, help_text="Of the text itself.")
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "summaries"
        constraints = [
            models.UniqueConstraint(fields=["reaches", "version"], name="summary_version_once"),
            models.CheckConstraint(condition=~Q(text=""), name="summary_says_something"),
        ]
        indexes = [models.Index(fields=["conversation", "-created_at"], name="summary_newest")]

    def __str__(self) -> str:
        return f"up to {self.reaches.position}, version {self.version}"
