"""Summaries: what long branches keep in short."""

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from conversations.models.conversations import Conversation
from conversations.models.messages import Message


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
