"""Replies: how each answer came about, and where it stands."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents.models import PersonalityVersion
from conversations.models.conversations import Conversation
from conversations.models.messages import Message


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

    Every change of state is one conditional UPDATE (see `states/`).
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="reply")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="replies")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    client_id = models.UUIDField(null=True, help_text="Of the request to write it anew; a first answer has none.")
    version = models.ForeignKey(PersonalityVersion, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    earlier_attempts = models.PositiveSmallIntegerField(default=0, help_text="Those before it was last asked to go on.")
    continued = ArrayField(models.UUIDField(), default=list, help_text="The client_id of each request to go on.")
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
    earlier_receipts = models.JSONField(default=list, help_text="Of the attempts before: {attempt, receipt}.")
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    total_ms = models.PositiveIntegerField(null=True)
    follow_ups = models.JSONField(default=list, help_text="Questions that may follow; shown under the newest answer.")
    findings = models.JSONField(
        default=list, help_text="Where it may not keep to its personality: {code, sentence, found}. For staff."
    )
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
            models.Index(fields=["-message"], condition=~Q(findings=[]), name="reply_with_findings"),
        ]

    def __str__(self) -> str:
        return f"{self.status}, attempt {self.attempt}"
