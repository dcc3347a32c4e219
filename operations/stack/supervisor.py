"""Starts parts in order, watches them, and stops them in reverse: the only place that decides who lives."""

import asyncio
import signal
import time
from collections.abc import Coroutine, Sequence
from signal import Signals

from operations.stack.console import Console
from operations.stack.errors import StackError
from operations.stack.part import Child, Part

_PROGRESS = 5.0  # seconds between two lines about a part that is not ready yet


class Supervisor:
    """The parts of one running Parley."""

    def __init__(self, console: Console, inherited: Sequence[int] = ()) -> None:
        self.console = console
        self._inherited = inherited  # descriptors that every part keeps open
        self._children: list[Child] = []
        self._watches: list[asyncio.Task[None]] = []
        self._asked: Signals | None = None
        self._over = asyncio.Event()  # a signal came, or a part died
        self._hurry = asyncio.Event()  # a second signal came

    async def run(self, work: Coroutine[None, None, int]) -> int:
        """Do `work`, which starts parts, until it is done, a part dies or a signal comes; then stop all parts.

        The exit code: that of `work`; 128 + number after a signal; 1, with the reason printed, where a part
        died or did not start.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._signalled, Signals(number))
        working = asyncio.create_task(work)
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait({working, over}, return_when=asyncio.FIRST_COMPLETED)
            if not self._over.is_set():
                return working.result()
        except StackError as refusal:
            self.console.say(str(refusal))
        finally:
            over.cancel()
            working.cancel()
            await asyncio.wait({working, over})
            await self._stop_all()
        return 128 + self._asked if self._asked else 1

    async def start(self, part: Part) -> None:
        """Start a part and wait until it is ready. StackError where it does not become so in time."""
        child = await self._launch(part)
        self._watches.append(asyncio.create_task(self._watch(child)))
        try:
            await asyncio.wait_for(self._wait_until_ready(child), part.patience)
        except TimeoutError:
            raise StackError(f"{part.name} was not ready in {part.patience:g} s. {part.advice}".strip()) from None
        child.ready = True
        note = f": {part.note}" if part.note else ""
        self.console.line(part.name, f"ready in {time.monotonic() - child.started:.1f} s{note}")

    async def start_together(self, *parts: Part) -> None:
        """Start parts that do not wait for each other. StackError as in `start`."""
        await together(*(self.start(part) for part in parts))

    async def step(self, part: Part) -> Child:
        """Run a part that is meant to end; the ended child, with its exit code and its last lines."""
        child = await self._launch(part)
        await child.finished()
        return child

    async def _launch(self, part: Part) -> Child:
        child = await Child.start(part, self.console, self._inherited)
        self._children.append(child)
        return child

    async def _wait_until_ready(self, child: Child) -> None:
        part = child.part
        progress = asyncio.create_task(self._tell_progress(child))
        try:
            if part.ready_line:
                await child.said_ready.wait()
            pause = 0.03
            while part.probe and not await part.probe():
                await asyncio.sleep(pause)
                pause = min(pause * 1.3, 0.5)
        finally:
            progress.cancel()

    async def _tell_progress(self, child: Child) -> None:
        while True:
            await asyncio.sleep(_PROGRESS)
            self.console.line(child.part.name, f"starting ({time.monotonic() - child.started:.0f} s)")

    async def _watch(self, child: Child) -> None:
        await child.finished()
        if self._over.is_set():
            return
        advice = "" if child.ready or not child.part.advice else f" {child.part.advice}"
        self.console.say(f"{child.part.name} {child.ending()}: everything is stopped.{advice}")
        for line in child.tail:
            self.console.line(child.part.name, f"  {line}")
        self._over.set()

    def _signalled(self, number: Signals) -> None:
        if self._asked:
            self._hurry.set()
            return
        self._asked = number
        self._over.set()
        self.console.say("stopping (once more stops at once)")

    async def _stop_all(self) -> None:
        for watch in self._watches:
            watch.cancel()
        while self._children:
            await self._children.pop().stop(self._hurry)


async def together(*works: Coroutine[None, None, None]) -> None:
    """Do all of it at once; the first StackError ends the rest, and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except* StackError as refusals:
        refusal = refusals.exceptions[0]
    else:
        return
    raise refusal
