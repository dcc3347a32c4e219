"""Database work of the asynchronous side: one bounded set of threads for a process's sockets and its runner.

Channels' own way runs every query of every socket in one thread, where one slow query stalls them all.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError

P = ParamSpec("P")
R = TypeVar("R")

# What a lost, overloaded or read-only Postgres raises; a pool that has no connection to give raises the first.
DatabaseDown = (OperationalError, InterfaceError)

_threads = ThreadPoolExecutor(max_workers=settings.DATABASE_THREADS, thread_name_prefix="database")


async def in_database(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run synchronous database work in a thread. No call over the network to anything else belongs into it."""
    run = database_sync_to_async(function, thread_sensitive=False, executor=_threads)
    result: R = await run(*args, **kwargs)
    return result
