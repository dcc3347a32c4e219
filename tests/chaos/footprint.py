"""What the processes of a fleet hold: memory, descriptors, connections."""

from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from tests.chaos.fleet import Fleet
from tests.server import family


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one process with all that it started. `memory` is in MB."""

    memory: float
    descriptors: int
    threads: int


def footprints(fleet: Fleet) -> dict[str, Footprint]:
    """By process; the connections that both servers see stand with the servers' names, as descriptors."""
    found = {name: _footprint(process.pid) for name, process in fleet.processes.items()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'parley'")
        (of_postgres,) = cursor.fetchone()
    found["connections to Postgres"] = Footprint(0, of_postgres, 0)
    found["connections to Redis"] = Footprint(0, len(fleet.servers.redis.client_list()), 0)
    return found


def print_table(before: dict[str, Footprint], after: dict[str, Footprint]) -> None:
    print(f"{'':26}{'memory, MB':>18}{'descriptors':>16}{'threads':>14}")
    for name, now in after.items():
        then = before[name]
        memory = f"{then.memory:.0f} -> {now.memory:.0f}" if now.memory else ""
        threads = f"{then.threads} -> {now.threads}" if now.threads else ""
        print(f"{name:26}{memory:>18}{f'{then.descriptors} -> {now.descriptors}':>16}{threads:>14}", flush=True)


def _footprint(pid: int) -> Footprint:
    """Of a process and its children, but for those that have ended and were not yet looked for."""
    memory = descriptors = threads = 0
    for each in family(pid):
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{each}/status").read_text().splitlines() if ":" in line
        )
        if "VmRSS" not in status:
            continue
        memory += int(status["VmRSS"].split()[0])
        threads += int(status["Threads"])
        descriptors += len(list(Path(f"/proc/{each}/fd").iterdir()))
    return Footprint(memory / 1024, descriptors, threads)
