"""`manage.py replies`: the runner alone, for those who scale it apart from the web."""

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from conversations.replies import ReplyRunner
from conversations.tasks import follow


class Command(BaseCommand):
    help = "Write answers, and nothing else. SIGTERM lets the running ones finish; a second one stops at once."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_run())


async def _run() -> None:
    runner = ReplyRunner(after_end=follow)
    stop, at_once = asyncio.Event(), asyncio.Event()

    def told() -> None:
        (at_once if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told)
    work = asyncio.create_task(runner.run())
    await _first(work, asyncio.create_task(stop.wait()))
    if not work.done():
        drain = asyncio.create_task(runner.drain(settings.DRAIN_REPLIES_SECONDS))
        await _first(work, drain, asyncio.create_task(at_once.wait()))
        work.cancel()
    await asyncio.gather(work, return_exceptions=not work.done())


async def _first(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
