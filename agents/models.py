"""Who answers: personalities, and the versions of them that were ever published.

A version never changes once it is published; the database itself refuses it (see the migration), since each answer
names the version that gave it.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from agents.prompts import Persona, system_prompt
from agents.tokens import Counter

MOST_TEXTS, LONGEST_TEXT = 20, 300  # of a list, and characters of each
LEAST_QUESTION = 64  # tokens of the budget that prompt and answer must leave for a question


def validate_texts(value: Any) -> None:
    """A list of lines, each of which becomes a point of the prompt or a button: no more than fit there."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValidationError('This is a list of texts: ["one", "another"].', code="not_texts")
    if len(value) > MOST_TEXTS:
        raise ValidationError(f"{MOST_TEXTS} texts are the most; here are {len(value)}.", code="too_many_texts")
    for text in value:
        if not text.strip() or not text.isprintable():
            raise ValidationError("Each text is one line, and says something.", code="not_a_line")
        if len(text) > LONGEST_TEXT:
            raise ValidationError(f"A text may have {LONGEST_TEXT} characters.", code="text_too_long")


def validate_temperature(value: float) -> None:
    if not 0 <= value <= 2:  # also of what is no number
        raise ValidationError("A temperature is between 0 and 2.", code="temperature_out_of_range")


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
    BLEND = "blend"


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
    traits = models.JSONField(default=list, blank=True, validators=[validate_texts], help_text="A list of texts.")
    tone = models.CharField(max_length=12, choices=Tone.choices, default=Tone.FRIENDLY)
    knowledge = models.JSONField(default=list, blank=True, validators=[validate_texts], help_text="A list of texts.")
    constraints = models.JSONField(default=list, blank=True, validators=[validate_texts], help_text="A list of texts.")
    instructions = models.TextField(blank=True, help_text="Whatever else the model should be told.")
    greeting = models.TextField(
        blank=True, validators=[MaxLengthValidator(1000)], help_text="What the page says before the first question."
    )
    starters = models.JSONField(
        default=list, blank=True, validators=[validate_texts], help_text="A list of first questions."
    )
    language = models.CharField(max_length=35, blank=True, help_text="A language to answer in. Empty: the member's.")
    colour = models.CharField(
        max_length=7,
        default="#0f6e66",
        validators=[RegexValidator(r"^#[0-9a-f]{6}\Z", "A colour is like #0f6e66, in small letters.", "not_a_colour")],
        help_text="Of its face.",
    )
    model = models.CharField(max_length=120, blank=True, help_text="Empty: the endpoint's default model.")
    temperature = models.FloatField(
        null=True, blank=True, validators=[validate_temperature], help_text="0 to 2. Empty: the endpoint's default."
    )
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

    def clean(self) -> None:
        """What the fields together must keep. Raises: ValidationError."""
        super().clean()
        self._refuse_change()
        self._refuse_impossible_budget()

    @property
    def initial(self) -> str:
        """What stands in its face."""
        return self.name[:1].upper()

    @property
    def persona(self) -> Persona:
        """What of it the system prompt tells."""
        return Persona(
            name=self.name,
            role=self.role,
            traits=tuple(self.traits),
            tone=self.tone,
            knowledge=tuple(self.knowledge),
            constraints=tuple(self.constraints),
            instructions=self.instructions,
            language=self.language,
        )

    def _refuse_change(self) -> None:
        kept = PersonalityVersion.objects.filter(pk=self.pk, published_at__isnull=False).first()
        if kept and any(getattr(kept, field.attname) != getattr(self, field.attname) for field in self._meta.fields):
            raise ValidationError(
                f"{kept} is published, and answers name it: it stays as it is. Make a new version from it instead.",
                code="published",
            )

    def _refuse_impossible_budget(self) -> None:
        try:
            self.clean_fields(exclude={"personality", "number", "created_by"})
        except ValidationError:
            return  # of which its own field has told already
        if self.max_tokens >= self.context_budget:
            sentence = (
                f"The answer may take {self.max_tokens:,} tokens, but the context budget is {self.context_budget:,}."
            )
            raise ValidationError({"max_tokens": ValidationError(sentence, code="max_tokens_over_budget")})
        prompt = Counter().message(system_prompt(self.persona))
        least = prompt + self.max_tokens + LEAST_QUESTION
        if least > self.context_budget:
            sentence = (
                f"The system prompt takes about {prompt:,} tokens and the answer may take {self.max_tokens:,}. With a "
                f"short question that makes {least:,}: allow at least so many, shorten the prompt or the answer."
            )
            raise ValidationError({"context_budget": ValidationError(sentence, code="prompt_over_budget")})
