"""Staff write, try and publish versions in the admin, and are told in a sentence what cannot be, and why."""

import socket
import threading
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from agents.models import Personality, PersonalityVersion
from tests.endpoint import RunningEndpoint

ADD = "/admin/agents/personalityversion/add/"
LIST = "/admin/agents/personalityversion/"


@pytest.fixture
def staff(client: Client, charlie: User) -> Client:
    client.force_login(charlie)
    return client


@pytest.fixture
def writer(personalities: None) -> Personality:
    return Personality.objects.get(slug="writer")


@pytest.fixture
def listing(endpoint: RunningEndpoint, settings: Settings) -> None:
    """The scripted endpoint, which lists one model: scripted."""
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = endpoint.base_url, endpoint.api_key


@pytest.fixture
def silent(settings: Settings) -> Iterator[None]:
    """An endpoint that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        yield


class Resolver:
    """Does not find one host, and takes as long as it is let to find out."""

    host = "models.example"

    def __init__(self) -> None:
        self.asked, self.answer, self.done = Event(), Event(), Event()
        self._others = socket.getaddrinfo

    def getaddrinfo(self, host: Any, *args: Any, **fields: Any) -> Any:
        if host != self.host:
            return self._others(host, *args, **fields)
        self.asked.set()
        self.answer.wait(30)
        self.done.set()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver.getaddrinfo)
    yield resolver
    resolver.answer.set()
    assert resolver.done.wait(30)
    for thread in threading.enumerate():
        if thread.name == "models":
            thread.join(30)


def filled(personality: Personality, **fields: Any) -> dict[str, Any]:
    return {
        "personality": personality.pk,
        "name": "Sage",
        "role": "poet",
        "traits": '["brief"]',
        "tone": "casual",
        "knowledge": "[]",
        "constraints": "[]",
        "starters": "[]",
        "colour": "#7a5cc0",
        "max_tokens": 500,
        "context_budget": 4000,
        "strategy": "auto",
    } | fields


def page(response: Any) -> str:
    text: str = response.content.decode()
    return text


def change(version: PersonalityVersion) -> str:
    return f"/admin/agents/personalityversion/{version.pk}/change/"


@pytest.mark.django_db
class TestWriting:
    def test_a_new_version_gets_the_next_number_and_its_writers_name(
        self, staff: Client, charlie: User, writer: Personality
    ) -> None:
        assert staff.post(ADD, filled(writer)).status_code == 302
        version = writer.versions.get(number=2)
        assert (version.role, version.created_by, version.published_at) == ("poet", charlie, None)
        writer.refresh_from_db()
        assert writer.published != version

    def test_a_draft_may_be_edited(self, staff: Client, writer: Personality) -> None:
        draft = writer.versions.create(number=2, name="Sage", role="poet")
        assert staff.post(change(draft), filled(writer, role="novelist")).status_code == 302
        draft.refresh_from_db()
        assert draft.role == "novelist"

    def test_it_may_be_started_from_another(self, staff: Client, writer: Personality) -> None:
        assert writer.published is not None
        response = staff.post(LIST, {"action": "start_from", "_selected_action": [writer.published.pk]})
        assert response.status_code == 302
        assert response.headers["Location"] == f"{ADD}?from={writer.published.pk}"
        form = page(staff.get(response.headers["Location"]))
        assert "Respect the writer&#x27;s voice" in form
        assert 'value="creative writing assistant"' in form

    @pytest.mark.parametrize("start", ["0", "x", "9" * 40, "²"])
    def test_or_from_nothing(self, staff: Client, personalities: None, start: str) -> None:
        assert staff.get(ADD, {"from": start}).status_code == 200


@pytest.mark.django_db
class TestPublishing:
    def test_one_version_is_published(self, staff: Client, writer: Personality) -> None:
        draft = writer.versions.create(number=2, name="Sage", role="poet")
        answer = staff.post(LIST, {"action": "publish_one", "_selected_action": [draft.pk]}, follow=True)
        assert "From now on Sage, version 2 answers." in page(answer)
        writer.refresh_from_db()
        assert writer.published == draft

    def test_not_two_at_once(self, staff: Client, writer: Personality) -> None:
        drafts = [writer.versions.create(number=number, name="Sage", role="poet").pk for number in (2, 3)]
        answer = staff.post(LIST, {"action": "publish_one", "_selected_action": drafts}, follow=True)
        assert "Choose one version." in page(answer)
        writer.refresh_from_db()
        assert writer.published is not None
        assert writer.published.number == 1

    def test_nothing_that_could_not_answer(self, staff: Client, writer: Personality) -> None:
        draft = writer.versions.create(number=2, name="Sage", role="poet", max_tokens=3990)
        answer = staff.post(LIST, {"action": "publish_one", "_selected_action": [draft.pk]}, follow=True)
        assert "Sage, version 2 cannot answer: The system prompt takes about" in page(answer)
        draft.refresh_from_db()
        assert draft.published_at is None

    def test_nobody_but_staff(self, client: Client, bob: User, writer: Personality) -> None:
        draft = writer.versions.create(number=2, name="Sage", role="poet")
        client.force_login(bob)
        client.post(LIST, {"action": "publish_one", "_selected_action": [draft.pk]})
        client.post(ADD, filled(writer))
        draft.refresh_from_db()
        assert draft.published_at is None
        assert writer.versions.count() == 2


@pytest.mark.django_db
class TestRefused:
    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"temperature": "2.5"}, "A temperature is between 0 and 2."),
            ({"temperature": "-1"}, "A temperature is between 0 and 2."),
            ({"max_tokens": 4000}, "The answer may take 4,000 tokens, but the context budget is 4,000."),
            ({"max_tokens": 3950}, "The system prompt takes about"),
            ({"instructions": "Be kind. " * 3000}, "allow at least so many, shorten the prompt or the answer."),
            ({"constraints": '"Be kind"'}, "This is a list of texts"),
            ({"colour": "#0F6E66"}, "A colour is like #0f6e66, in small letters."),
        ],
    )
    def test_in_a_sentence(self, staff: Client, writer: Personality, fields: dict[str, Any], sentence: str) -> None:
        response = staff.post(ADD, filled(writer, **fields))
        assert response.status_code == 200
        assert sentence in page(response)
        assert writer.versions.count() == 1

    def test_a_published_version_stays_as_it_is_and_says_what_to_do(self, staff: Client, writer: Personality) -> None:
        version = writer.published
        assert version is not None
        shown = page(staff.get(change(version)))
        assert "Sage, version 1 is published, and answers name it: it stays as it is." in shown
        assert f'href="{ADD}?from={version.pk}"' in shown
        response = staff.post(change(version), filled(writer, name="Somebody else"), follow=True)
        assert "it stays as it is. Start a new version from it." in page(response)
        version.refresh_from_db()
        assert version.name == "Sage"


@pytest.mark.django_db(transaction=True)
class TestAModelTheEndpointDoesNotList:
    def saved(self, staff: Client, writer: Personality, **fields: str) -> PersonalityVersion:
        assert staff.post(ADD, filled(writer, **fields)).status_code == 302
        return writer.versions.get(number=2)

    def test_is_saved_with_a_warning(
        self,
        staff: Client,
        writer: Personality,
        listing: None,
    ) -> None:
        version = self.saved(staff, writer, model="gpt-9")
        assert version.model == "gpt-9"
        assert "The endpoint does not list the model “gpt-9”. It lists: scripted." in page(staff.get(LIST))

    def test_and_published_with_one(self, staff: Client, writer: Personality, listing: None) -> None:
        draft = writer.versions.create(number=2, name="Sage", role="poet", model="gpt-9")
        answer = page(staff.post(LIST, {"action": "publish_one", "_selected_action": [draft.pk]}, follow=True))
        assert "does not list the model" in answer
        assert "From now on" in answer

    @pytest.mark.parametrize("model", ["scripted", ""])
    def test_one_that_is_listed_or_left_to_the_endpoint_is_no_matter(
        self,
        staff: Client,
        writer: Personality,
        listing: None,
        model: str,
    ) -> None:
        self.saved(staff, writer, model=model)
        assert "does not list" not in page(staff.get(LIST))

    @pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "", "no address", "http://"])
    def test_an_endpoint_that_is_away_is_no_matter(
        self,
        staff: Client,
        writer: Personality,
        settings: Settings,
        address: str,
    ) -> None:
        settings.OPENAI_BASE_URL = address
        self.saved(staff, writer, model="gpt-9")
        assert "does not list" not in page(staff.get(LIST))

    def test_nor_is_one_that_never_answers_but_staff_are_told(
        self,
        staff: Client,
        writer: Personality,
        silent: None,
    ) -> None:
        self.saved(staff, writer, model="gpt-9")
        shown = page(staff.get(LIST))
        assert "does not list" not in shown
        assert "Whether the endpoint has the model “gpt-9” is not known" in shown

    def test_a_name_that_is_looked_up_for_ever_is_not_waited_for(
        self, staff: Client, writer: Personality, settings: Settings, resolver: Resolver
    ) -> None:
        settings.OPENAI_BASE_URL = f"http://{resolver.host}/v1"
        self.saved(staff, writer, model="gpt-9")
        assert resolver.asked.is_set()
        assert not resolver.done.is_set(), "the save has waited for the resolver"
        assert "its host&#x27;s name cannot be looked up" in page(staff.get(LIST))
