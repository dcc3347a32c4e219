"""Starts the scripted endpoint as a process of its own, and talks with it from tests."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.endpoint.server import API_KEY

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningEndpoint:
    """`base_url` ends in /v1, as clients want it. All calls block, and are over in milliseconds."""

    port: int
    pid: int
    api_key: str = API_KEY
    model: str = "scripted"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, *directives: str) -> None:
        """Let these be the scripts of the next requests whose messages carry none.

        Raises: urllib.error.HTTPError for a word that is no part of a directive.
        """
        self._call("/script", list(directives))

    def log(self, *, settled: float = 0.0) -> list[dict[str, Any]]:
        """Every request so far. With `settled`: wait until none is open any more, so many seconds at most."""
        log: list[dict[str, Any]] = self._call(f"/log?settled={settled}", timeout=settled + 10)
        return log

    def reset(self) -> None:
        """Forget log, waiting scripts and counters. Answers under way go on."""
        self._call("/reset", {})

    def _call(self, path: str, body: object = None, timeout: float = 10.0) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=timeout) as response:
            return json.load(response)


@contextmanager
def running_endpoint(port: int = 0) -> Iterator[RunningEndpoint]:
    """A scripted endpoint on 127.0.0.1, on a free port unless one is named. Ends with the block."""
    command = [sys.executable, "-m", "tests.endpoint", "--port", str(port)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield RunningEndpoint(port=int(process.stdout.readline()), pid=process.pid)
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
