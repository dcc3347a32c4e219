"""How far a member has read is kept for that member alone, on all their devices, and never goes back."""

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Conversation, MemberRole, Membership
from tests.conversations.stored import store_thread
from tests.conversations.test_the_page import data_of
from tests.site import Site


@pytest.fixture
def talk(world: None, alice: User) -> Conversation:
    """Six messages of Alice and her assistant; Dora reads along."""
    talk = store_thread(alice, 3)
    dora = User.objects.create_user("dora@example.org", name="Dora")
    Membership.objects.create(conversation=talk, user=dora, role=MemberRole.READER)
    return talk


@pytest.fixture
def dora(talk: Conversation) -> User:
    return User.objects.get(email="dora@example.org")


def last_read(talk: Conversation, user: User) -> int:
    return talk.memberships.get(user=user).last_read


class TestReading:
    def test_it_is_kept_and_told_to_the_members_other_tabs(
        self, site: Site, talk: Conversation, alice: User, dora: User
    ) -> None:
        here, there, other = site.open(alice), site.open(alice), site.open(dora)
        for tab in (here, other):
            assert tab.read(str(talk.pk))["last_read"] == 0
        here.send("read", conversation=str(talk.pk), position=4)
        for tab in (here, there):
            assert tab.expect("read")["last_read"] == 4
        assert last_read(talk, alice) == 4
        assert site.open(alice).read(str(talk.pk))["last_read"] == 4

        other.flush()
        assert not other.page.read, "how far Alice has read is Alice's business"
        assert last_read(talk, dora) == 0

    def test_who_only_reads_along_may_read(self, site: Site, talk: Conversation, dora: User) -> None:
        tab = site.open(dora)
        tab.send("read", conversation=str(talk.pk), position=6)
        tab.expect("read", last_read=6)
        assert last_read(talk, dora) == 6

    def test_it_never_goes_back_and_is_told_once(self, site: Site, talk: Conversation, alice: User) -> None:
        tab = site.open(alice)
        for position in (5, 3, 5):
            tab.send("read", conversation=str(talk.pk), position=position)
        tab.expect("read", last_read=5)
        tab.flush()
        assert [frame["last_read"] for frame in tab.frames if frame["type"] == "read"] == [5]
        assert last_read(talk, alice) == 5

    def test_nothing_is_read_before_it_is_said(self, site: Site, talk: Conversation, alice: User) -> None:
        tab = site.open(alice)
        tab.send("read", conversation=str(talk.pk), position=2**40)
        tab.expect("read", last_read=6)
        tab.answer(tab.ask("More [[tokens=2]]", conversation=str(talk.pk)).reply)
        assert last_read(talk, alice) == 6
        assert site.open(alice).read(str(talk.pk))["conversation"]["length"] == 8

    def test_it_is_no_change_of_the_conversation(self, site: Site, talk: Conversation, alice: User) -> None:
        tab = site.open(alice)
        tab.send("read", conversation=str(talk.pk), position=4)
        tab.expect("read")
        before = talk.rev
        talk.refresh_from_db()
        assert talk.rev == before


class TestTheList:
    def test_it_knows_how_long_each_is_and_how_far_it_was_read(
        self, client: Client, talk: Conversation, alice: User, dora: User
    ) -> None:
        Membership.objects.filter(user=alice).update(last_read=4)
        for user, read in ((alice, 4), (dora, 0)):
            client.force_login(user)
            (item,) = data_of(client.get("/"))["conversations"]["items"]
            assert (item["length"], item["last_read"]) == (6, read)

    def test_what_is_said_elsewhere_makes_it_longer(self, site: Site, talk: Conversation, alice: User) -> None:
        tab, list_only = site.open(alice), site.open(alice)
        ack = tab.ask("More [[tokens=2]]", conversation=str(talk.pk))
        tab.answer(ack.reply)
        assert list_only.expect("conversation")["conversation"]["length"] == 8


class TestWhoMayNot:
    def test_who_does_not_share_it(self, site: Site, talk: Conversation, bob: User) -> None:
        refusal = site.open(bob).refused("read", conversation=str(talk.pk), position=4)
        assert refusal["code"] == "not_found"
        assert not Membership.objects.filter(user=bob).exists()
        assert not Membership.objects.exclude(last_read=0).exists()

    @pytest.mark.parametrize("position", [-1, "4", None, 1.5])
    def test_what_is_no_position(self, site: Site, talk: Conversation, alice: User, position: object) -> None:
        refusal = site.open(alice).refused("read", conversation=str(talk.pk), position=position)
        assert refusal["code"] == "bad_field"
        assert last_read(talk, alice) == 0

    def test_what_is_in_the_trash(self, site: Site, talk: Conversation, alice: User) -> None:
        Conversation.objects.filter(pk=talk.pk).update(trashed_at=talk.created_at)
        assert site.open(alice).refused("read", conversation=str(talk.pk), position=4)["code"] == "not_found"
        assert last_read(talk, alice) == 0
