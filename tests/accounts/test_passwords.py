"""A password can be changed by who knows it, and set anew by who reads the member's mail."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import PASSWORD, link_in_mail, sign_in, signed_in, wording

pytestmark = pytest.mark.django_db

NEW = "another-horse-battery-7"


def ask_for_reset(client: Client, email: str) -> object:
    return client.post("/accounts/password/reset/", {"email": email})


def set_by_link(client: Client, path: str, password: str = NEW) -> None:
    response = client.get(path, follow=True)
    client.post(response.redirect_chain[-1][0], {"password1": password, "password2": password})


class TestReset:
    @pytest.mark.parametrize("address", ["member@example.org", "MEMBER@example.org"])
    def test_the_link_in_the_mail_sets_a_new_one(self, client: Client, member: User, address: str) -> None:
        ask_for_reset(client, address)
        assert mail.outbox[0].to == ["member@example.org"]
        set_by_link(client, link_in_mail())
        member.refresh_from_db()
        assert member.check_password(NEW)

    def test_it_works_once(self, client: Client, member: User) -> None:
        ask_for_reset(client, member.email)
        path = link_in_mail()
        set_by_link(Client(), path)
        response = client.get(path, follow=True)
        assert "password1" not in response.content.decode()
        member.refresh_from_db()
        assert member.check_password(NEW)

    def test_a_link_of_ones_own_making_does_not(self, client: Client, member: User) -> None:
        ask_for_reset(client, member.email)
        path = link_in_mail()
        forged = path[:-6] + ("aaaaa/" if path[-6:] != "aaaaa/" else "bbbbb/")
        assert "password1" not in client.get(forged, follow=True).content.decode()

    def test_a_weak_one_is_refused(self, client: Client, member: User) -> None:
        ask_for_reset(client, member.email)
        set_by_link(client, link_in_mail(), "12345678")
        member.refresh_from_db()
        assert member.check_password(PASSWORD)

    def test_nobody_learns_who_is_a_member(self, member: User) -> None:
        answers = [ask_for_reset(Client(), address) for address in (member.email, "nobody@example.org")]
        assert [answer.status_code for answer in answers] == [302, 302]  # type: ignore[attr-defined]
        assert len({answer.headers["Location"] for answer in answers}) == 1  # type: ignore[attr-defined]
        pages = [wording(Client().get(answer.headers["Location"])) for answer in answers]  # type: ignore[attr-defined]
        assert pages[0] == pages[1]

    def test_a_mailbox_is_not_flooded(self, member: User) -> None:
        for _ in range(8):
            ask_for_reset(Client(), member.email)
        assert len(mail.outbox) <= 5

    def test_other_sessions_end(self, client: Client, member: User) -> None:
        thief = Client()
        sign_in(thief, member.email)
        ask_for_reset(client, member.email)
        set_by_link(client, link_in_mail())
        assert signed_in(thief) is None


class TestChange:
    def change(self, client: Client, old: str, new: str = NEW) -> None:
        client.post("/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": new})

    def test_who_knows_the_old_one_sets_a_new_one(self, client: Client, member: User) -> None:
        sign_in(client, member.email)
        self.change(client, PASSWORD)
        member.refresh_from_db()
        assert member.check_password(NEW)
        assert signed_in(client) == member

    def test_other_sessions_end(self, client: Client, member: User) -> None:
        thief = Client()
        for each in (client, thief):
            sign_in(each, member.email)
        self.change(client, PASSWORD)
        assert signed_in(thief) is None

    def test_who_does_not_know_the_old_one_sets_nothing(self, client: Client, member: User) -> None:
        sign_in(client, member.email)
        self.change(client, "wrong-horse")
        member.refresh_from_db()
        assert member.check_password(PASSWORD)

    def test_a_weak_one_is_refused(self, client: Client, member: User) -> None:
        sign_in(client, member.email)
        self.change(client, PASSWORD, "12345678")
        member.refresh_from_db()
        assert member.check_password(PASSWORD)

    def test_who_is_not_in_goes_to_sign_in(self, client: Client) -> None:
        assert client.get("/accounts/password/change/").headers["Location"].startswith("/accounts/login/")
