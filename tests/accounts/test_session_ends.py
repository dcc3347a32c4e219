"""A line is open no longer than the session it was opened with, whoever ends it and wherever."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.sessions import Held, over
from tests.site import Site, session_of

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_it_works(site: Site, alice: User) -> None:
    """Signing out closes the lines of that session with 4401, and no other."""
    client = signed_in(alice)
    here = site.open(alice, session=client.session.session_key)
    elsewhere = site.open(alice)
    client.post("/accounts/logout/")
    assert here.expect("error")["code"] == "session_over"
    assert here.closed() == 4401
    elsewhere.say("still here")  # and is acknowledged


def test_another_password_ends_all_sessions_with_the_old_one(site: Site, alice: User, bob: User) -> None:
    tab, stranger = site.open(alice), site.open(bob)
    alice.set_password("old-enough-horse-7")
    alice.save()
    client = signed_in(alice)
    client.post(
        "/accounts/password/change/",
        {"oldpassword": "old-enough-horse-7", "password1": "other-horse-8", "password2": "other-horse-8"},
    )
    assert tab.closed() == 4401
    stranger.say("not mine")  # and is acknowledged


def test_a_member_made_inactive_in_the_admin(site: Site, alice: User, charlie: User) -> None:
    tab = site.open(alice)
    User.objects.filter(pk=charlie.pk).update(is_superuser=True)
    staff = signed_in(charlie)
    answer = staff.post(f"/admin/accounts/user/{alice.pk}/change/", {"email": alice.email, "name": alice.name})
    assert answer.status_code == 302, "the form was refused"
    assert tab.closed() == 4401


def test_a_member_given_another_password_in_the_admin(site: Site, alice: User, charlie: User) -> None:
    tab = site.open(alice)
    staff = signed_in(charlie)
    words = {"usable_password": "true", "password1": "other-horse-8", "password2": "other-horse-8"}
    answer = staff.post(f"/admin/accounts/user/{alice.pk}/password/", words)
    assert answer.status_code == 302, "the form was refused"
    assert tab.closed() == 4401


class TestLookingWithoutAnEvent:
    def held(self, user: User) -> Held:
        return Held(user.pk, session_of(user), user.get_session_auth_hash())

    def test_a_living_session_is_not_over(self, alice: User, bob: User) -> None:
        assert over([self.held(alice), self.held(bob)]) == set()

    def test_a_session_that_is_gone(self, alice: User) -> None:
        gone = Held(alice.pk, "0123456789abcdefghijklmnopqrstuv", alice.get_session_auth_hash())
        assert over([gone, self.held(alice)]) == {gone}

    def test_another_password(self, alice: User) -> None:
        held = self.held(alice)
        alice.set_password("another")
        alice.save()
        assert over([held]) == {held}

    def test_an_inactive_member(self, alice: User) -> None:
        held = self.held(alice)
        User.objects.filter(pk=alice.pk).update(is_active=False)
        assert over([held]) == {held}
