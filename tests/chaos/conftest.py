"""A fleet that is started once; each test gets it whole, and may do with it what it wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from accounts.models import User
from operations.stack.postgres import Postgres
from tests.chaos.disk import Disk, small_disk
from tests.chaos.fleet import Fleet, pointed_at, prepare, running_fleet
from tests.chaos.servers import Servers
from tests.chaos.storm import Storm
from tests.endpoint import RunningEndpoint
from tests.server import interrupted


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.chaos)


def pytest_keyboard_interrupt() -> None:
    interrupted.set()


@contextmanager
def _prepared(folder: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Servers]:
    servers = Servers(folder)
    try:
        servers.start()
        with django_db_blocker.unblock(), pointed_at(servers.database_url):
            prepare()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Servers]:
    """PostgreSQL and Valkey, with Parley's tables in them."""
    with _prepared(tmp_path_factory.mktemp("chaos"), django_db_blocker) as servers:
        yield servers


@pytest.fixture(scope="session")
def fleet(
    servers: Servers, endpoint_process: RunningEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    with running_fleet(servers, endpoint_process, tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet


@pytest.fixture
def storm(fleet: Fleet, endpoint: RunningEndpoint, django_db_blocker: DjangoDbBlocker) -> Iterator[Storm]:
    """Everything runs. At the end nothing may be lost, doubled, out of order, unfinished, leaked or complained of."""
    fleet.revive()
    with django_db_blocker.unblock(), pointed_at(fleet.servers.database_url), Storm(fleet) as storm:
        yield storm


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """The one that holds all of `cramped`'s PostgreSQL."""
    place = tmp_path / "postgres"
    Postgres.at(place).tidy()  # there is its folder now, and nothing in it
    with small_disk(place.resolve(), megabytes=200) as disk:
        yield disk


@pytest.fixture
def cramped(
    disk: Disk, endpoint: RunningEndpoint, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Storm]:
    """As `storm`, on servers and processes of its own."""
    with (
        _prepared(tmp_path, django_db_blocker) as servers,
        running_fleet(servers, endpoint, tmp_path) as fleet,
        django_db_blocker.unblock(),
        pointed_at(servers.database_url),
        Storm(fleet) as storm,
    ):
        yield storm


@pytest.fixture
def alice(storm: Storm) -> User:
    return storm.member("Alice")


@pytest.fixture
def bob(storm: Storm) -> User:
    return storm.member("Bob")
