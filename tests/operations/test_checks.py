"""What is set wrong is said before Parley starts, in one sentence that names the variable."""

from typing import Any

import pytest
from django.core import checks

RIGHT = {
    "SECRET_KEY": "x" * 50,
    "ALLOWED_HOSTS": ["chat.example.org"],
    "PARLEY_ORIGINS": ["https://chat.example.org"],
    "OPENAI_BASE_URL": "https://models.example.org/v1",
    "OPENAI_MODEL": "a-model",
    "OPENAI_TIMEOUTS": [5.0, 60.0, 30.0, 600.0],
    "OPENAI_BREAKER": [5.0, 30.0, 10.0],
    "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
}
WRONG: list[tuple[str, Any, str]] = [
    ("SECRET_KEY", "", "parley.E001"),
    ("ALLOWED_HOSTS", ["*"], "parley.E002"),
    ("ALLOWED_HOSTS", ["chat.example.org", "*"], "parley.E002"),
    *[
        ("PARLEY_ORIGINS", [origin], "parley.E003")
        for origin in ("*", "chat.example.org", "https://*.example.org", "https://a.example/", "ws://a", "https://", "")
    ],
    *[("OPENAI_BASE_URL", url, "parley.E004") for url in ("models.example.org", "ftp://models.example.org", "http://")],
    ("OPENAI_BASE_URL", "", "parley.W001"),
    ("OPENAI_MODEL", "", "parley.E005"),
    *[("OPENAI_TIMEOUTS", value, "parley.E006") for value in ([], [5.0], [5.0, 60.0, 30.0, 0.0], [1.0] * 5)],
    *[("OPENAI_BREAKER", value, "parley.E007") for value in ([], [5.0], [0.5, 30.0, 10.0], [5.0, 30.0, 0.0])],
]  # fmt: skip


@pytest.fixture(autouse=True)
def _all_right(settings: Any) -> None:
    for name, value in RIGHT.items():
        setattr(settings, name, value)


def ours(*, deploy: bool = False) -> list[checks.CheckMessage]:
    messages = checks.run_checks(tags=["security", "model"], include_deployment_checks=deploy)
    return [message for message in messages if str(message.id).startswith("parley.")]


def test_nothing_is_said_when_all_is_right() -> None:
    assert ours(deploy=True) == []


@pytest.mark.parametrize(("name", "value", "expected"), WRONG)
def test_each_is_named(settings: Any, name: str, value: Any, expected: str) -> None:
    setattr(settings, name, value)
    (message,) = ours()
    assert message.id == expected
    assert name in message.msg
    assert message.msg.endswith(".")
    assert message.is_serious() is (".E" in expected)


def test_a_proxy_that_is_not_counted_is_said(settings: Any) -> None:
    settings.HTTPS = True
    (message,) = ours()
    assert (message.id, message.msg.split()[0]) == ("parley.W003", "TRUSTED_PROXIES")
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert ours() == []


def test_mail_that_goes_nowhere_is_said_before_a_deployment(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    assert ours() == []
    (message,) = ours(deploy=True)
    assert (message.id, message.msg.split()[0]) == ("parley.W002", "EMAIL_URL")
