"""Who may see what a model was sent for an answer: those who may read the answer."""

import uuid

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Conversation, Reply, Status
from tests.conversations.stored import store_reply, store_talk


@pytest.mark.django_db
class TestWhoMayOpenIt:
    @pytest.fixture
    def reply(self, personalities: None, alice: User) -> Reply:
        return store_reply(store_talk(alice), Status.COMPLETE)

    def test_its_members(self, client: Client, alice: User, reply: Reply) -> None:
        client.force_login(alice)
        response = client.get(f"/m/{reply.pk}/receipt/")
        assert response.status_code == 200
        assert response.json()["reply"] == str(reply.pk)
        assert "no-store" in response.headers["Cache-Control"]

    def test_nobody_else(self, client: Client, bob: User, reply: Reply) -> None:
        client.force_login(bob)
        response = client.get(f"/m/{reply.pk}/receipt/")
        assert response.status_code == 404
        assert response.json()["code"] == "not_found"
        assert response.json() == client.get(f"/m/{uuid.uuid4()}/receipt/").json(), "not even that it exists"

    def test_who_is_not_signed_in_goes_to_sign_in(self, client: Client, reply: Reply) -> None:
        assert client.get(f"/m/{reply.pk}/receipt/").status_code == 302

    def test_it_is_only_read(self, client: Client, alice: User, reply: Reply) -> None:
        client.force_login(alice)
        assert client.post(f"/m/{reply.pk}/receipt/").status_code == 405

    def test_not_of_a_conversation_in_the_trash(self, client: Client, alice: User, reply: Reply) -> None:
        Conversation.objects.filter(pk=reply.conversation_id).update(trashed_at=reply.created_at)
        client.force_login(alice)
        assert client.get(f"/m/{reply.pk}/receipt/").status_code == 404

    def test_a_members_message_has_none(self, client: Client, alice: User, reply: Reply) -> None:
        client.force_login(alice)
        assert client.get(f"/m/{reply.message.parent_id}/receipt/").status_code == 404
