"""A newcomer becomes a member; nobody learns by it who is one already."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import PASSWORD, link_in_mail, sign_in, sign_up, signed_in, wording

pytestmark = pytest.mark.django_db


def test_a_newcomer_is_a_member_and_in(client: Client) -> None:
    response = sign_up(client, "new@example.org", name=" Nora New ")
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    user = User.objects.get()
    assert (user.email, user.name, user.is_staff, user.is_superuser) == ("new@example.org", "Nora New", False, False)
    assert user.check_password(PASSWORD)
    assert signed_in(client) == user


def test_a_name_may_be_left_out(client: Client) -> None:
    sign_up(client, "nora.new@example.org", name="")
    assert User.objects.get().display_name == "nora.new"


def test_an_address_is_kept_in_lower_case(client: Client) -> None:
    sign_up(client, "Nora@Example.ORG")
    assert User.objects.get().email == "nora@example.org"


@pytest.mark.parametrize("address", ["member@example.org", "MEMBER@Example.Org"])
def test_an_address_is_taken_once(client: Client, member: User, address: str) -> None:
    assert sign_up(client, address).status_code == 200
    assert User.objects.get() == member
    assert signed_in(client) is None


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"email": "no address"}, "email"),
        ({"email": ""}, "email"),
        ({"password1": "short"}, "password1"),
        ({"password1": "password1234"}, "password1"),
        ({"password1": "new@example.org"}, "password1"),
        ({"password1": ""}, "password1"),
        ({"name": "Evil\u202egro.elpmaxe"}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "x" * 81}, "name"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field(client: Client, fields: dict[str, str], wrong: str) -> None:
    response = client.post("/accounts/signup/", {"email": "new@example.org", "password1": PASSWORD, **fields})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [wrong]
    assert not User.objects.exists()


def test_nobody_makes_himself_staff(client: Client) -> None:
    sign_up(client, "new@example.org", is_staff="on", is_superuser="on", is_active="on")
    assert not User.objects.get().is_staff


def test_where_sign_up_is_closed_only_staff_make_members(client: Client, settings: Any) -> None:
    settings.SIGNUP_OPEN = False
    assert b"password1" not in client.get("/accounts/signup/").content
    sign_up(client, "new@example.org")
    assert not User.objects.exists()


def test_a_form_of_another_site_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_up(strict, "new@example.org").status_code == 403
    assert not User.objects.exists()


def test_who_goes_too_fast_is_told_to_slow_down(client: Client) -> None:
    answers = [client.post("/accounts/signup/", {"email": "x"}).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


class TestWhereAddressesAreProven:
    @pytest.fixture(autouse=True)
    def _proven(self, settings: Any) -> None:
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    def test_who_has_not_followed_the_link_is_not_in(self, client: Client) -> None:
        sign_up(client, "new@example.org")
        assert signed_in(client) is None
        sign_in(client, "new@example.org")
        assert signed_in(client) is None

        response = client.post(link_in_mail())
        assert response.status_code == 302
        sign_in(client, "new@example.org")
        assert signed_in(client) == User.objects.get()

    def test_a_member_and_a_newcomer_are_answered_alike(self, client: Client, member: User) -> None:
        answers = [sign_up(Client(), address) for address in ("member@example.org", "new@example.org")]
        assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
            (302, "/accounts/confirm-email/")
        ] * 2
        pages = [wording(client.get("/accounts/confirm-email/")) for _ in answers]
        assert pages[0] == pages[1]
        assert sorted(message.to[0] for message in mail.outbox) == ["member@example.org", "new@example.org"]
        member.refresh_from_db()
        assert member.check_password(PASSWORD)
