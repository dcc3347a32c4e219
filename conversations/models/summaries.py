"""Summaries: what long branches keep in short."""

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from agents.summaries import SUMMARY_CHARS
from conversations.models.conversations import Conversation
from conversations.models.messages import Message, uuid7


class Summary(models.Model):
    """Earlier messages of a branch in short: everything up to and including `reaches`. It replaces nothing.

    An edit is another version, beside those before it. `previous` is the summary that this one goes on from.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="summaries")
    reaches = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="summaries")
    previous = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)
    covers = models.PositiveIntegerField(default=0, help_text="Messages of the branch that it stands for.")
    text = models.TextField(validators=[MaxLengthValidator(SUMMARY_CHARS)])
    model = models.CharField(max_length=120, blank=True)
    tokens = models.PositiveIntegerField(null=True, help_text="Of the text itself.")
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


class Leased(models.Model):
    """Work on a row. Who does it holds a lease; all times are the database's (see `summaries/leases.py`)."""

    attempt = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now(), null=True, help_text="Nothing: it is done.")
    lease_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.CharField(max_length=300, blank=True)
    given_up_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class SummaryJob(Leased):
    """A summary that is to be made: the one next of its conversation. It goes when the summary is there."""

    conversation = models.OneToOneField(
        Conversation, on_delete=models.CASCADE, primary_key=True, related_name="summary_job"
    )
    reaches = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    previous = models.ForeignKey(Summary, null=True, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField(default=1, help_text="Of the summary that is to be made.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(given_up_at__isnull=True) | (~Q(error_code="") & Q(lease_until__isnull=True)),
                name="summary_job_given_up_says_why",
            ),
            models.CheckConstraint(
                condition=Q(lease_until__isnull=True) | Q(attempt__gte=1), name="summary_job_lease_of_an_attempt"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(given_up_at__isnull=True), name="summary_job_due")]

    def __str__(self) -> str:
        return f"up to {self.reaches.position}, attempt {self.attempt}"


class Recap(Leased):
    """What was said since a member last read, in short, for that member alone; at most one in each conversation.

    It is made on this row, in steps: `told` says how far its text reaches. Asked for anew, it is another row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="recaps")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recaps")
    after = models.PositiveIntegerField(help_text="Position of the last message that had been read.")
    reaches = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    told = models.PositiveIntegerField(help_text="Position up to which the text tells.")
    covers = models.PositiveIntegerField(default=0, help_text="Messages that the text stands for.")
    text = models.TextField(blank=True)
    model = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="recap_one_of_a_member"),
            models.CheckConstraint(condition=Q(due_at__isnull=False) | ~Q(text=""), name="recap_says_something"),
            models.CheckConstraint(
                condition=Q(given_up_at__isnull=True) | (~Q(error_code="") & Q(lease_until__isnull=True)),
                name="recap_given_up_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(given_up_at__isnull=True, due_at__isnull=False), name="recap_due"
            )
        ]

    def __str__(self) -> str:
        return f"for {self.user}, after {self.after}"
