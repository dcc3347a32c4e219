"""The long runs of script/chaos: random kills, a soak, and a rolling restart, under a crowd of windows."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

from django.conf import settings as django_settings
from django.db import connection

from conversations.models import Message
from tests.chaos.counting import Tally
from tests.chaos.crowd import Orders, Window, taken_back
from tests.chaos.fleet import NAMES, pointed_at, prepare, running_fleet
from tests.chaos.footprint import Footprint, footprints, print_table
from tests.chaos.invariants import assert_invariants
from tests.chaos.servers import Servers
from tests.chaos.storm import OUTAGES, Storm
from tests.endpoint import running_endpoint
from tests.site import session_of

# A machine that is busy with a hundred readers and a restart is no endpoint that stalls.
SETTINGS = {"OPENAI_TIMEOUTS": "10,30,20,600", "LEASE_SECONDS": "10", "DATABASE_THREADS": "6"}
SETTLE = 180.0  # seconds after the last fault in which every answer has to be on every page
KILLS = (*NAMES, "valkey", "postgres")

Disturb = Callable[[Storm, random.Random, float], Awaitable[None]]


def random_kills(minutes: float, seed: int) -> Tally:
    """kill -9 of any process or server, every few seconds, under a hundred conversations; what was lost."""
    print(f"random kills for {minutes:g} minutes, seed {seed}", flush=True)
    with _storm() as storm:
        question = "Count [[tokens=120 pace=100ms]]"
        return _under_a_crowd(storm, _kill_at_random, minutes * 60, seed, 100, question, dropping=20.0)


def rolling_restart(seed: int, streams: int = 200) -> Tally:
    """Both web processes are replaced, one after the other, under so many answers; what was lost."""
    with _storm(DRAIN_SOCKETS_SECONDS="2") as storm:
        question = "Count [[tokens=400 pace=100ms]]"
        return _under_a_crowd(storm, _roll, 0, seed, streams, question, dropping=0.0)


def soak(minutes: float, seed: int) -> Tally:
    """So many minutes of connects, sends and drops, with what the processes hold before and after."""
    with _storm() as storm:
        question = "Count [[tokens=20 pace=20ms]]"
        warm = _under_a_crowd(storm, _wait, 20, seed, 60, question, dropping=3.0)
        before = _quiet(storm)
        tally = _under_a_crowd(storm, _wait, minutes * 60, seed + 1, 60, question, dropping=3.0)
        tally.add(warm)
        print_table(before, _quiet(storm))
        return tally


@contextmanager
def _storm(**settings: str) -> Iterator[Storm]:
    """A fleet of its own, its servers reached directly. At the end everything has to be as after each test."""
    with tempfile.TemporaryDirectory(prefix="parley-chaos-") as place, running_endpoint() as endpoint:
        # Without the matrix no test has made it, and every process would say so.
        Path(django_settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        servers = Servers(Path(place))
        try:
            servers.start()
            with pointed_at(servers.database_url):
                prepare()
                with (
                    running_fleet(
                        servers, endpoint, Path(place), **{**SETTINGS, **servers.direct, **settings}
                    ) as fleet,
                    Storm(fleet) as storm,
                ):
                    storm.expected_errors += OUTAGES
                    storm.extra_requests = None
                    yield storm
        finally:
            servers.stop()


def _under_a_crowd(
    storm: Storm, disturb: Disturb, seconds: float, seed: int, conversations: int, question: str, *, dropping: float
) -> Tally:
    """Let a crowd talk while it is disturbed, and go on until every answer is on every page; what is wrong there."""
    chance = random.Random(seed)
    orders = Orders([f"http://127.0.0.1:{port}" for port in storm.fleet.ports.values()], question, dropping=dropping)
    windows = []
    for number in range(conversations):
        session = session_of(storm.member(f"member-{number}"))
        windows.append(Window(orders, session, random.Random(chance.random())))
        if number % 4 == 0:
            windows.append(Window(orders, session, random.Random(chance.random()), windows[-1].conversation, peer=True))
    connection.close()  # it does not outlive what comes now
    asyncio.run(_talk(storm, orders, windows, disturb, chance, seconds))
    storm.crowd += windows
    tally = taken_back(windows, {str(pk): text for pk, text in Message.objects.values_list("pk", "text")})
    for fault in [line for window in windows for line in window.faulty][:5]:
        print(f"a page that does not fit: {fault}", flush=True)
    gaps = sorted(gap for window in windows for gap in window.gaps)
    print(
        f"{sum(window.answers for window in windows)} answers asked for by {len(windows)} windows,"
        f" {len(gaps)} sockets came back, {sum(window.refused for window in windows)} frames refused for a while",
        flush=True,
    )
    if len(gaps) > 1:
        cuts = quantiles(gaps, n=100)
        print(f"without a socket: p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, most {gaps[-1]:.2f} s", flush=True)
    return tally


async def _talk(
    storm: Storm, orders: Orders, windows: list[Window], disturb: Disturb, chance: random.Random, seconds: float
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for window in windows:
            tasks.create_task(window.live())
            await asyncio.sleep(0.02)
        await asyncio.sleep(5)
        await disturb(storm, chance, seconds)
        orders.asking, orders.dropping = False, 0.0
        until = time.monotonic() + SETTLE
        while not all(window.idle for window in windows) and time.monotonic() < until:
            await asyncio.sleep(0.5)
        orders.reading = False
    late = [window for window in windows if not window.idle]
    assert not late, f"{len(late)} windows never got all of it: {late[0].page.conversations}"[:2000]


async def _wait(storm: Storm, chance: random.Random, seconds: float) -> None:
    await asyncio.sleep(seconds)


async def _kill_at_random(storm: Storm, chance: random.Random, seconds: float) -> None:
    until = time.monotonic() + seconds
    began = time.monotonic()
    while time.monotonic() < until:
        names = chance.sample(KILLS, chance.choice((1, 1, 1, 2, 3)))
        down = chance.uniform(0, 6)
        print(f"{time.monotonic() - began:6.1f} s: kill -9 {', '.join(names)}, back after {down:.1f} s", flush=True)
        for name in names:
            await asyncio.to_thread(storm.strike, name)
        await asyncio.sleep(down)
        await asyncio.to_thread(storm.recover)
        await asyncio.sleep(chance.uniform(0, 8))


async def _roll(storm: Storm, chance: random.Random, seconds: float) -> None:
    await asyncio.sleep(3)
    for name in ("web", "other"):
        await asyncio.to_thread(storm.fleet.drain, name, within=60.0)
        await asyncio.to_thread(storm.start, name)
        await asyncio.sleep(5)


def _quiet(storm: Storm) -> dict[str, Footprint]:
    """What every process holds once nothing is left to do."""
    assert_invariants(storm)
    return footprints(storm.fleet)
