"""Behind a proxy each member is limited for what comes from them, and not for what others do through the same proxy."""

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import sign_in, signed_in
from tests.server import serving

WRONG_IN_A_MINUTE = 10  # from one address, whosever password it was

ANNA, EMIL = "203.0.113.7", "203.0.113.8"


def guess(sender: str) -> None:
    """As many wrong passwords as one address may send."""
    for number in range(WRONG_IN_A_MINUTE):
        sign_in(Client(), f"m{number}@example.org", "wrong-horse", HTTP_X_FORWARDED_FOR=sender)


@pytest.mark.django_db
class TestAtTheDoor:
    def test_who_guesses_is_shut_out_and_nobody_else(self, member: User, settings: Any) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        guess(ANNA)
        anna, emil = Client(), Client()
        sign_in(anna, member.email, HTTP_X_FORWARDED_FOR=ANNA)
        sign_in(emil, member.email, HTTP_X_FORWARDED_FOR=EMIL)
        assert (signed_in(anna), signed_in(emil)) == (None, member)

    def test_what_was_written_before_our_proxy_counts_for_nothing(self, member: User, settings: Any) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        guess(ANNA)
        anna = Client()
        sign_in(anna, member.email, HTTP_X_FORWARDED_FOR=f"{EMIL}, {ANNA}")
        assert signed_in(anna) is None

    def test_of_two_proxies_the_first_one_heard_the_member(self, member: User, settings: Any) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
        guess(f"{ANNA}, 10.0.0.1")
        anna, emil = Client(), Client()
        sign_in(anna, member.email, HTTP_X_FORWARDED_FOR=f"{EMIL}, {ANNA}, 10.0.0.1")
        sign_in(emil, member.email, HTTP_X_FORWARDED_FOR=f"{EMIL}, 10.0.0.1")
        assert (signed_in(anna), signed_in(emil)) == (None, member)

    def test_where_no_proxy_is_named_all_are_one(self, member: User) -> None:
        guess(ANNA)
        emil = Client()
        sign_in(emil, member.email, HTTP_X_FORWARDED_FOR=EMIL)
        assert signed_in(emil) is None

    def test_who_comes_past_one_of_them_is_let_in(self, settings: Any, member: User) -> None:
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
        anna = Client()
        sign_in(anna, member.email, HTTP_X_FORWARDED_FOR=ANNA)
        assert signed_in(anna) == member


@pytest.mark.parametrize(("proxies", "the_other_one"), [("1", 200), ("0", 429)])
def test_the_environment_says_how_many(
    world: None, parley_environment: dict[str, str], tmp_path: Path, proxies: str, the_other_one: int
) -> None:
    """In a process of its own. A form without a password counts as well, and costs no hash."""
    with serving({**parley_environment, "TRUSTED_PROXIES": proxies}, tmp_path / "log", "--no-replies") as process:
        door = Door(process.url)
        assert [door.knock(ANNA) for _ in range(31)] == [200] * 30 + [429]
        assert door.knock(EMIL) == the_other_one


class Door:
    """The page for signing in, as a browser fills it in."""

    def __init__(self, url: str) -> None:
        self._page = f"{url}/accounts/login/"
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._cookies)
        )
        self._opener.open(self._page).close()

    def knock(self, sender: str) -> int:
        """The status of the answer to an address without a password, which a proxy heard from this sender."""
        (token,) = (cookie.value or "" for cookie in self._cookies if cookie.name == "csrftoken")
        form = urllib.parse.urlencode({"login": "nobody@example.org", "password": "", "csrfmiddlewaretoken": token})
        headers = {"X-Forwarded-For": sender, "Referer": self._page}
        try:
            with self._opener.open(urllib.request.Request(self._page, form.encode(), headers), timeout=30) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code
