"""Database work of the asynchronous side: one bounded set of threads for a process's sockets and its runner.

Channels' own way runs every query of every socket in one thread, where one slow query stalls them all, and takes a
connection anew for each visit. Here each thread keeps its own; there are few threads, and they last.
"""

import asyncio
import logging
import math
import select
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError, connection, transaction

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# What a lost, overloaded or full Postgres raises; a pool that has no connection to give raises the first.
DatabaseDown = (OperationalError, InterfaceError)
_READ_ONLY = "25006"  # what Postgres says to who writes while it takes nothing: on a full disk, on a standby


class ReadOnly(OperationalError):
    """Postgres can be read, but takes nothing. One of DatabaseDown."""


class Silent(OperationalError):
    """Postgres says nothing. One of DatabaseDown."""


SILENT = 3.0  # seconds after which a Postgres that says nothing counts as away
MOST_HUNG = 2  # visits that were given up and hold a thread each; past that nobody who can do without is let in

_down = False  # whether the last look at leases failed for want of Postgres
_down_at = -math.inf  # when one last failed, or was the first to succeed again, by the clock of this machine's uptime
_asked_at = -math.inf  # when there was one last

_threads = ThreadPoolExecutor(max_workers=settings.DATABASE_THREADS, thread_name_prefix="database")
_hung: set[Future[Any]] = set()
_lease_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="leases")


async def in_database(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run synchronous database work in a thread. No call over the network to anything else belongs into it.

    Raises what it raises; one of DatabaseDown when Postgres cannot be used.
    """
    work = partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads, _visit, work)


async def for_leases(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """`in_database`, for what may wait behind nobody: who renews its leases too late loses its answers.

    `was_down_within` knows what it knows from here. Other work may be slow, or wait for a row, and tell nothing.
    """
    work = partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_lease_thread, _watch, work)


async def in_time(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """As `in_database`, for what one can do without for a while. Raises Silent after SILENT seconds.

    Nobody can call a thread back: it waits until Postgres speaks, or until the connection is found dead (a setting says
    when). The more of them hang the less there is to be learned from one more, so that is refused at once.
    """
    if len(_hung) >= MOST_HUNG:
        raise Silent("Postgres is not asked, since it does not answer")
    visit = _threads.submit(_visit, partial(function, *args, **kwargs))
    try:
        async with asyncio.timeout(SILENT):
            return await asyncio.wrap_future(visit)
    except TimeoutError:
        if not visit.cancelled():  # as it would be, had no thread begun with it
            _hung.add(visit)
            visit.add_done_callback(_hung.discard)
        raise Silent("Postgres does not answer") from None


@contextmanager
def one_moment() -> Iterator[None]:
    """All that is read inside is as it was at one moment, whatever others commit between two queries.

    Inside a transaction that has begun already it adds nothing.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


async def patiently(work: Callable[[], R]) -> R:
    """The same for what a running answer cannot do without: asked again for as long as Postgres is away.

    What is held in memory meanwhile does not grow without end: see `ReplyRunner`.
    """
    while True:
        try:
            return await in_database(work)
        except DatabaseDown as error:
            logger.warning("an answer waits for Postgres: %s", type(error).__name__)
            await asyncio.sleep(0.5)


def was_down_within(seconds: float) -> bool:
    """Whether Postgres may have been away within the last so many seconds, or is only now back.

    So it is for who was told so by `for_leases`, or found it silent; and for who cannot know: this process has not
    asked for a while, or has only now begun.
    """
    return time.monotonic() - _down_at < seconds


def unusable(error: Exception) -> bool:
    """Whether this tells of a Postgres that is away, overloaded or takes nothing, and of no fault of ours."""
    read_only = isinstance(error, InternalError) and getattr(error.__cause__, "sqlstate", None) == _READ_ONLY
    return read_only or isinstance(error, DatabaseDown)


def _watch(work: Callable[[], R]) -> R:
    began = time.monotonic()
    try:
        result = _visit(work)
    except DatabaseDown:
        _note(down=True)
        raise
    _note(down=False, silent=time.monotonic() - began > SILENT)
    return result


def _visit(work: Callable[[], R]) -> R:
    if _hung_up():
        connection.close()
    try:
        return work()
    except Exception as error:
        if not unusable(error):
            raise
        connection.close()
        if isinstance(error, DatabaseDown):
            raise
        raise ReadOnly("Postgres is read-only") from error


def _note(*, down: bool, silent: bool = False) -> None:
    global _asked_at, _down, _down_at
    now = time.monotonic()
    if down or _down or silent or now - _asked_at > settings.LEASE_SECONDS * 2 / 3:
        _down_at = now
    _down, _asked_at = down, now


def _hung_up() -> bool:
    """Whether the server ended this thread's connection while nobody used it. Asks the socket, not the server."""
    if connection.connection is None:
        return False
    if connection.connection.closed:
        return True
    poll = select.poll()  # not `select`, which knows no descriptor above 1023
    poll.register(connection.connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
