"""Every call of a model is on the books, once, with its cost: as reported, or by our own count, which then says so."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from agents import publishing
from agents.errors import AgentError
from agents.models import PersonalityVersion
from agents.prompts import title_messages
from agents.tokens import Counter
from conversations import states, turns
from conversations.memory import catching_up, summaries, titles
from conversations.memory.asking import ask
from conversations.models import Conversation, Kind, Recap, Status, Usage
from conversations.summaries import recaps
from conversations.usage import Spent
from tests.conversations.stored import store_reply, store_talk, store_thread
from tests.endpoint import RunningEndpoint
from tests.rows import reply_row
from tests.said import tokens
from tests.server import eventually
from tests.tab import Tab


def of(reply: str) -> list[Usage]:
    return list(Usage.objects.filter(reply=uuid.UUID(reply)).order_by("pk"))


class TestOfAnswers:
    def test_what_the_provider_reports_is_kept(self, tab: Tab, alice: User) -> None:
        ack = tab.ask("Hello [[tokens=7]]")
        ended = tab.ended(ack.reply)
        reply = reply_row(ack.reply)
        (row,) = of(ack.reply)

        assert (row.kind, row.status, row.estimated, row.attempt) == (Kind.REPLY, Status.COMPLETE, False, 1)
        assert (row.user, str(row.conversation_id), row.version) == (alice, ack.conversation, reply.version)
        assert row.model == reply.model == "scripted"
        assert {"prompt_tokens": row.prompt_tokens, "completion_tokens": row.completion_tokens} == ended["usage"]
        assert row.completion_tokens == 7
        assert row.duration_ms is not None

    def test_a_provider_that_reports_nothing_is_counted_after(self, tab: Tab) -> None:
        ack = tab.ask("Hello [[tokens=30 fault=no_usage]]")
        tab.answer(ack.reply)
        (row,) = of(ack.reply)

        assert (row.status, row.estimated) == (Status.COMPLETE, True)
        assert row.prompt_tokens == reply_row(ack.reply).receipt["total"]
        assert row.completion_tokens == Counter().count(tokens(30))

    def test_one_that_was_stopped_costs_what_was_sent_and_received(self, tab: Tab) -> None:
        ack = tab.ask("Count [[tokens=2000 pace=10ms]]")
        tab.until(ack.reply, "t20 ")
        tab.send("stop", reply=ack.reply)
        text = tab.answer(ack.reply)
        (row,) = of(ack.reply)

        assert (row.status, row.estimated) == (Status.STOPPED, True)
        assert row.prompt_tokens == reply_row(ack.reply).receipt["total"]
        assert row.completion_tokens == Counter().count(text)

    def test_one_that_broke_off_does_too(self, tab: Tab) -> None:
        ack = tab.ask("Hello [[tokens=40 fault=cut at=30]]")
        tab.answer(ack.reply)
        (row,) = of(ack.reply)

        assert (row.status, row.estimated) == (Status.INTERRUPTED, True)
        assert row.prompt_tokens == reply_row(ack.reply).receipt["total"]
        assert row.completion_tokens == Counter().count(tokens(30))

    def test_one_that_was_refused_costs_nothing(self, tab: Tab) -> None:
        ack = tab.ask("Hello [[fault=401]]")
        tab.ended(ack.reply)
        (row,) = of(ack.reply)

        assert (row.status, row.estimated) == (Status.FAILED, True)
        assert (row.prompt_tokens, row.completion_tokens) == (0, 0)

    def test_one_that_never_began_costs_what_was_sent(self, tab: Tab) -> None:
        ack = tab.ask("Hello [[tokens=3 fault=hang times=1]]")
        tab.answer(ack.reply)
        silent, answered = of(ack.reply)

        assert (silent.status, silent.completion_tokens) == (Status.FAILED, 0)
        assert silent.prompt_tokens == reply_row(ack.reply).receipt["total"]
        assert (answered.status, answered.estimated, answered.completion_tokens) == (Status.COMPLETE, False, 3)

    def test_each_call_of_an_attempt_has_a_row_of_its_own(self, tab: Tab) -> None:
        ack = tab.ask("Hello [[tokens=5 fault=503 times=2]]")
        tab.answer(ack.reply)
        assert [(row.attempt, row.status) for row in of(ack.reply)] == [
            (1, Status.FAILED),
            (1, Status.FAILED),
            (1, Status.COMPLETE),
        ]

    def test_one_that_was_never_asked_has_none(self, tab: Tab) -> None:
        first = tab.ask("Count [[tokens=2000 pace=10ms]]")
        waiting = tab.say("Next", conversation=first.conversation)
        tab.status(waiting.reply, "waiting")
        tab.send("stop", reply=waiting.reply)
        tab.ended(waiting.reply)
        assert of(waiting.reply) == []

    def test_a_version_beside_it_is_put_down_to_who_asked_for_it(self, tab: Tab, alice: User) -> None:
        ack = tab.ask("Hello [[tokens=3]]")
        tab.answer(ack.reply)
        again = turns.regenerate(user=alice, client_id=uuid.uuid4(), message=uuid.UUID(ack.reply))
        tab.answer(str(again.reply))
        (row,) = of(str(again.reply))
        assert row.user == alice
        assert len(of(ack.reply)) == 1


@pytest.mark.django_db
class TestTheBooks:
    @pytest.fixture
    def spent(self) -> list[Spent]:
        return [Spent(Status.COMPLETE, 10, 20, estimated=False, duration_ms=5)]

    def finish(self, talk: Conversation, spent: list[Spent], *, attempt: int = 1) -> states.Ended | None:
        reply = talk.replies.get()
        return states.finish(
            reply=reply.pk,
            conversation=talk.pk,
            attempt=attempt,
            frm=[Status.STREAMING],
            text="Said",
            outcome=states.Outcome(status=Status.COMPLETE),
            spent=spent,
        )

    def test_the_loser_of_an_end_writes_nothing(self, personalities: None, alice: User, spent: list[Spent]) -> None:
        talk = store_talk(alice)
        store_reply(talk, Status.STREAMING)
        assert self.finish(talk, spent, attempt=2) is None
        assert not Usage.objects.exists()
        assert self.finish(talk, spent) is not None
        assert self.finish(talk, spent) is None
        assert Usage.objects.count() == 1

    def test_what_an_attempt_cost_stays_when_it_is_handed_back(
        self, personalities: None, alice: User, spent: list[Spent]
    ) -> None:
        talk = store_talk(alice)
        reply = store_reply(talk, Status.STREAMING, receipt={"total": 3})
        spent = [Spent(Status.FAILED, 10, 0, estimated=True)]
        assert states.hand_back(reply=reply.pk, conversation=talk.pk, attempt=1, spent=spent)
        assert [(row.attempt, row.prompt_tokens) for row in Usage.objects.all()] == [(1, 10)]
        states.claim(owner="another", limit=1, lease=30)
        reply.refresh_from_db()
        assert reply.receipt == {}, "it tells of the attempt that is to come"
        assert reply.earlier_receipts == [{"attempt": 1, "receipt": {"total": 3}}]

    def test_they_outlive_the_conversation_and_the_member(
        self, personalities: None, alice: User, spent: list[Spent]
    ) -> None:
        talk = store_talk(alice)
        store_reply(talk, Status.STREAMING)
        self.finish(talk, spent)
        talk.delete()
        row = Usage.objects.get()
        assert (row.conversation, row.reply, row.user, row.completion_tokens) == (None, None, alice, 20)
        alice.delete()
        row.refresh_from_db()
        assert (row.user, row.completion_tokens) == (None, 20)

    @pytest.mark.parametrize(
        "wrong", [{"kind": "gossip"}, {"status": "streaming"}, {"status": Status.STOPPED, "estimated": False}]
    )
    def test_the_database_refuses_what_makes_no_sense(self, wrong: dict[str, Any]) -> None:
        right = {"kind": Kind.TITLE, "status": Status.COMPLETE, "estimated": False}
        Usage.objects.create(prompt_tokens=1, completion_tokens=1, **right)
        with pytest.raises(IntegrityError), transaction.atomic():
            Usage.objects.create(prompt_tokens=1, completion_tokens=1, **(right | wrong))


@pytest.mark.django_db
class TestBesideTheAnswers:
    @pytest.fixture(autouse=True)
    def _asks_the_scripted_model(self, settings: Any, endpoint: RunningEndpoint) -> None:
        settings.OPENAI_BASE_URL = endpoint.base_url
        settings.OPENAI_API_KEY = endpoint.api_key
        settings.OPENAI_MODEL = endpoint.model

    def test_a_title_is_on_the_books(self, personalities: None, alice: User) -> None:
        talk = store_thread(alice, 1)
        titles.write_title(talk.pk)
        row = Usage.objects.get()
        assert (row.kind, row.status, row.estimated, row.model) == (Kind.TITLE, Status.COMPLETE, False, "scripted")
        assert (row.user, row.conversation, row.reply) == (alice, talk, None)
        assert row.completion_tokens > 0

    def test_also_one_that_came_to_nothing(self, personalities: None, alice: User, endpoint: RunningEndpoint) -> None:
        talk = store_thread(alice, 1)
        endpoint.script('[[whole text=""]]')
        with pytest.raises(AgentError):
            titles.write_title(talk.pk)
        row = Usage.objects.get()
        assert (row.status, row.estimated, row.completion_tokens) == (Status.FAILED, True, 0)
        assert row.prompt_tokens == sum(
            Counter().message(message["content"]) for message in title_messages("Text 1", "Text 2")
        )

    @pytest.mark.parametrize("kind", [Kind.TITLE, Kind.SUMMARY, Kind.RECAP])
    def test_it_is_put_down_to_the_version_that_is_published_without_asking_for_it(
        self, personalities: None, alice: User, kind: Kind
    ) -> None:
        """Which is not the one that wrote the answers; staff who look at a personality's cost find all of it."""
        talk = store_thread(alice, 11)
        new = PersonalityVersion.objects.create(personality=talk.personality, number=2, name="Parley", role="assistant")
        publishing.publish(new)
        recaps.ask(user=alice, conversation=talk.pk, after=2)
        with CaptureQueriesContext(connection) as queries:
            if kind is Kind.TITLE:
                assert titles.write_title(talk.pk)
            elif kind is Kind.SUMMARY:
                assert summaries.summarise(talk.pk)
            else:
                catching_up.catch_up(Recap.objects.get().pk)
        row = Usage.objects.get()
        assert (row.kind, row.version, row.reply) == (kind, new, None)
        assert not [each["sql"] for each in queries if 'FROM "agents_personality"' in each["sql"]], "a query of its own"

    def test_it_is_there_before_the_model_answers_and_outlives_what_it_was_for(
        self, alone: None, world: None, alice: User, endpoint: RunningEndpoint
    ) -> None:
        talk = store_thread(alice, 1)
        endpoint.script('[[whole text="Two texts" headers=3s]]')

        def work() -> bool:
            try:
                return titles.write_title(talk.pk)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(work)
            row = eventually(Usage.objects.first)
            assert (row.status, row.estimated, row.completion_tokens) == (Status.INTERRUPTED, True, 0)
            assert (row.user, row.conversation, row.duration_ms) == (alice, talk, None)
            eventually(endpoint.log)
            turns.erase(conversation=talk.pk)
            assert not asked.result()
        sent = row.prompt_tokens
        assert sent == sum(Counter().message(message["content"]) for message in title_messages("Text 1", "Text 2"))
        row = Usage.objects.get()
        assert (row.status, row.estimated, row.conversation) == (Status.COMPLETE, False, None)
        assert row.completion_tokens > 0
        assert row.duration_ms is not None

    def test_who_asked_for_the_reply_is_named(self, personalities: None, alice: User, bob: User) -> None:
        talk = store_talk(alice)
        reply = store_reply(talk, Status.COMPLETE, asked_by_id=bob.pk)
        ask(
            kind=Kind.FOLLOW_UPS,
            conversation=talk,
            reply=reply,
            messages=[{"role": "user", "content": "What next?"}],
            temperature=0.2,
            max_tokens=20,
            seconds=10,
        )
        row = Usage.objects.get()
        assert (row.kind, row.user, row.reply, row.version) == (Kind.FOLLOW_UPS, bob, reply, reply.version)
