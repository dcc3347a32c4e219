"""Staff see what members asked to catch up on, how it stands and what failed. They change nothing of it."""

import pytest
from django.test import Client

from accounts.models import User
from conversations.memory.catching_up import catch_up
from conversations.models import Conversation, Recap
from conversations.summaries import leases, recaps
from tests.conversations.stored import store_exchanges, store_talk
from tests.endpoint import RunningEndpoint

pytestmark = pytest.mark.usefixtures("asks_the_scripted_model")
RECAPS = "/admin/conversations/recap/"


@pytest.fixture
def recap(personalities: None, alice: User) -> Recap:
    """Asked for, and not yet made."""
    talk: Conversation = store_talk(alice, title="Lisbon by train", titled_by="member")
    store_exchanges(talk, 4)
    recaps.ask(user=alice, conversation=talk.pk, after=4)
    return Recap.objects.get()


def page(client: Client, recap: Recap | None = None) -> str:
    response = client.get(f"{RECAPS}{recap.pk}/change/" if recap else RECAPS)
    assert response.status_code == 200
    return response.content.decode().replace("&#x27;", "'")


@pytest.fixture
def staff(client: Client, charlie: User) -> Client:
    client.force_login(charlie)
    return client


def test_for_whom_and_how_it_stands(staff: Client, recap: Recap, endpoint: RunningEndpoint) -> None:
    listed = page(staff)
    assert "Lisbon by train" in listed
    assert "Alice" in listed
    assert "to be made" in listed
    endpoint.script('[[whole text="- Two questions more."]]')
    catch_up(recap.pk)
    assert leases.state(Recap.objects.get()) == "made"
    assert "- Two questions more." in page(staff, recap)


def test_what_was_given_up_and_why(staff: Client, recap: Recap, endpoint: RunningEndpoint) -> None:
    endpoint.script("[[whole fault=401]]")
    catch_up(recap.pk)
    recap.refresh_from_db()
    listed = page(staff)
    assert "given up" in listed
    assert recap.error_message
    assert recap.error_message in listed


def test_what_is_being_made_and_what_a_worker_left(recap: Recap) -> None:
    assert recaps.claim(recap.pk, seconds=60)
    assert leases.state(Recap.objects.get()) == "being made"
    Recap.objects.update(lease_until=recap.created_at)
    assert leases.state(Recap.objects.get()) == "left by a dead worker"


def test_no_member_does(client: Client, recap: Recap, alice: User) -> None:
    client.force_login(alice)
    assert client.get(RECAPS).status_code == 302
    assert client.get(f"{RECAPS}{recap.pk}/change/").status_code == 302


@pytest.mark.parametrize("action", ["change", "delete"])
def test_nobody_edits_or_deletes(staff: Client, recap: Recap, action: str) -> None:
    before = Recap.objects.values().get()
    response = staff.post(f"{RECAPS}{recap.pk}/{action}/", {"text": "never said", "post": "yes"})
    assert response.status_code == 403
    assert Recap.objects.values().get() == before
