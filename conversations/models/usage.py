"""What asking models cost, call by call."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents.models import PersonalityVersion
from conversations.models.conversations import Conversation
from conversations.models.replies import ENDED, Reply, Status


class Kind(models.TextChoices):
    """What a model was asked for."""

    REPLY = "reply"
    TITLE = "title"
    SUMMARY = "summary"
    RECAP = "recap"
    FOLLOW_UPS = "follow_ups", "follow-up questions"


class Usage(models.Model):
    """One call of a model. It outlives the conversation, and the member: what was spent was spent.

    One that is no answer's own is written down before it is made, as interrupted: see `usage.begin`.
    """

    kind = models.CharField(max_length=10, choices=Kind.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    conversation = models.ForeignKey(Conversation, null=True, on_delete=models.SET_NULL, related_name="usages")
    reply = models.ForeignKey(Reply, null=True, on_delete=models.SET_NULL, related_name="usages")
    attempt = models.PositiveSmallIntegerField(null=True, help_text="Of the reply. One attempt may take several calls.")
    version = models.ForeignKey(PersonalityVersion, null=True, on_delete=models.SET_NULL, related_name="+")
    model = models.CharField(max_length=120, blank=True)
    prompt_tokens = models.PositiveIntegerField()
    completion_tokens = models.PositiveIntegerField()
    estimated = models.BooleanField(help_text="By our own count: the provider did not report it.")
    status = models.CharField(max_length=11, choices=[(status.value, status.label) for status in ENDED])
    duration_ms = models.PositiveIntegerField(
        null=True, help_text="Not known while it lasts, and where its process died."
    )
    created_at = models.DateTimeField(
        default=timezone.now, help_text="When the call had ended, where that is known; else when it began."
    )

    class Meta:
        verbose_name = verbose_name_plural = "usage"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="usage_kind_known"),
            models.CheckConstraint(condition=Q(status__in=list(ENDED)), name="usage_status_known"),
            models.CheckConstraint(
                condition=Q(status=Status.COMPLETE) | Q(estimated=True), name="usage_reported_when_complete"
            ),
        ]
        indexes = [
            # Sums by member and day, and by day alone.
            models.Index(fields=["user", "created_at"], name="usage_of_member"),
            models.Index(fields=["created_at"], name="usage_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {self.prompt_tokens} + {self.completion_tokens} tokens"
