"""All relays of a process, and the one task that finds what each of them has missed with nothing after it."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator

from conversations import live
from conversations.relay import Relay
from conversations.snapshots import Mark

logger = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two rounds of the watchdog
MARKS_LOOK = 2.0  # seconds between two looks at how far everything is that is being read
LOOKS_AT_ONCE = 4  # without Redis all readers have to look, and who sends needs the database too


class Readers:
    """All relays of a process, by conversation."""

    def __init__(self) -> None:
        self._relays: dict[str, set[Relay]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Relay]:
        return iter([relay for relays in self._relays.values() for relay in relays])

    def conversations(self) -> list[uuid.UUID]:
        return [uuid.UUID(conversation) for conversation in self._relays]

    def add(self, relay: Relay) -> None:
        self._relays.setdefault(str(relay.conversation), set()).add(relay)

    def discard(self, relay: Relay) -> None:
        conversation = str(relay.conversation)
        relays = self._relays.get(conversation, set())
        relays.discard(relay)
        if not relays:
            self._relays.pop(conversation, None)

    def has(self, conversation: str) -> bool:
        return conversation in self._relays

    async def show(self, event: live.Event) -> None:
        """Hand an event from this process's runner to its own readers. None of them makes the others wait."""
        for relay in list(self._relays.get(event["conversation"], ())):
            if relay.ready_for(event):
                try:
                    await relay.on_reply(event)
                except Exception as error:
                    # Its socket is just going away. The runner that called us has other readers, and other answers.
                    logger.info("an event was not shown: %s", type(error).__name__)
            else:
                task = asyncio.create_task(relay.on_reply(event))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)


class Watchdog:
    """One task a process: finds relays that went silent, and conversations whose rows moved on unheard.

    Rows are always ahead of the event that tells of them, by a moment. So a relay is brought up to date only when it
    has not come by itself, a round later, to where the rows were.
    """

    def __init__(self, readers: Readers, marks: Callable[[list[uuid.UUID]], Awaitable[dict[uuid.UUID, Mark]]]) -> None:
        self._readers = readers
        self._marks = marks
        self._room = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._behind: dict[Relay, Mark | None] = {}  # at the last look, and where the rows were

    async def run(self) -> None:
        next_marks = 0.0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self.look()
                if loop.time() >= next_marks:
                    next_marks = loop.time() + MARKS_LOOK
                    await self.look_at_rows()
            except Exception as error:
                # Postgres may be away for a while; the next round asks again. Nobody else would.
                logger.warning("the watchdog could not look: %s", type(error).__name__)

    async def look(self) -> None:
        """Bring up to date who is still where it was when the rows were looked at, and whoever went silent."""
        behind, self._behind = self._behind, {}
        late = {relay for relay in self._readers if relay in behind and relay.behind(behind[relay])}
        silent = {relay for relay in self._readers if relay.silent()}
        await asyncio.gather(*(self._check(relay, rows=relay in late) for relay in silent | late))

    async def look_at_rows(self) -> None:
        """Note who is not where the rows are."""
        marks = await self._marks(self._readers.conversations())
        known = ((relay, marks.get(relay.conversation)) for relay in self._readers)
        self._behind = {relay: mark for relay, mark in known if relay.behind(mark)}

    async def _check(self, relay: Relay, *, rows: bool) -> None:
        async with self._room:
            await relay.check(rows=rows)
