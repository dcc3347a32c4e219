"""Who answers: personalities, and the versions of them that were ever published.

A version never changes once it is published; the database itself refuses it (see the migration), since each answer
names the version that gave it.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Tone(models.TextChoices):
    PROFESSIONAL = "professional"
    FRIENDLY = "friendly"
    CASUAL = "casual"
    FORMAL = "formal"


class Strategy(models.TextChoices):
    """How the messages to send are chosen when they do not all fit. `auto` goes by size."""

    AUTO = "auto"
    EVERYTHING = "everything"
    WINDOW = "window"
    IMPORTANCE = "importance"
    SUMMARY = "summary"


class PersonalityQuerySet(models.QuerySet["Personality"]):
    def offered(self) -> "PersonalityQuerySet":
        """Those a member may choose, in the order staff gave them, each with its published version."""
        return self.filter(offered=True, published__isnull=False).select_related("published").order_by("place", "slug")


class Personality(models.Model):
    slug = models.SlugField(unique=True, max_length=40, help_text="Its name on the wire. Lasts.")
    published = models.ForeignKey(
        "PersonalityVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    offered = models.BooleanField(default=True, help_text="Members may choose it.")
    place = models.PositiveSmallIntegerField(default=100, help_text="Lower comes first; the first is the default.")

    objects = PersonalityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "personalities"
        ordering = ["place", "slug"]

    def __str__(self) -> str:
        return self.slug


class PersonalityVersion(models.Model):
    personality = models.ForeignKey(Personality, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    role = models.CharField(max_length=120, help_text="In a few words: technical assistant.")
    traits = models.JSONField(default=list, blank=True, help_text="A list of texts.")
    tone = models.CharField(max_length=12, choices=Tone.choices, default=Tone.FRIENDLY)
    knowledge = models.JSONField(default=list, blank=True, help_text="A list of texts.")
    constraints = models.JSONField(default=list, blank=True, help_text="A list of texts.")
    instructions = models.TextField(blank=True, help_text="Whatever else the model should be told.")
    greeting = models.TextField(blank=True)
    starters = models.JSONField(default=list, blank=True, help_text="A list of first questions.")
    language = models.CharField(max_length=35, blank=True, help_text="A language to answer in. Empty: the member's.")
    colour = models.CharField(max_length=7, default="#0f6e66", validators=[RegexValidator(r"^#[0-9a-f]{6}$")])
    model = models.CharField(max_length=120, blank=True, help_text="Empty: the endpoint's default model.")
    temperature = models.FloatField(null=True, blank=True, validators=[MinValueValidator(0.0), MaxValueValidator(2.0)])
    max_tokens = models.PositiveIntegerField(default=1024, validators=[MinValueValidator(1)])
    context_budget = models.PositiveIntegerField(
        default=4000, validators=[MinValueValidator(256)], help_text="Tokens, the answer's own included."
    )
    strategy = models.CharField(max_length=12, choices=Strategy.choices, default=Strategy.AUTO)
    follow_ups = models.BooleanField(
        "follow-up questions", default=True, help_text="Offer questions under its newest answer: one small call more."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    published_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["personality", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["personality", "number"], name="version_number_once"),
            models.CheckConstraint(condition=Q(tone__in=Tone.values), name="version_tone_known"),
            models.CheckConstraint(condition=Q(strategy__in=Strategy.values), name="version_strategy_known"),
            models.CheckConstraint(
                condition=Q(temperature__isnull=True) | Q(temperature__gte=0, temperature__lte=2),
                name="version_temperature_in_range",
            ),
            models.CheckConstraint(condition=Q(max_tokens__lt=F("context_budget")), name="version_leaves_room"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"

    @property
    def initial(self) -> str:
        """What stands in its face."""
        return self.name[:1].upper()
