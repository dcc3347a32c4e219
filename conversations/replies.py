"""The runner: writes answers, hundreds at once, from claim to end.

It claims queued replies in Postgres, asks the model, and brings what it says to the log tick by tick and to Postgres
each second. Its leases are renewed by a task that waits for nobody, in a thread of its own; whoever loses one stops,
and every UPDATE and every log entry of a loser is refused. Nothing a runner holds is needed to go on: any other may
take over.

One class, two hosts: `manage.py serve` runs it beside the sockets, `manage.py replies` alone.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from django.conf import settings

from agents.breaker import Breaker
from agents.client import Endpoint, ModelClient, Timeouts
from conversations import live, states
from conversations.database import DatabaseDown, for_leases, in_database
from conversations.draft import Draft, Nearby, Press
from conversations.endings import in_thread
from conversations.models import Status
from conversations.reaper import reap
from conversations.writing import Answered, Why, Writer, Writing

logger = logging.getLogger(__name__)

POLL = 1.0  # seconds between two looks at the queue when no wake-up comes
CHECKPOINT = 1.0  # seconds between two saves of what was written
LATE = 3.0  # seconds without a save after which Postgres seems to be away


class ReplyRunner:
    def __init__(self, *, after_end: Callable[[Answered], object] | None = None, nearby: Nearby | None = None) -> None:
        """`after_end` hears, in a thread, of every complete answer; `nearby` are readers in this process, who are
        served without a way through Redis.
        """
        self.owner = f"runner-{uuid.uuid4()}"
        self.writing: dict[uuid.UUID, Writing] = {}
        self.draining = False
        self._after_end = after_end
        self._news = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._saved_at = time.monotonic()  # when last everything that was written was saved
        self._log = live.log()
        self._press = Press(self._log, tick=settings.FLUSH_SECONDS, lost=self._refused, nearby=nearby)
        self._client = ModelClient(
            Endpoint(settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.OPENAI_MODEL),
            Timeouts(*settings.OPENAI_TIMEOUTS),
        )
        failures, within, rest = settings.OPENAI_BREAKER
        breaker = Breaker(time.monotonic, failures=int(failures), within=within, rest=rest)
        self._writer = Writer(self._client, self._press, breaker)

    async def run(self) -> None:
        """Work until cancelled. Call `drain` first to leave nothing half-written."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._press.run())
                tasks.create_task(self._forever(POLL, self._claim, wait=self._news_or))
                tasks.create_task(self._forever(CHECKPOINT, self._checkpoint))
                tasks.create_task(self._forever(CHECKPOINT, self._bound))
                tasks.create_task(self._forever(settings.LEASE_SECONDS / 3, self._renew))
                tasks.create_task(self._forever(settings.LEASE_SECONDS / 6, partial(reap, self._log)))
                tasks.create_task(self._listen())
        finally:
            for writing in self.writing.values():
                if writing.task is not None:
                    writing.task.cancel()
            await self._client.aclose()

    async def drain(self, seconds: float) -> None:
        """Take nothing new, let the running answers finish for `seconds`, then hand back or keep what there is."""
        self.draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._claiming:
                pass  # what was being claimed when we were told is ours, too
        await self._wait(seconds)
        for writing in list(self.writing.values()):
            writing.break_off(Why.DRAIN)
        await self._wait(10)

    async def _wait(self, seconds: float) -> None:
        """Until what is being written has ended, but no longer."""
        if tasks := [writing.task for writing in self.writing.values() if writing.task is not None]:
            await asyncio.wait(tasks, timeout=seconds)

    # --- The loops ----------------------------------------------------------------------------------------------

    async def _forever(
        self,
        seconds: float,
        work: Callable[[], Awaitable[object]],
        wait: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        while True:
            try:
                await work()
            except DatabaseDown as error:
                logger.warning("Postgres does not answer: %s", type(error).__name__)
            except Exception:
                # One round failed; the loop is what keeps every other answer alive.
                logger.exception("a round failed")
            await (wait or asyncio.sleep)(seconds)

    async def _news_or(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
        self._news.clear()

    async def _claim(self) -> None:
        async with self._claiming:
            room = settings.REPLIES_AT_ONCE - len(self.writing)
            if self.draining or room <= 0:
                return
            for claim in await in_database(states.claim, owner=self.owner, limit=room, lease=settings.LEASE_SECONDS):
                writing = self.writing[claim.reply] = Writing(claim, Draft(claim))
                writing.task = asyncio.create_task(self._write(writing))

    async def _checkpoint(self) -> None:
        behind = [writing for writing in self.writing.values() if writing.draft.seq != writing.draft.saved_seq]
        saves = [writing.draft.save() for writing in behind]
        if saves:
            kept = await in_database(states.checkpoint, saves=saves)
            self._heed(behind, kept)
            for writing, save in zip(behind, saves, strict=True):
                if save.reply not in kept.locked:
                    writing.draft.saved_seq = save.seq
        quiet = [writing.claim.reply for writing in self.writing.values() if writing not in behind]
        if quiet:
            for reply in await in_database(states.stopping, replies=quiet):
                self._break_off(reply, Why.STOP)
        self._saved_at = time.monotonic()

    async def _bound(self) -> None:
        """Hold what cannot be saved in memory, for a time and up to a size: then it grows no more; its end waits."""
        late = time.monotonic() - self._saved_at
        if late < LATE:
            return
        unsaved = [writing for writing in self.writing.values() if writing.draft.seq != writing.draft.saved_seq]
        held = sum(len(writing.draft.text) for writing in unsaved)
        if late > settings.UNSAVED_SECONDS or held > settings.UNSAVED_CHARACTERS:
            for writing in unsaved:
                writing.break_off(Why.STORAGE)

    async def _renew(self) -> None:
        writings = list(self.writing.values())
        if writings:
            claims = [writing.claim for writing in writings]
            self._heed(writings, await for_leases(states.renew, claims=claims, lease=settings.LEASE_SECONDS))

    def _heed(self, writings: list[Writing], kept: states.Kept) -> None:
        for writing in writings:
            if writing.claim.reply not in kept.held:
                writing.break_off(Why.LOST)
            elif writing.claim.reply in kept.stopping:
                writing.break_off(Why.STOP)

    async def _listen(self) -> None:
        """Hear the hints. None of them is needed: the loops above find the same a second later."""
        while True:
            try:
                async with self._log.hints() as hints:
                    async for kind, text in hints:
                        if kind == live.WAKE:
                            self._news.set()
                        else:
                            self._break_off(uuid.UUID(text), Why.STOP)
            except live.RedisError as error:
                logger.warning("no hints for now: %s", type(error).__name__)
                await asyncio.sleep(1)

    def _break_off(self, reply: uuid.UUID, why: Why) -> None:
        writing = self.writing.get(reply)
        if writing is not None:
            writing.break_off(why)

    def _refused(self, draft: Draft) -> None:
        logger.warning("reply %s has another writer", draft.claim.reply)
        self._break_off(draft.claim.reply, Why.LOST)

    async def _write(self, writing: Writing) -> None:
        status = None
        try:
            status = await self._writer.write(writing)
        except Exception:
            # Its lease runs out, and a reaper ends it with what was saved.
            logger.exception("reply %s could not be ended", writing.claim.reply)
        finally:
            self._press.drop(writing.draft)
            self.writing.pop(writing.claim.reply, None)
            self._news.set()
        answered = writing.answered
        if status is Status.COMPLETE and answered is not None and self._after_end is not None:
            await in_thread(partial(self._after_end, answered))
