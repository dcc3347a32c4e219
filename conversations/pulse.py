"""What all sockets of a process share: watchdog of their relays, heartbeat, the look at their sessions, drain."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Collection
from typing import Protocol
from weakref import WeakKeyDictionary

from accounts.sessions import Held, over
from conversations import snapshots
from conversations.database import DatabaseDown, in_time
from conversations.readers import Readers, Watchdog

logger = logging.getLogger(__name__)

BEAT = 1.0  # seconds between two looks at who needs a ping
AWAY = 0.2  # seconds that whoever is sent away stays away at least
SESSIONS_LOOK = 60.0  # seconds between two looks at the sessions of all sockets, should an event have been lost
SESSIONS_AGAIN = 5.0  # seconds after which they are looked at again when Postgres could not say


class Socket(Protocol):
    """One open socket of a signed-in member."""

    held: Held

    async def beat(self, now: float) -> None: ...

    async def end_session(self) -> None: ...

    async def send_away(self, *, reconnect_in: float) -> None: ...


async def ended(held: Collection[Held]) -> set[Held]:
    """Those of these whose session has ended. Raises one of DatabaseDown."""
    return await in_time(over, held)


async def _marks(conversations: list[uuid.UUID]) -> dict[uuid.UUID, snapshots.Mark]:
    return await in_time(snapshots.marks, conversations)


class Pulse:
    """Of one event loop. Its tasks run for as long as a socket is open."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self.members: Counter[int] = Counter()
        self.readers = Readers()
        self.draining = False
        self._watchdog = Watchdog(self.readers, _marks)
        self._tasks: list[asyncio.Task[None]] = []

    def join(self, socket: Socket) -> None:
        self.sockets.add(socket)
        self.members[socket.held.user] += 1
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._watchdog.run()),
                asyncio.create_task(self._beat()),
                asyncio.create_task(self._look_at_sessions()),
            ]

    def leave(self, socket: Socket) -> None:
        if socket in self.sockets:
            self.sockets.discard(socket)
            self.members[socket.held.user] -= 1
        if not self.sockets:
            self.members.clear()
            for task in self._tasks:
                task.cancel()
            self._tasks.clear()

    async def drain(self, seconds: float) -> None:
        """Send every socket away, spread over `seconds`, so that they do not all come back at once.

        Whoever comes from now on does not `join`, but is sent away by its door.
        """
        self.draining = True
        sockets = list(self.sockets)
        for index, socket in enumerate(sockets):
            await _safely(socket.send_away(reconnect_in=AWAY + seconds * index / len(sockets)))
            await asyncio.sleep(seconds / len(sockets))

    async def _look_at_sessions(self) -> None:
        pause = SESSIONS_LOOK
        while True:
            await asyncio.sleep(pause)
            try:
                gone = await ended({socket.held for socket in self.sockets})
            except DatabaseDown as error:
                logger.warning("sessions could not be looked at: %s", type(error).__name__)
                pause = SESSIONS_AGAIN
                continue
            pause = SESSIONS_LOOK
            for socket in [each for each in self.sockets if each.held in gone]:
                await _safely(socket.end_session())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            now = asyncio.get_running_loop().time()
            for socket in list(self.sockets):
                await _safely(socket.beat(now))


async def _safely(work: Awaitable[None]) -> None:
    """Work on one socket of many: one that is just going away must not touch the others."""
    try:
        await work
    except Exception as error:
        logger.info("a socket went away: %s", type(error).__name__)


_pulses: "WeakKeyDictionary[asyncio.AbstractEventLoop, Pulse]" = WeakKeyDictionary()


def pulse() -> Pulse:
    """This event loop's pulse."""
    return _pulses.setdefault(asyncio.get_running_loop(), Pulse())
