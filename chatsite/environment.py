"""What the environment says. What it says wrong ends the process with one sentence that names the variable."""

import logging
import math
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ


class Environment(environ.Env):  # type: ignore[misc]
    """The environment, with `.env` beneath it. A variable that is empty counts as one that is not set."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        if self.ENVIRON.get(var) == "":
            return self.parse_value(default, cast) if parse_default else default
        try:
            return super().get_value(var, cast, default, parse_default)
        except Exception as error:
            if cast not in _SHOULD_BE:
                raise
            # Not an exception of Django's: each of the programs that read the settings would show a traceback.
            # And not the value: it may hold a password.
            raise SystemExit(f"{var} should be {_SHOULD_BE[cast]}.") from error

    @classmethod
    def parse_value(cls, value: str, cast: Any) -> Any:
        # Its own ways take any word for false, and of “60s” and “1e3” what digits it finds.
        strict = {bool: truth, int: whole, float: number}.get(cast, cast)
        return super().parse_value(value, strict)


def truth(text: str) -> bool:
    """ValueError where this is no word for yes or no; so in all that follow, for what each is named after."""
    word = text.strip().lower()
    if word not in (*environ.Env.BOOLEAN_TRUE_STRINGS, "false", "off", "n", "no", "0"):
        raise ValueError(text)
    return word in environ.Env.BOOLEAN_TRUE_STRINGS


def whole(text: str) -> int:
    if not text.strip().isdecimal():
        raise ValueError(text)
    return int(text)


def number(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(text)
    return value


def numbers(text: str) -> list[float]:
    return [number(one) for one in text.split(",")]


def database(url: str) -> dict[str, Any]:
    if url.partition("://")[0] not in ("postgres", "postgresql", "psql", "pgsql"):
        raise ValueError(url)
    found: dict[str, Any] = environ.Env.db_url_config(url)
    return found


def redis(url: str) -> str:
    if urlsplit(url).scheme not in ("redis", "rediss", "unix") or urlsplit(url).port == 0:
        raise ValueError(url)
    return url


def mail(url: str) -> dict[str, Any]:
    found: dict[str, Any] = environ.Env.email_url_config(url)
    return found


def zone(name: str) -> str:
    return ZoneInfo(name).key


def level(name: str) -> str:
    if name not in logging.getLevelNamesMapping():
        raise ValueError(name)
    return name


_SHOULD_BE: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number, 0 or more",
    float: "a number, 0 or more",
    numbers: "numbers, 0 or more, with commas between them",
    database: "like postgres://user:password@host:5432/name",
    redis: "like redis://host:6379/0",
    mail: "like smtp+tls://user:password@host:587",
    zone: "the name of a time zone, like Europe/Berlin",
    level: "DEBUG, INFO, WARNING, ERROR or CRITICAL",
}
