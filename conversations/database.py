"""Database work of the asynchronous side: one bounded set of threads for a process's sockets and its runner.

Channels' own way runs every query of every socket in one thread, where one slow query stalls them all, and takes a
connection anew for each visit. Here each thread keeps its own; there are few threads, and they last.
"""

import asyncio
import select
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

# What a lost, overloaded or read-only Postgres raises; a pool that has no connection to give raises the first.
DatabaseDown = (OperationalError, InterfaceError)

_threads = ThreadPoolExecutor(max_workers=settings.DATABASE_THREADS, thread_name_prefix="database")


async def in_database(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run synchronous database work in a thread. No call over the network to anything else belongs into it.

    Raises what it raises; one of DatabaseDown when Postgres cannot be used.
    """
    work = partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads, _visit, work)


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


def _visit(work: Callable[[], R]) -> R:
    if _hung_up():
        connection.close()
    try:
        return work()
    except DatabaseDown:
        connection.close()
        raise


def _hung_up() -> bool:
    """Whether the server ended this thread's connection while nobody used it. Asks the socket, not the server."""
    if connection.connection is None:
        return False
    if connection.connection.closed:
        return True
    readable, _, _ = select.select([connection.connection.fileno()], [], [], 0)
    return bool(readable)
