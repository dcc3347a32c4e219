"""What a Celery worker has to tell is in the log like everything else, also of its pool's processes."""

import json
import os
import signal
from pathlib import Path

from tests.server import eventually, family, working


def test_a_killed_process_of_the_pool_is_an_error_in_json(
    nothing_queued: None, parley_environment: dict[str, str], tmp_path: Path
) -> None:
    with working(parley_environment, tmp_path / "log", "--pool", "prefork", "--concurrency", "1") as worker:
        os.kill(family(worker.pid)[-1], signal.SIGKILL)
        eventually(lambda: "signal 9" in worker.said(), within=30)
        complaints = [json.loads(line) for line in worker.complaints()]
    assert complaints
    assert {line["level"] for line in complaints} == {"error"}
