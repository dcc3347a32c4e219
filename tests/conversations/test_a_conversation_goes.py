"""What is deleted is gone for everybody at once: answers stop, readers are told, and its owner can take it back."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from agents.tokens import Counter
from conversations import live, states, turns
from conversations.errors import NotFound, OwnerOnly
from conversations.models import Conversation, MemberRole, Membership, Message, Reply, Status, Usage
from tests.conversations.stored import store_message, store_reply, store_talk
from tests.endpoint import RunningEndpoint
from tests.rows import conversation_row, message_row, reply_row
from tests.said import tokens
from tests.server import eventually
from tests.site import Site
from tests.tab import Ack, Tab

LONG = "Long [[tokens=5000 pace=5ms]]"


def logs(reply: str) -> list[Any]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return list(client.scan_iter(f"*{reply}*"))


def join(conversation: str, user: User, role: MemberRole = MemberRole.WRITER) -> Membership:
    return Membership.objects.create(conversation_id=uuid.UUID(conversation), user=user, role=role)


def is_told(tab: Tab, conversation: str) -> None:
    gone = tab.expect("deleted", conversation=conversation)
    tab.flush()
    after = [frame["type"] for frame in tab.frames[tab.frames.index(gone) + 1 :] if conversation in str(frame)]
    assert after == [], "something came of it afterwards"


@pytest.fixture
def running(tab: Tab) -> Ack:
    """An answer that is being written."""
    ack = tab.ask(LONG)
    tab.until(ack.reply, "t30 ")
    return ack


class TestByItsOwner:
    def test_the_model_is_left_and_readers_are_told(
        self, site: Site, alice: User, bob: User, tab: Tab, running: Ack, endpoint: RunningEndpoint
    ) -> None:
        join(running.conversation, bob)
        reader, elsewhere = site.open(bob), site.open(alice)
        reader.read(running.conversation)
        waiting = tab.say("Next [[tokens=3]]", conversation=running.conversation)
        elsewhere.send("delete", conversation=running.conversation)

        for each in (tab, reader, elsewhere):
            is_told(each, running.conversation)
        (request,) = endpoint.log(settled=10)
        assert request["gone"], "the model went on for nobody"
        eventually(lambda: reply_row(running.reply).status == Status.STOPPED)
        assert reply_row(waiting.reply).status == Status.STOPPED
        assert eventually(lambda: logs(running.reply) == []), logs(running.reply)
        assert tab.refused("subscribe", conversation=running.conversation)["code"] == "not_found"
        assert tab.refused("send", client_id=str(uuid.uuid4()), conversation=running.conversation, text="Hi")["code"]
        assert len(endpoint.log()) == 1, "nothing was asked for it any more"

    def test_it_can_be_taken_back_with_all_that_was_said(self, tab: Tab, running: Ack) -> None:
        tab.send("delete", conversation=running.conversation)
        is_told(tab, running.conversation)
        eventually(lambda: reply_row(running.reply).status == Status.STOPPED)
        tab.send("restore", conversation=running.conversation)
        tab.expect("conversation", where=lambda frame: frame["conversation"]["id"] == running.conversation)
        tab.read(running.conversation)
        text = message_row(running.reply).text
        assert text == tab.page.text(running.reply) == tokens(len(text.split()))
        assert len(text.split()) >= 30
        again = tab.say("And now? [[tokens=3]]", conversation=running.conversation)
        assert tab.answer(again.reply) == tokens(3)

    def test_also_an_answer_that_a_writer_takes_in_that_moment_is_stopped(
        self, world: None, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reply = store_reply(store_talk(alice), Status.QUEUED)
        finish = states.finish

        def claimed_first(**asked: Any) -> states.Ended | None:
            states.claim(owner="somebody", limit=1, lease=30)
            return finish(**asked)

        monkeypatch.setattr(states, "finish", claimed_first)
        turns.delete(user=alice, conversation=reply.conversation_id)
        reply.refresh_from_db()
        assert (reply.status, reply.stop_requested_at is not None) == (Status.STREAMING, True)

    def test_nobody_else_can(self, site: Site, bob: User, tab: Tab, running: Ack) -> None:
        stranger = site.open(bob)
        assert stranger.refused("delete", conversation=running.conversation)["code"] == "not_found"
        join(running.conversation, bob)
        assert stranger.refused("delete", conversation=running.conversation)["code"] == "owner_only"
        tab.send("delete", conversation=running.conversation)
        is_told(tab, running.conversation)
        assert stranger.refused("restore", conversation=running.conversation)["code"] == "not_found"
        assert conversation_row(running.conversation).trashed_at is not None

    def test_each_member_is_told_whether_it_is_theirs(self, site: Site, alice: User, bob: User, running: Ack) -> None:
        join(running.conversation, bob)
        roles = [site.open(user).read(running.conversation)["role"] for user in (alice, bob)]
        assert roles == ["owner", "writer"]

    def test_what_is_not_in_the_trash_cannot_be_taken_back(self, world: None, alice: User) -> None:
        with pytest.raises(NotFound):
            turns.restore(user=alice, conversation=store_talk(alice).pk)

    def test_the_trash_is_emptied_of_what_is_old(self, world: None, alice: User) -> None:
        kept, old = store_talk(alice), store_talk(alice)
        for talk, days in ((kept, settings.TRASH_DAYS - 1), (old, settings.TRASH_DAYS + 1)):
            store_message(talk)
            talk.trashed_at = timezone.now() - timedelta(days=days)
            talk.save()
        there = store_talk(alice)
        assert turns.empty_trash() == 1
        assert set(Conversation.objects.values_list("pk", flat=True)) == {kept.pk, there.pk}
        assert turns.empty_trash() == 0


class TestForGood:
    def test_nothing_comes_back_of_it(self, site: Site, tab: Tab, running: Ack, endpoint: RunningEndpoint) -> None:
        other = tab.ask("Another one [[tokens=2]]")
        tab.answer(other.reply)
        turns.erase(conversation=uuid.UUID(running.conversation))

        is_told(tab, running.conversation)
        (first, _) = endpoint.log(settled=10)
        assert first["gone"], "the model went on for nobody"
        assert eventually(lambda: logs(running.reply) == []), logs(running.reply)
        assert list(Conversation.objects.values_list("pk", flat=True)) == [uuid.UUID(other.conversation)]
        assert not Message.objects.filter(pk=uuid.UUID(running.reply)).exists()
        assert not Reply.objects.filter(pk=uuid.UUID(running.reply)).exists()
        assert not logs(running.reply)
        assert Usage.objects.filter(reply=uuid.UUID(other.reply)).exists()

    def test_what_its_answers_have_cost_stays_on_the_books(
        self, site: Site, tab: Tab, running: Ack, alice: User, endpoint: RunningEndpoint
    ) -> None:
        waiting = tab.say("Next [[tokens=3]]", conversation=running.conversation)
        tab.status(waiting.reply, "waiting")
        eventually(lambda: "t30 " in reply_row(running.reply).text)
        reply = reply_row(running.reply)
        turns.erase(conversation=uuid.UUID(running.conversation))
        is_told(tab, running.conversation)

        row = Usage.objects.get()
        assert (row.kind, row.user, row.version, row.model) == ("reply", alice, reply.version, "scripted")
        assert (row.status, row.estimated, row.conversation) == (Status.INTERRUPTED, True, None)
        assert row.prompt_tokens == reply.receipt["total"]
        assert row.completion_tokens >= Counter.named(reply.receipt["counter"]).count(reply.text)
        endpoint.log(settled=10)
        eventually(lambda: logs(running.reply) == [])  # its writer has left it
        assert Usage.objects.count() == 1

    def test_staff_do_it_in_the_admin(self, world: None, client: Client, alice: User, charlie: User) -> None:
        talk = store_talk(alice, title="To go", titled_by="member")
        for _ in range(3):
            store_message(talk, parent=talk.head)
        client.force_login(charlie)
        page = f"/admin/conversations/conversation/{talk.pk}/delete/"
        asked = client.get(page)
        assert asked.status_code == 200
        assert "To go" in asked.content.decode()
        assert Conversation.objects.filter(pk=talk.pk).exists()
        assert client.post(page, {"post": "yes"}).status_code == 302
        assert not Conversation.objects.filter(pk=talk.pk).exists()
        assert not Message.objects.filter(conversation=talk.pk).exists()

    def test_several_at_once(self, world: None, client: Client, alice: User, charlie: User) -> None:
        talks = [store_talk(alice) for _ in range(3)]
        client.force_login(charlie)
        chosen = {"action": "delete_selected", "_selected_action": [str(talk.pk) for talk in talks[:2]], "post": "yes"}
        client.post("/admin/conversations/conversation/", chosen)
        assert list(Conversation.objects.all()) == talks[2:]

    def test_a_member_cannot(self, world: None, client: Client, alice: User) -> None:
        talk = store_talk(alice)
        client.force_login(alice)
        assert client.post(f"/admin/conversations/conversation/{talk.pk}/delete/", {"post": "yes"}).status_code == 302
        assert Conversation.objects.filter(pk=talk.pk).exists()


class TestAPlaceInIt:
    @pytest.fixture
    def reader(self, site: Site, bob: User, running: Ack) -> Tab:
        self.place = join(running.conversation, bob)
        reader = site.open(bob)
        reader.read(running.conversation)
        reader.until(running.reply, "t60 ")
        return reader

    def test_who_lost_it_reads_no_further(self, tab: Tab, reader: Tab, running: Ack) -> None:
        turns.remove_member(membership=self.place.pk)
        is_told(reader, running.conversation)
        tab.until(running.reply, f"t{len(tab.page.text(running.reply).split()) + 200} ")
        is_silent = [frame for frame in reader.frames if frame["type"] == "delta"]
        reader.flush()
        assert [frame for frame in reader.frames if frame["type"] == "delta"] == is_silent
        assert reader.refused("subscribe", conversation=running.conversation)["code"] == "not_found"
        assert not [frame for frame in tab.frames if frame["type"] in ("deleted", "error")]

    def test_also_when_the_event_is_lost(self, reader: Tab, running: Ack, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("tell_gone", "tell_changed"):
            monkeypatch.setattr(live, name, lambda *args, **fields: None)
        turns.remove_member(membership=self.place.pk)
        reader.expect("error", code="not_found", ref=running.conversation, within=60)

    def test_staff_take_it_away_in_the_admin_but_not_an_owners(
        self, world: None, client: Client, alice: User, bob: User, charlie: User
    ) -> None:
        talk = store_talk(alice)
        place = join(str(talk.pk), bob)
        owners = Membership.objects.get(conversation=talk, user=alice)
        client.force_login(charlie)
        page = "/admin/conversations/membership/{}/delete/"
        assert client.post(page.format(place.pk), {"post": "yes"}).status_code == 302
        assert client.post(page.format(owners.pk), {"post": "yes"}).status_code == 403
        assert list(Membership.objects.filter(conversation=talk)) == [owners]
        with pytest.raises(OwnerOnly):
            turns.remove_member(membership=owners.pk)
