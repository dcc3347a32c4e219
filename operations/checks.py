"""What has to be right before Parley starts, each said in one sentence that names the variable."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured


@register(Tags.security)
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    try:
        _ = settings.SECRET_KEY
    except ImproperlyConfigured:  # so Django itself says that it is empty, which would end in a traceback
        found.append(Error("SECRET_KEY is not set: give it 50 random characters or more.", id="parley.E001"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS holds *: name the hosts this site is reached by.", id="parley.E002"))
    for origin in settings.PARLEY_ORIGINS:
        parts = urlsplit(origin)
        if "*" in origin or parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            found.append(
                Error(f"PARLEY_ORIGINS holds “{origin}”: an origin is like https://chat.example.org.", id="parley.E003")
            )
    if settings.HTTPS and not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        found.append(
            Warning(
                "TRUSTED_PROXIES is not set, but HTTPS is: all who come through a proxy are limited as one at sign-in.",
                id="parley.W003",
            )
        )
    return found


@register("model")
def check_endpoint(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    parts = urlsplit(settings.OPENAI_BASE_URL)
    if not settings.OPENAI_BASE_URL:
        found.append(
            Warning(
                "OPENAI_BASE_URL is not set: nobody can answer until it names an OpenAI-compatible endpoint.",
                id="parley.W001",
            )
        )
    elif parts.scheme not in ("http", "https") or not parts.hostname:
        found.append(
            Error("OPENAI_BASE_URL is no address of an endpoint: it is like http://host:port/v1.", id="parley.E004")
        )
    if settings.OPENAI_BASE_URL and not settings.OPENAI_MODEL:
        found.append(Error("OPENAI_MODEL is not set: name a model (n/a for DigitalOcean's agents).", id="parley.E005"))
    if len(settings.OPENAI_TIMEOUTS) != 4 or not all(seconds > 0 for seconds in settings.OPENAI_TIMEOUTS):
        found.append(
            Error("OPENAI_TIMEOUTS should be four numbers of seconds: connect,first,between,total.", id="parley.E006")
        )
    if (
        len(settings.OPENAI_BREAKER) != 3
        or not all(n > 0 for n in settings.OPENAI_BREAKER)
        or settings.OPENAI_BREAKER[0] < 1
    ):
        found.append(
            Error("OPENAI_BREAKER should be failures,seconds,seconds: how many, within, to rest.", id="parley.E007")
        )
    return found


@register(Tags.security, deploy=True)
def check_mail(**kwargs: Any) -> list[CheckMessage]:
    if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory":
        return []
    return [
        Warning("EMAIL_URL is not set: mails go to the log, and addresses are not proven at sign-up.", id="parley.W002")
    ]
