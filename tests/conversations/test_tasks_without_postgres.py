"""A task that finds no Postgres says so in one line; whoever reads the log is shown no traceback for each sweep."""

import json
from pathlib import Path

from conversations.tasks import sweep_replies, sweep_summaries, sweep_titles
from tests.server import eventually, working


def test_a_sweep_warns_and_that_is_all(
    nothing_queued: None, parley_environment: dict[str, str], tmp_path: Path
) -> None:
    nowhere = "postgres://parley@127.0.0.1:1/parley"
    with working({**parley_environment, "DATABASE_URL": nowhere}, tmp_path / "log") as worker:
        for sweep in (sweep_replies, sweep_summaries, sweep_titles):
            sweep.delay()
        said = [
            f"{sweep.name} could not be done without Postgres"
            for sweep in (sweep_replies, sweep_summaries, sweep_titles)
        ]
        eventually(lambda: all(line in worker.said() for line in said), within=60)
    # Tasks that earlier tests have left may come back and be done, too; Celery says that they failed as was expected.
    lines = [line for line in worker.said().splitlines() if "OperationalError" in line]
    assert {json.loads(line)["level"] for line in lines} <= {"info", "warning"}, "an outage is no fault of ours"
    assert "Traceback" not in worker.said()
