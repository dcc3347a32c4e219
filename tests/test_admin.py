"""The admin opens for staff, works under its Content-Security-Policy, and leaves history as it was."""

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Conversation
from tests.conversations.stored import store_thread

pytestmark = pytest.mark.django_db

PAGES = ("accounts/user", "agents/personality", "agents/personalityversion", "conversations/conversation",
         "conversations/message", "conversations/reply", "conversations/summary", "conversations/summaryjob",
         "conversations/recap", "conversations/usage")  # fmt: skip


@pytest.fixture
def staff(client: Client, charlie: User) -> Client:
    client.force_login(charlie)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_it_works(staff: Client, alice: User, personalities: None, page: str) -> None:
    store_thread(alice, 2)
    assert staff.get(f"/admin/{page}/").status_code == 200
    assert staff.get(f"/admin/{page}/?q=alice").status_code == 200


def test_it_wears_parleys_colours_and_its_policy_lets_it(staff: Client) -> None:
    response = staff.get("/admin/")
    assert '<link rel="stylesheet" href="/static/css/admin' in response.content.decode()
    assert "style-src 'self'" in response.headers["Content-Security-Policy"]


def test_its_scripts_may_run_and_no_others(staff: Client) -> None:
    policy = staff.get("/admin/").headers["Content-Security-Policy"]
    directives = [directive.strip() for directive in policy.split(";")]
    assert "script-src 'self'" in directives
    assert "unsafe" not in policy


def test_who_is_not_of_the_staff_goes_to_sign_in(client: Client, alice: User) -> None:
    assert client.get("/admin/").status_code == 302
    client.force_login(alice)
    response = client.get("/admin/login/")
    assert response.status_code in (302, 403)


def test_signing_in_is_parleys_own(client: Client) -> None:
    """So that the limits on tries hold here too."""
    response = client.get("/admin/login/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("action", ["change", "delete"])
def test_history_cannot_be_edited(staff: Client, alice: User, personalities: None, action: str) -> None:
    talk: Conversation = store_thread(alice, 2)
    message = talk.messages.get(position=1)
    response = staff.post(f"/admin/conversations/message/{message.pk}/{action}/", {"text": "never said", "post": "yes"})
    assert response.status_code == 403
    assert talk.messages.get(position=1).text == message.text
