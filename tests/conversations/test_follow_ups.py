"""Questions that may follow an answer appear under it after its end: once, and only while it is the newest."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from kombu.exceptions import OperationalError as BrokerDown

from accounts.models import User
from agents import client
from agents.models import PersonalityVersion
from conversations import tasks
from conversations.memory import asking, follow_ups
from conversations.models import Conversation, Kind, Reply, Status, Usage
from conversations.writing import Answered
from tests.conversations.stored import store_message, store_reply, store_talk, store_thread
from tests.endpoint import RunningEndpoint
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import Process, working
from tests.site import Site

QUESTIONS = ["What does a lock cost?", "When is it released?", "Can two wait for each other?"]


def scripted(*questions: str) -> str:
    return f"[[whole text={json.dumps(chr(10).join(questions))}]]"


@pytest.fixture(autouse=True)
def _asks_the_scripted_model(settings: Any, endpoint: RunningEndpoint) -> None:
    settings.OPENAI_BASE_URL = endpoint.base_url
    settings.OPENAI_API_KEY = endpoint.api_key
    settings.OPENAI_MODEL = endpoint.model


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    """One exchange."""
    return store_thread(alice, 1)


@pytest.fixture
def reply(talk: Conversation) -> Reply:
    return talk.replies.get()


def kept(reply: Reply) -> list[str]:
    reply.refresh_from_db()
    return list(reply.follow_ups)


class TestAsking:
    def test_they_are_kept_with_the_answer_and_counted_as_a_change(
        self, talk: Conversation, reply: Reply, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script(scripted(*QUESTIONS))
        assert follow_ups.suggest(reply.pk)
        assert kept(reply) == QUESTIONS
        rev = talk.rev
        talk.refresh_from_db()
        assert talk.rev == message_row(str(reply.pk)).rev == rev + 1
        (request,) = endpoint.log()
        assert "Text 1" in request["messages"][-1]["content"]
        assert "Text 2" in request["messages"][-1]["content"]

    def test_what_they_cost_is_on_the_books(self, reply: Reply, endpoint: RunningEndpoint, alice: User) -> None:
        endpoint.script(scripted(*QUESTIONS))
        Reply.objects.filter(pk=reply.pk).update(asked_by=alice)
        follow_ups.suggest(reply.pk)
        row = Usage.objects.get()
        assert (row.kind, row.user, row.reply, row.version) == (Kind.FOLLOW_UPS, alice, reply, reply.version)
        assert (row.estimated, row.status) == (False, Status.COMPLETE)

    def test_once(self, reply: Reply, endpoint: RunningEndpoint) -> None:
        endpoint.script(scripted(*QUESTIONS))
        assert follow_ups.suggest(reply.pk)
        assert not follow_ups.suggest(reply.pk)
        assert kept(reply) == QUESTIONS
        assert len(endpoint.log()) == 1

    def test_a_model_that_has_none_leaves_none(self, reply: Reply, endpoint: RunningEndpoint) -> None:
        endpoint.script(scripted("I am happy to help."))
        assert not follow_ups.suggest(reply.pk)
        assert kept(reply) == []


class TestNotAsked:
    def test_where_the_personality_wants_none(
        self, talk: Conversation, reply: Reply, endpoint: RunningEndpoint
    ) -> None:
        silent = PersonalityVersion.objects.create(
            personality=talk.personality, number=2, name="Parley", role="assistant", follow_ups=False
        )
        Reply.objects.filter(pk=reply.pk).update(version=silent)
        assert not follow_ups.suggest(reply.pk)
        assert endpoint.log() == []

    def test_when_somebody_has_gone_on(self, talk: Conversation, reply: Reply, endpoint: RunningEndpoint) -> None:
        store_message(talk, parent=reply.message)
        assert not follow_ups.suggest(reply.pk)
        assert endpoint.log() == []

    def test_nor_kept_when_somebody_goes_on_meanwhile(
        self, talk: Conversation, reply: Reply, endpoint: RunningEndpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endpoint.script(scripted(*QUESTIONS))
        asked = client.complete

        def go_on_meanwhile(*args: Any, **options: Any) -> Any:
            store_message(talk, parent=reply.message)
            return asked(*args, **options)

        monkeypatch.setattr(asking, "complete", go_on_meanwhile)
        assert not follow_ups.suggest(reply.pk)
        assert kept(reply) == []

    @pytest.mark.parametrize("status", [each for each in Status if each != Status.COMPLETE])
    def test_for_what_is_no_whole_answer(
        self, personalities: None, alice: User, endpoint: RunningEndpoint, status: Status
    ) -> None:
        assert not follow_ups.suggest(store_reply(store_talk(alice), status).pk)
        assert endpoint.log() == []


class TestTheTask:
    def test_what_may_pass_is_tried_once_more(self, reply: Reply, endpoint: RunningEndpoint) -> None:
        endpoint.script("[[whole fault=503]]", scripted(*QUESTIONS))
        tasks.look_back.apply(args=[str(reply.pk)])
        assert kept(reply) == QUESTIONS
        assert [row.status for row in Usage.objects.order_by("pk")] == [Status.FAILED, Status.COMPLETE]

    def test_what_will_not_pass_is_left(self, reply: Reply, endpoint: RunningEndpoint) -> None:
        endpoint.script("[[whole fault=401]]")
        tasks.look_back.apply(args=[str(reply.pk)])
        assert kept(reply) == []
        assert len(endpoint.log()) == 1

    def test_without_a_broker_nothing_fails(
        self, monkeypatch: pytest.MonkeyPatch, talk: Conversation, reply: Reply
    ) -> None:
        def fail(reply: str) -> None:
            raise BrokerDown

        monkeypatch.setattr(tasks.look_back, "delay", fail)
        tasks.follow(Answered(talk.pk, reply.pk, untitled=False, length=2))


def test_many_at_once_keep_one_set(alone: None, world: None, alice: User, endpoint: RunningEndpoint) -> None:
    talk = store_thread(alice, 1)
    reply = talk.replies.get()
    endpoint.script(*(scripted(f"Is this number {number}?") for number in range(4)))

    def suggest(_: int) -> bool:
        try:
            return follow_ups.suggest(reply.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(suggest, range(4))) == 1
    assert len(kept(reply)) == 1
    rev = talk.rev
    talk.refresh_from_db()
    assert talk.rev == rev + 1


@pytest.fixture(scope="module")
def worker(parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with working(parley_environment, tmp_path_factory.mktemp("celery") / "log") as process:
        yield process


def test_they_are_shown_to_every_open_tab_and_delay_no_answer(
    site: Site, alice: User, bob: User, worker: Process, endpoint: RunningEndpoint
) -> None:
    site.processes.append(worker)
    endpoint.script('[[whole text="Locks"]]', scripted(*QUESTIONS).replace("whole", "whole headers=600ms"))
    tab, foreign = site.open(alice), site.open(bob)
    ack = tab.ask("How do row locks work? [[tokens=4]]")
    assert tab.answer(ack.reply) == tokens(4)
    assert tab.page.message(ack.reply)["reply"]["follow_ups"] == [], "the end did not wait for them"
    elsewhere = site.open(alice)
    elsewhere.read(ack.conversation)

    for each in (tab, elsewhere):
        shown = each.shown(ack.reply, lambda message: message["reply"]["follow_ups"])
        assert shown["reply"]["follow_ups"] == QUESTIONS
        assert each.page.text(ack.reply) == tokens(4)
    assert reply_row(ack.reply).follow_ups == QUESTIONS
    late = site.open(alice)
    late.read(ack.conversation)
    assert late.page.message(ack.reply)["reply"]["follow_ups"] == QUESTIONS
    foreign.flush()
    assert [frame["type"] for frame in foreign.frames] == ["hello", "error"]
