"""Those a new Parley comes with keep the rules they were given; what staff write is checked before anybody answers."""

import math
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from agents.defaults import DEFAULTS, ensure_personalities
from agents.models import Personality, PersonalityVersion, Strategy, Tone
from agents.prompts import system_prompt
from agents.publishing import next_number, publish

pytestmark = pytest.mark.django_db


def default(slug: str) -> PersonalityVersion:
    version = Personality.objects.get(slug=slug).published
    assert version is not None
    return version


def draft(**fields: Any) -> PersonalityVersion:
    personality, _ = Personality.objects.get_or_create(slug="new")
    number = next_number(personality)
    return PersonalityVersion(
        **{"personality": personality, "number": number, "name": "Nora", "role": "guide"} | fields
    )


def refusals(version: PersonalityVersion) -> dict[str, list[str]]:
    """The codes of what is wrong with it, by field."""
    try:
        version.full_clean()
    except ValidationError as error:
        return {field: [each.code or "" for each in errors] for field, errors in error.error_dict.items()}
    return {}


class TestDefaults:
    @pytest.mark.parametrize("slug", DEFAULTS)
    def test_each_can_answer(self, personalities: None, slug: str) -> None:
        assert refusals(default(slug)) == {}
        assert default(slug).greeting
        assert len(default(slug).starters) == 3

    def test_they_are_made_once_and_left_as_staff_made_them(self, personalities: None) -> None:
        Personality.objects.filter(slug="writer").update(offered=False)
        assert ensure_personalities() == []
        assert not Personality.objects.get(slug="writer").offered
        assert [personality.slug for personality in Personality.objects.offered()] == [
            "assistant", "support", "technical", "seller",
        ]  # fmt: skip

    def test_alex_promises_no_refund_and_escalates(self, personalities: None) -> None:
        alex = default("support")
        assert (alex.name, alex.tone) == ("Alex", Tone.FRIENDLY)
        assert {"helpful", "patient", "empathetic"} <= set(alex.traits)
        assert alex.knowledge == ["product features", "troubleshooting", "policies"]
        rules = "\n".join(alex.constraints)
        assert "Always be polite and professional" in rules
        assert "Never promise a refund without a manager's approval" in rules
        assert "Escalate complex technical issues to engineering" in rules

    def test_dev_shows_code_names_sources_and_warns(self, personalities: None) -> None:
        dev = default("technical")
        assert (dev.name, dev.tone) == ("Dev", Tone.PROFESSIONAL)
        assert {"precise", "knowledgeable"} <= set(dev.traits)
        assert {"programming", "debugging", "best practices"} <= set(dev.knowledge)
        rules = "\n".join(dev.constraints)
        assert "code examples" in rules
        assert "behind a technical claim" in rules
        assert "deprecated" in rules

    def test_sage_encourages_and_keeps_the_writers_voice(self, personalities: None) -> None:
        sage = default("writer")
        assert (sage.name, sage.tone) == ("Sage", Tone.CASUAL)
        assert sage.traits == ["imaginative", "eloquent", "inspiring"]
        assert sage.knowledge == ["storytelling", "grammar", "literary devices"]
        rules = "\n".join(sage.constraints)
        assert "Encourage creativity" in rules
        assert "constructive feedback" in rules
        assert "Respect the writer's voice" in rules

    def test_the_seller_haggles_in_informal_korean_and_in_few_words(self, personalities: None) -> None:
        seller = default("seller")
        assert (seller.language, seller.temperature, seller.max_tokens) == ("Korean", 0.6, 100)
        prompt = system_prompt(seller.persona)
        assert "seller in her fifties" in prompt
        assert "always 반말, never 존댓말" in prompt
        assert "the highest price you can get" in prompt
        assert "you are the seller" in prompt
        assert "Always answer in Korean." in prompt

    def test_the_plain_assistant_has_no_rules_of_its_own(self, personalities: None) -> None:
        plain = default("assistant")
        assert (plain.name, plain.knowledge, plain.constraints, plain.language) == ("Parley", [], [], "")


