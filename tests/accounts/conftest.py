"""Forms as a browser fills them in, and a member with a password."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.http import HttpRequest
from django.test import Client

from accounts.models import User

PASSWORD = "correct-horse-battery-9"


@pytest.fixture(autouse=True)
def _cheap_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with every password that is hashed: a hash is what takes the time."""
    made: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        made.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return made


@pytest.fixture
def member(db: None, _cheap_hashes: None) -> User:
    return User.objects.create_user("member@example.org", PASSWORD, name="Member")


def sign_in(client: Client, email: str, password: str = PASSWORD, **headers: Any) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password}, **headers)


def sign_up(client: Client, email: str, password: str = PASSWORD, **fields: str) -> Any:
    return client.post("/accounts/signup/", {"email": email, "password1": password, **fields})


def signed_in(client: Client) -> User | None:
    """Who the browser is signed in as."""
    request = HttpRequest()
    request.session = client.session
    user = get_user(request)
    return user if isinstance(user, User) else None


def link_in_mail() -> str:
    """The path of the only link in the only mail."""
    (message,) = mail.outbox
    (path,) = re.findall(r"https?://[^/\s]+(/\S+)", str(message.body))
    return str(path)


def wording(response: Any) -> str:
    """A page's text, without what differs from one visit to the next."""
    text = response.content.decode()
    return re.sub(r'(?:nonce|csrfmiddlewaretoken"? value|value)="[^"]*"', "", text)
