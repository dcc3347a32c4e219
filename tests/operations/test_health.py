"""Whether a process lives, and whether it should be sent anybody."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from operations import health
from tests.server import serving, status_of
from tests.site import Site

pytestmark = pytest.mark.django_db


def test_all_is_well(client: Client) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ready", "checks": {"database": True, "writable": True, "redis": True, "draining": False}},
    )


def test_it_lives(client: Client) -> None:
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "live"})


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_nobody_keeps_the_answer_and_nobody_has_to_be_signed_in(client: Client, path: str) -> None:
    response = client.get(path)
    assert "no-store" in response.headers["Cache-Control"]
    assert "Set-Cookie" not in response.headers
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_without_redis_it_serves_all_the_same(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"] == {"database": True, "writable": True, "redis": False, "draining": False}


def test_without_postgres_it_serves_nobody(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("password=secret")

    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert "secret" not in response.content.decode()
    assert client.get("/health/live").status_code == 200


def test_on_its_way_out_it_serves_nobody_new(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "draining", True)
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["checks"]["draining"]) == (503, True)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
@pytest.mark.parametrize("host", ["chat.example.org", "10.0.0.5:8000", "[fd00::5]", "not a host"])
def test_by_plain_http_and_by_any_name(client: Client, settings: Any, path: str, host: str) -> None:
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"host": host}).status_code == 200
    assert client.get("/accounts/login/", headers={"host": host}).status_code in (301, 400)


def test_behind_tls_a_process_is_asked_directly(
    world: None, parley_environment: dict[str, str], tmp_path: Path
) -> None:
    behind = {"HTTPS": "true", "ALLOWED_HOSTS": "chat.example.org", "PARLEY_ORIGINS": "https://chat.example.org"}
    with serving({**parley_environment, **behind}, tmp_path / "log", "--no-replies") as process:
        assert status_of(f"{process.url}/health/ready") == 200


def test_a_running_process_is_ready(site: Site) -> None:
    assert status_of(f"{site.web.url}/health/ready") == 200
