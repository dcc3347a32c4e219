"""`script/bench stream`: what a streamed token costs with everything on, against a bare loop over the official client.

Both ask the same scripted endpoint, in turn, in the same run; only ratios are worth quoting, since the speed of a
machine moves. With everything on means: signed-in members, Postgres, the reply log, the group, the relay, Celery.
"""

import asyncio
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from bench.members import cookies_of_members
from bench.processes import ROOT, cpu_seconds
from bench.product import Cost, Product, running_product
from bench.readers import Answer, lost, talks
from tests.endpoint import RunningEndpoint

CONVERSATIONS, MESSAGES, TOKENS, PACE, FIRST = 20, 3, 200, "20ms", "100ms"
SPREAD = 1.0  # seconds over which the conversations begin
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Round:
    """CPU seconds of each, and what the readers saw."""

    floor_cpu: float
    ours: Cost
    redis_cpu: float
    postgres_cpu: float
    floor_first: list[float]
    ours_first: list[float]
    lost: int

    @property
    def tokens(self) -> int:
        return CONVERSATIONS * MESSAGES * TOKENS

    @property
    def ratio(self) -> float:
        return self.ours.whole / self.floor_cpu

    @property
    def ratio_with_servers(self) -> float:
        return (self.ours.whole + self.redis_cpu + self.postgres_cpu) / self.floor_cpu


def run() -> int:
    """Measure and print. Returns the exit code: 1 when a token was lost."""
    question = f"Count. [[tokens={TOKENS} pace={PACE} first={FIRST}]]"
    expected = "".join(f"t{number} " for number in range(1, TOKENS + 1))
    with running_product() as product:
        cookies = cookies_of_members(CONVERSATIONS)
        rounds = []
        _ours(product, cookies, question, messages=1)  # imports, pools and plans are warm
        for number in range(ROUNDS):
            rounds.append(_round(product, cookies, question, expected))
            _print_round(number + 1, rounds[-1])
    return _print_result(rounds)


def _round(product: Product, cookies: list[str], question: str, expected: str) -> Round:
    floor = _floor(product.endpoint, question)
    cpu, redis_cpu, postgres_cpu = product.cpu_seconds(), _redis_seconds(), _postgres_seconds()
    answers = _ours(product, cookies, question, messages=MESSAGES)
    return Round(
        floor_cpu=floor["cpu"],
        ours=product.cpu_seconds() - cpu,
        redis_cpu=_redis_seconds() - redis_cpu,
        postgres_cpu=_postgres_seconds() - postgres_cpu,
        floor_first=floor["first"],
        ours_first=[answer.first for answer in answers],
        lost=sum(lost(answer, expected) for answer in answers),
    )


def _floor(endpoint: RunningEndpoint, question: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.floor", endpoint.base_url, endpoint.api_key, question]
    numbers = [str(CONVERSATIONS), str(MESSAGES), str(SPREAD)]
    done = subprocess.run([*command, *numbers], cwd=ROOT, capture_output=True, check=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _ours(product: Product, cookies: list[str], question: str, *, messages: int) -> list[Answer]:
    return asyncio.run(talks(product.socket, cookies, product.address, question, messages=messages, spread=SPREAD))


def _redis_seconds() -> float:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        info: Any = client.info("cpu")
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def _postgres_seconds() -> float:
    """CPU of the server and its children, when it runs on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    try:
        status = Path(f"/proc/{backend}/status").read_text()
    except OSError:
        return 0.0
    parent = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))
    return cpu_seconds(parent)


def _percentiles(values: list[float]) -> tuple[float, float]:
    """p50 and p99, in milliseconds."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


def _print_round(number: int, result: Round) -> None:
    each = 1e6 / result.tokens
    ours = f"{result.ours.server * each:.0f} server + {result.ours.worker * each:.0f} worker"
    print(
        f"round {number}: {ours} us a token of ours, {result.floor_cpu * each:.0f} the floor, "
        f"redis {result.redis_cpu * each:.0f}, postgres {result.postgres_cpu * each:.0f}; "
        f"ratio {result.ratio:.2f}, with both servers {result.ratio_with_servers:.2f}",
        flush=True,
    )


def _print_result(rounds: list[Round]) -> int:
    floor50, floor99 = _percentiles([first for each in rounds for first in each.floor_first])
    ours50, ours99 = _percentiles([first for each in rounds for first in each.ours_first])
    lost = sum(each.lost for each in rounds)
    ratio = statistics.median(each.ratio for each in rounds)
    servers = statistics.median(each.ratio_with_servers for each in rounds)
    print(f"first token: p50 {ours50:.0f} ms, p99 {ours99:.0f} ms; the floor {floor50:.0f} and {floor99:.0f} ms")
    print(f"ratio with Valkey and PostgreSQL counted in: {servers:.2f}")
    print(f"stream: ratio {ratio:.2f}, first token +{ours50 - floor50:.0f}/+{ours99 - floor99:.0f} ms, lost {lost}")
    return 1 if lost else 0