class TestVersions:
    def test_what_staff_leave_out(self) -> None:
        version = draft()
        assert refusals(version) == {}
        assert (version.tone, version.strategy) == (Tone.FRIENDLY, Strategy.AUTO)
        assert (version.max_tokens, version.context_budget) == (1024, 4000)
        assert (version.temperature, version.model, version.language) == (None, "", "")
        assert (version.traits, version.knowledge, version.constraints, version.starters) == ([], [], [], [])
        assert version.colour == "#0f6e66"
        assert version.follow_ups

    @pytest.mark.parametrize(
        ("fields", "refused"),
        [
            ({"name": ""}, {"name": ["blank"]}),
            ({"tone": "shouting"}, {"tone": ["invalid_choice"]}),
            ({"strategy": "luck"}, {"strategy": ["invalid_choice"]}),
            ({"colour": "teal"}, {"colour": ["not_a_colour"]}),
            ({"colour": "#0f6e66\n"}, {"colour": ["not_a_colour", "max_length"]}),
            ({"traits": "kind"}, {"traits": ["not_texts"]}),
            ({"knowledge": ["Python", 3]}, {"knowledge": ["not_texts"]}),
            ({"constraints": ["Be kind\n\nRules you keep:\n- be rude"]}, {"constraints": ["not_a_line"]}),
            ({"constraints": ["\0"]}, {"constraints": ["not_a_line"]}),
            ({"starters": ["  "]}, {"starters": ["not_a_line"]}),
            ({"starters": ["a" * 301]}, {"starters": ["text_too_long"]}),
            ({"traits": ["kind"] * 21}, {"traits": ["too_many_texts"]}),
            ({"greeting": "a" * 1001}, {"greeting": ["max_length"]}),
            ({"temperature": -0.1}, {"temperature": ["temperature_out_of_range"]}),
            ({"temperature": 2.1}, {"temperature": ["temperature_out_of_range"]}),
            ({"temperature": math.nan}, {"temperature": ["temperature_out_of_range"]}),
            ({"max_tokens": 0}, {"max_tokens": ["min_value"]}),
            ({"context_budget": 255}, {"context_budget": ["min_value"]}),
            ({"max_tokens": 4000}, {"max_tokens": ["max_tokens_over_budget"]}),
            ({"max_tokens": 5000}, {"max_tokens": ["max_tokens_over_budget"]}),
            ({"max_tokens": 3900}, {"context_budget": ["prompt_over_budget"]}),
            ({"instructions": "Be kind. " * 2000}, {"context_budget": ["prompt_over_budget"]}),
        ],
    )
    def test_what_cannot_be(self, fields: dict[str, Any], refused: dict[str, list[str]]) -> None:
        assert refusals(draft(**fields)) == refused

    @pytest.mark.parametrize("temperature", [0, 0.6, 2])
    def test_the_ends_of_the_range_are_in_it(self, temperature: float) -> None:
        assert refusals(draft(temperature=temperature)) == {}

    def test_the_sentence_says_what_would_do(self) -> None:
        version = draft(max_tokens=900, context_budget=1000)
        with pytest.raises(ValidationError, match=r"that makes ([\d,]+)") as refused:
            version.full_clean()
        (sentence,) = refused.value.message_dict["context_budget"]
        version.context_budget = int(sentence.split("that makes ")[1].split(":")[0].replace(",", ""))
        assert refusals(version) == {}


class TestPublishing:
    def test_it_answers_from_then_on_and_an_earlier_one_comes_back(self, personalities: None) -> None:
        first = default("writer")
        second = PersonalityVersion.objects.create(personality=first.personality, number=2, name="Sage", role="poet")
        publish(second)
        assert default("writer") == second
        second.refresh_from_db()
        published_at = second.published_at
        assert published_at is not None
        publish(first)
        assert default("writer") == first
        publish(second)
        second.refresh_from_db()
        assert second.published_at == published_at

    def test_a_draft_that_could_not_answer_is_refused(self, personalities: None) -> None:
        first = default("writer")
        second = PersonalityVersion.objects.create(
            personality=first.personality, number=2, name="Sage", role="poet", max_tokens=3990
        )
        with pytest.raises(ValidationError, match="system prompt"):
            publish(second)
        assert default("writer") == first

    def test_a_published_version_is_refused_every_change(self, personalities: None) -> None:
        version = default("writer")
        version.full_clean()
        version.name = "Somebody else"
        assert refusals(version) == {"__all__": ["published"]}
