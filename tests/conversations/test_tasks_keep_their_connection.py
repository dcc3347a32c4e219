"""A worker connects to Postgres once, not for each task; and a connection that was lost costs no task."""

import uuid
from pathlib import Path

from django.db import connection

from conversations.tasks import title
from tests.server import Process, eventually, working

NAME = "the worker of this test"


def backends() -> list[int]:
    """Postgres' processes that serve the worker."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [NAME])
        return [pid for (pid,) in cursor.fetchall()]


def work(worker: Process) -> None:
    done = worker.said().count("succeeded")
    title.delay(str(uuid.uuid4()))  # of a conversation that does not exist: one look, and done
    eventually(lambda: worker.said().count("succeeded") > done, within=30)


def test_one_connection_serves_many_tasks(
    nothing_queued: None, parley_environment: dict[str, str], world: None, tmp_path: Path
) -> None:
    with working({**parley_environment, "PGAPPNAME": NAME}, tmp_path / "log") as worker:
        work(worker)
        (first,) = backends()
        work(worker)
        assert backends() == [first]

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [first])
        eventually(lambda: not backends())
        work(worker)
        (second,) = backends()
        assert second != first
    assert "Traceback" not in worker.said()
