"""A conversation gets its title from the model after its first answer, once, and a member's own title stays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from agents import client
from conversations import tasks
from conversations.memory import asking, titles
from conversations.models import Conversation, Status, TitledBy
from tests.conversations.stored import store_message, store_reply, store_talk, store_thread
from tests.endpoint import RunningEndpoint
from tests.rows import conversation_row
from tests.server import Process, working
from tests.site import Site


@pytest.fixture(autouse=True)
def _asks_the_scripted_model(settings: Any, endpoint: RunningEndpoint) -> None:
    settings.OPENAI_BASE_URL = endpoint.base_url
    settings.OPENAI_API_KEY = endpoint.api_key
    settings.OPENAI_MODEL = endpoint.model


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    """One exchange."""
    return store_thread(alice, 1)


def title_of(talk: Conversation) -> tuple[str, str]:
    talk.refresh_from_db()
    return talk.title, talk.titled_by


class TestWriting:
    def test_it_is_asked_for_and_kept(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        rev = talk.rev
        assert titles.write_title(talk.pk)
        assert title_of(talk) == ("Title 1", TitledBy.MODEL)
        assert talk.rev == rev + 1
        (request,) = endpoint.log()
        told = str(request["messages"])
        assert "Text 1" in told
        assert "Text 2" in told
        assert request["options"]["max_tokens"] == titles.TITLE_TOKENS

    def test_once(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        assert titles.write_title(talk.pk)
        assert not titles.write_title(talk.pk)
        assert title_of(talk) == ("Title 1", TitledBy.MODEL)
        assert len(endpoint.log()) == 1

    def test_a_members_own_stays(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        Conversation.objects.filter(pk=talk.pk).update(title="Mine", titled_by=TitledBy.MEMBER)
        assert not titles.write_title(talk.pk)
        assert title_of(talk) == ("Mine", TitledBy.MEMBER)
        assert endpoint.log() == []

    def test_a_members_own_stays_also_when_it_comes_while_the_model_thinks(
        self, talk: Conversation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = client.complete

        def rename_meanwhile(*args: Any, **options: Any) -> Any:
            Conversation.objects.filter(pk=talk.pk).update(title="Mine", titled_by=TitledBy.MEMBER)
            return asked(*args, **options)

        monkeypatch.setattr(asking, "complete", rename_meanwhile)
        assert not titles.write_title(talk.pk)
        assert title_of(talk) == ("Mine", TitledBy.MEMBER)

    @pytest.mark.parametrize("status", [each for each in Status if each != Status.COMPLETE])
    def test_not_before_there_is_an_answer(
        self, personalities: None, alice: User, endpoint: RunningEndpoint, status: Status
    ) -> None:
        talk = store_talk(alice)
        store_reply(talk, status)
        assert not titles.write_title(talk.pk)
        assert endpoint.log() == []

    def test_not_in_the_trash(self, talk: Conversation) -> None:
        Conversation.objects.filter(pk=talk.pk).update(trashed_at=timezone.now())
        assert not titles.write_title(talk.pk)

    def test_when_the_model_has_no_good_one_the_members_first_words_serve(
        self, talk: Conversation, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script('[[whole text="**Title:** "]]')
        assert titles.write_title(talk.pk)
        assert title_of(talk) == ("Text 1", TitledBy.MODEL)


class TestTheTask:
    @pytest.mark.parametrize(("fault", "again"), [("429", True), ("503", True), ("401", False), ("404", False)])
    def test_what_may_pass_is_tried_again(
        self, talk: Conversation, endpoint: RunningEndpoint, fault: str, again: bool
    ) -> None:
        endpoint.script(f"[[whole fault={fault}]]")
        tasks.title.apply(args=[str(talk.pk)])  # here and now, and so is another try

        assert len(endpoint.log()) == (2 if again else 1)
        assert title_of(talk) == (("Title 1", TitledBy.MODEL) if again else ("", ""))


class TestTheSweep:
    def aged(self, talk: Conversation, **age: float) -> Conversation:
        Conversation.objects.filter(pk=talk.pk).update(last_active_at=timezone.now() - timedelta(**age))
        return talk

    def test_it_finds_those_whose_task_was_lost(self, talk: Conversation, alice: User) -> None:
        lost = self.aged(talk, minutes=2)
        titled = self.aged(store_thread(alice, 1), minutes=2)
        Conversation.objects.filter(pk=titled.pk).update(title="Mine", titled_by=TitledBy.MEMBER)
        self.aged(store_thread(alice, 1), seconds=5)  # its task is on its way
        self.aged(store_thread(alice, 1), days=2)  # nobody cares any more
        unanswered = store_talk(alice)
        store_message(unanswered)
        self.aged(unanswered, minutes=2)

        assert titles.untitled() == [lost.pk]

    def test_it_asks_for_each_once(self, talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
        store_reply(talk, Status.COMPLETE)
        self.aged(talk, minutes=2)
        asked: list[str] = []
        monkeypatch.setattr(tasks.title, "delay", asked.append)
        tasks.sweep_titles()
        assert asked == [str(talk.pk)]


def test_many_at_once_write_one_title(alone: None, world: None, alice: User) -> None:
    talk = store_thread(alice, 1)

    def write(_: int) -> bool:
        try:
            return titles.write_title(talk.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(write, range(4))) == 1
    rev = talk.rev
    assert title_of(talk)[1] == TitledBy.MODEL
    assert talk.rev == rev + 1


@pytest.fixture(scope="module")
def worker(parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with working(parley_environment, tmp_path_factory.mktemp("celery") / "log") as process:
        yield process


def test_it_is_shown_to_every_open_tab_as_soon_as_it_is_there(
    site: Site, alice: User, bob: User, worker: Process
) -> None:
    site.processes.append(worker)
    tab, elsewhere, foreign = site.open(alice), site.open(alice), site.open(bob)
    ack = tab.ask("Plan my garden")
    tab.answer(ack.reply)

    for each in (tab, elsewhere):
        frame = each.expect("conversation", where=lambda frame: frame["conversation"]["title"])
        assert frame["conversation"]["title"] == "Title 1"
        assert frame["conversation"]["id"] == ack.conversation
    assert tab.page.conversations[ack.conversation].conversation["title"] == "Title 1"
    assert conversation_row(ack.conversation).title == "Title 1"
    foreign.flush()
    assert not [frame for frame in foreign.frames if frame["type"] == "conversation"]

    second = tab.say("And the balcony", conversation=ack.conversation)
    tab.answer(second.reply)
    assert conversation_row(ack.conversation).title == "Title 1"
