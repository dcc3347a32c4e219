"""The world of the tests: real servers, a scripted model, three people. Each part is a process of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg.errors import DeadlockDetected, ForeignKeyViolation

from accounts.models import User
from agents.defaults import ensure_personalities
from chatsite.celery import app as celery
from conversations import database
from tests.endpoint import RunningEndpoint, running_endpoint
from tests.server import Keeper, Process, environment, serving
from tests.site import Site

# How long something takes says how busy the machine is, not whether a property holds.
hypothesis_settings.register_profile("parley", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("parley")


@pytest.fixture(scope="session", autouse=True)
def _static_root() -> None:
    """WhiteNoise warns when there are no collected files, and warnings are errors here."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


def empty_database(_test: TransactionTestCase | None = None) -> None:
    """Delete every row. A process still busy with what follows an answer may be in the way: then once more."""
    tables = set(connection.introspection.django_table_names()) - {"django_content_type", "auth_permission"}
    tables.add(settings.CACHES["default"]["LOCATION"])  # who has come to the door how often
    delete = "".join(f"DELETE FROM {table};" for table in sorted(tables))
    for tries_left in reversed(range(5)):
        try:
            with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are looked at when it commits
                cursor.execute(delete)
            return
        except DatabaseError as error:
            if not (isinstance(error.__cause__, (DeadlockDetected, ForeignKeyViolation)) and tries_left):
                raise


@pytest.fixture(scope="session", autouse=True)
def _rows_leave_by_delete() -> Iterator[None]:
    """Django empties by TRUNCATE, a new file for each table, and makes its permissions anew: 50 times as slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_database)
        yield


@pytest.fixture(scope="session")
def endpoint_process() -> Iterator[RunningEndpoint]:
    with running_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(endpoint_process: RunningEndpoint) -> RunningEndpoint:
    """The scripted model, which remembers nothing of the test before."""
    endpoint_process.reset()
    return endpoint_process


@pytest.fixture(scope="session")
def parley_environment(endpoint_process: RunningEndpoint, django_db_setup: None) -> dict[str, str]:
    """For a process of Parley on the tests' own database."""
    return environment(database=str(connection.settings_dict["NAME"]), endpoint=endpoint_process)


@pytest.fixture(scope="session")
def keeper(parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    keeper = Keeper(lambda log: serving(parley_environment, log), tmp_path_factory.mktemp("serve") / "log")
    yield keeper
    keeper.stop()


@pytest.fixture
def parley_process(keeper: Keeper) -> Process:
    """`manage.py serve`, the same for all tests."""
    return keeper.process()


@pytest.fixture
def alone(keeper: Keeper) -> Iterator[None]:
    """For tests that start processes of their own, or do their work: nobody else writes answers meanwhile."""
    keeper.stop()
    yield
    in_all_database_threads(lambda: connection.close())


def in_all_database_threads(work: Callable[[], None]) -> None:
    all_are_here = Barrier(settings.DATABASE_THREADS)

    def once() -> None:
        all_are_here.wait(30)
        work()

    threads = [database._threads.submit(once) for _ in range(settings.DATABASE_THREADS)]
    for done in [database._lease_thread.submit(work), *threads]:
        done.result()


@pytest.fixture
def nothing_queued() -> None:
    """For tests that start a worker: without what follows the answers of the tests before, for which none came."""
    celery.control.purge()


@pytest.fixture
def personalities(db: None) -> None:
    """Those a new Parley comes with."""
    ensure_personalities()


@pytest.fixture
def world(transactional_db: None, personalities: None) -> None:
    """A database that other processes see."""


@pytest.fixture
def site(parley_process: Process, world: None, endpoint: RunningEndpoint) -> Iterator[Site]:
    """Parley, running. At the end nothing may be half done, and nobody may have complained in its log."""
    with Site(parley_process) as site:
        yield site


@pytest.fixture
def alice(db: None) -> User:
    """Owns what she starts."""
    return User.objects.create_user("alice@example.org", name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    """Shares nothing with anybody."""
    return User.objects.create_user("bob@example.org", name="Bob")


@pytest.fixture
def charlie(db: None) -> User:
    """Of the staff."""
    return User.objects.create_superuser("charlie@example.org", name="Charlie")
