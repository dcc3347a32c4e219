"""Members come in with their address and password, and nobody else does; guessing is slow and tells nothing."""

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import sign_in, signed_in, wording

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["member@example.org", "Member@EXAMPLE.org", " member@example.org "])
def test_a_member_comes_in_however_the_address_is_written(client: Client, member: User, address: str) -> None:
    response = sign_in(client, address)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert signed_in(client) == member


def test_to_where_the_member_was_going(client: Client, member: User) -> None:
    response = client.post(
        "/accounts/login/?next=/c/", {"login": member.email, "password": "correct-horse-battery-9", "next": "/c/"}
    )
    assert response.headers["Location"] == "/c/"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_but_to_no_other_site(client: Client, member: User, elsewhere: str) -> None:
    fields = {"login": member.email, "password": "correct-horse-battery-9", "next": elsewhere}
    assert client.post("/accounts/login/", fields).headers["Location"] == "/"


def test_a_new_session_begins(client: Client, member: User) -> None:
    client.get("/accounts/login/")
    client.session.save()
    before = client.session.session_key
    sign_in(client, member.email)
    assert client.session.session_key != before


def test_signing_out_ends_it(client: Client, member: User) -> None:
    sign_in(client, member.email)
    client.get("/accounts/logout/")
    assert signed_in(client) == member, "a link, or an image, must not sign anybody out"
    client.post("/accounts/logout/")
    assert signed_in(client) is None


def test_a_wrong_password_is_no_way_in(client: Client, member: User) -> None:
    response = sign_in(client, member.email, "wrong-horse")
    assert response.status_code == 200
    assert response.context["form"].errors
    assert signed_in(client) is None


def test_who_was_switched_off_stays_out(client: Client, member: User) -> None:
    User.objects.update(is_active=False)
    sign_in(client, member.email)
    assert signed_in(client) is None


def test_who_has_no_password_stays_out(client: Client, alice: User) -> None:
    sign_in(client, alice.email, "")
    sign_in(client, alice.email, "!")
    assert signed_in(client) is None


class TestNobodyLearnsWhoIsAMember:
    def test_by_the_words(self, member: User) -> None:
        answers = [sign_in(Client(), address, "wrong-horse") for address in (member.email, "nobody@example.org")]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert wording(answers[0]) == wording(answers[1])

    def test_by_the_time(self, member: User, hashes: list[str]) -> None:
        sign_in(Client(), "nobody@example.org", "wrong-horse")
        unknown = len(hashes)
        hashes.clear()
        sign_in(Client(), member.email, "wrong-horse")
        assert unknown == len(hashes) == 1


class TestGuessing:
    def test_one_members_password(self, client: Client, member: User) -> None:
        """After five wrong ones also the right one is refused for a while, from anywhere."""
        for number in range(5):
            sign_in(Client(), member.email, f"wrong-{number}", REMOTE_ADDR=f"10.0.0.{number}")
        sign_in(client, "MEMBER@example.org", REMOTE_ADDR="10.0.1.1")
        assert signed_in(client) is None

    def test_many_members_passwords(self, db: None) -> None:
        statuses = [sign_in(Client(), f"m{n}@example.org", "password1").status_code for n in range(31)]
        assert statuses == [200] * 30 + [429]

    def test_a_made_up_address_does_not_help(self, db: None) -> None:
        """X-Forwarded-For is whatever the sender writes, unless a proxy of ours wrote it."""
        statuses = [
            sign_in(Client(), f"m{n}@example.org", "password1", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").status_code
            for n in range(31)
        ]
        assert statuses[-1] == 429
