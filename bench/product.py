"""The product under measurement: a scripted endpoint, `manage.py serve` and a Celery worker, each its own process."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import cpu_seconds, running, wait_until_ready
from tests.endpoint import RunningEndpoint, running_endpoint


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of our processes: what streams, and what works behind it."""

    server: float
    worker: float

    @property
    def whole(self) -> float:
        return self.server + self.worker

    def __sub__(self, earlier: "Cost") -> "Cost":
        return Cost(self.server - earlier.server, self.worker - earlier.worker)


@dataclass(frozen=True, slots=True)
class Product:
    """Running, and ready to serve at `address`."""

    endpoint: RunningEndpoint
    server: int  # pids
    worker: int
    address: str

    @property
    def socket(self) -> str:
        return self.address.replace("http", "ws", 1)

    def cpu_seconds(self) -> "Cost":
        """Of all our processes, since they were started."""
        return Cost(cpu_seconds(self.server), cpu_seconds(self.worker))


@contextmanager
def running_product(port: int = 8300) -> Iterator[Product]:
    """The product, for as long as the block runs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-bench-")))
        endpoint = stack.enter_context(running_endpoint())
        environment = _environment(endpoint, port)
        server = stack.enter_context(
            running("manage.py", "serve", "--port", str(port), environment=environment, log=folder / "serve.log")
        )
        worker = stack.enter_context(
            running(
                str(Path(sys.executable).with_name("celery")), "-A", "chatsite", "worker", "--beat",
                "--concurrency", "1", "--loglevel", "WARNING", "--schedule", str(folder / "beat"),
                environment=environment, log=folder / "worker.log",
            )
        )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{address}/health/ready", server)
        yield Product(endpoint, server.pid, worker.pid, address)


def _environment(endpoint: RunningEndpoint, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "chatsite.settings",
        "OPENAI_BASE_URL": endpoint.base_url,
        "OPENAI_API_KEY": endpoint.api_key,
        "OPENAI_MODEL": endpoint.model,
        "PARLEY_ORIGINS": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": "WARNING",
    }
