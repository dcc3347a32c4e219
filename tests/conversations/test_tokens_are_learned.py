"""How many tokens a model makes of a text is learned from what its endpoint reports, first of the same conversation."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from agents.models import Personality, PersonalityVersion
from agents.publishing import publish
from agents.tokens import Counter
from conversations import briefs, usage
from conversations.memory.asking import ask
from conversations.models import Conversation, Kind, Message, Status
from conversations.states import Claim
from tests.conversations.stored import store_message, store_reply, store_talk
from tests.endpoint import RunningEndpoint
from tests.rows import reply_row
from tests.site import Site

pytestmark = pytest.mark.django_db
TEXT = "Where does the ferry to the islands leave from, and how long does it take? " * 8


@pytest.fixture(autouse=True)
def _knows_nothing_yet() -> Iterator[None]:
    usage._counters.clear()
    yield
    usage._counters.clear()


def told(*, counter: str = "estimate × 1.00", counted: int, reported: int | None, **fields: Any) -> dict[str, Any]:
    """Fields of an answer that was counted so, and reported so."""
    receipt = {"counter": counter, "total": counted}
    return {"model": "scripted", "receipt": receipt, "prompt_tokens": reported, "completion_tokens": 9} | fields


def counter_after(talk: Conversation, answer: Message | None) -> str:
    """What the next answer's prompt is counted by."""
    question = store_message(talk, parent=answer, text=TEXT)
    reply = store_reply(talk, Status.STREAMING, parent=question)
    assert briefs.prepare(Claim(reply.pk, talk.pk, 1), default_model="scripted") is not None
    reply.refresh_from_db()
    counter: str = reply.receipt["counter"]
    return counter


class TestOfTheAnswerBefore:
    @pytest.fixture
    def talk(self, personalities: None, alice: User) -> Conversation:
        return store_talk(alice)

    def answer(self, talk: Conversation, status: Status = Status.COMPLETE, **fields: Any) -> Message:
        return store_reply(talk, status, **fields).message

    def test_what_it_was_reported_to_be_is_counted_from_then_on(self, talk: Conversation) -> None:
        answer = self.answer(talk, **told(counted=400, reported=600))
        assert counter_after(talk, answer) == "estimate × 1.50"

    def test_on_top_of_what_was_known_then(self, talk: Conversation) -> None:
        answer = self.answer(talk, **told(counter="estimate × 1.50", counted=600, reported=500))
        assert counter_after(talk, answer) == "estimate × 1.25"

    @pytest.mark.parametrize(
        "fields",
        [
            told(counted=400, reported=600, model="another"),
            told(counted=400, reported=None),
            told(counted=20, reported=600),
            told(counted=400, reported=1200, earlier_attempts=1, attempt=2),
            {"model": "scripted"},
        ],
        ids=["another model", "nothing reported", "too small", "the sum of two runs", "no receipt"],
    )
    def test_else_what_is_known_of_the_model_counts(self, talk: Conversation, fields: dict[str, Any]) -> None:
        usage.learn("scripted", Counter(), counted=400, reported=800)
        answer = self.answer(talk, **fields)
        expected = "estimate × 1.00" if fields.get("receipt", {}).get("total") == 20 else "estimate × 1.20"
        assert counter_after(talk, answer) == expected

    def test_and_before_the_first_answer(self, talk: Conversation) -> None:
        usage.learn("scripted", Counter(), counted=400, reported=800)
        assert counter_after(talk, None) == "estimate × 1.20"


class TestOfTheModel:
    def test_each_report_moves_it_a_little(self) -> None:
        usage.learn("scripted", Counter(), counted=400, reported=800)
        usage.learn("scripted", Counter(2.0), counted=800, reported=800)
        assert usage.counter_of("scripted").factor == pytest.approx(1.36)
        assert usage.counter_of("another") == Counter()

    def test_small_questions_beside_the_answers_teach_and_are_counted_by_what_was_learned(
        self, personalities: None, alice: User, settings: Any, endpoint: RunningEndpoint
    ) -> None:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = endpoint.base_url, endpoint.api_key
        talk = store_talk(alice)

        def asked(script: str) -> int:
            endpoint.script(script)
            ask(kind=Kind.TITLE, conversation=talk, messages=[{"role": "user", "content": TEXT}], temperature=0.2,
                max_tokens=20, seconds=10, model="scripted")  # fmt: skip
            return talk.usages.latest("pk").prompt_tokens

        plain = Counter().message(TEXT)
        assert asked("[[whole tokens=3 fault=no_usage]]") == plain
        assert asked(f"[[whole tokens=3 prompt={2 * plain}]]") == 2 * plain
        assert asked("[[whole tokens=3 fault=no_usage]]") == pytest.approx(1.2 * plain, rel=0.03)

    def test_what_a_dead_writer_had_received_is_counted_as_it_would_have(
        self, personalities: None, alice: User
    ) -> None:
        talk = store_talk(alice)
        reply = store_reply(talk, Status.STREAMING, receipt={"counter": "estimate × 2.00", "total": 500})
        (spent,) = usage.left_behind(reply.pk, TEXT)
        assert (spent.prompt_tokens, spent.completion_tokens) == (500, Counter(2.0).count(TEXT))


def test_a_running_parley_learns_from_its_endpoint(site: Site, alice: User) -> None:
    personality = Personality.objects.get(slug="assistant")
    # A model of its own: the process is that of other tests, too.
    publish(
        PersonalityVersion.objects.create(
            personality=personality, number=2, name="Parley", role="guide", model="learning"
        )
    )
    tab = site.open(alice)
    first = tab.ask(f"{TEXT} [[tokens=3 prompt=600]]")
    tab.answer(first.reply)
    second = tab.ask(f"{TEXT} [[tokens=3]]", conversation=first.conversation)
    tab.answer(second.reply)
    counted = reply_row(first.reply).receipt["total"]
    assert reply_row(second.reply).receipt["counter"] == str(Counter(600 / counted))
