"""Many members at once, each in a window that loses its socket, comes back, and sends again what was not acknowledged.

Lean enough for a hundred in one event loop. Every frame is judged by a `Page`, as in all tests.
"""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.chaos.counting import Tally
from tests.page import RUNNING, Frame, Page
from tests.tab import new_id

HELLO = 15.0  # seconds a socket may take to open
AGAIN = (0.2, 1.0)  # seconds between two tries, at least and at most


@dataclass
class Orders:
    """What all windows of a crowd are told."""

    addresses: Sequence[str]  # of the web processes
    question: str
    asking: bool = True  # whether to ask again once an answer has ended
    dropping: float = 0.0  # seconds after which a window drops its socket, on average; 0: never
    reading: bool = True  # whether to be there at all


@dataclass
class Window:
    """One member in one conversation. `peer`: only reads what another window of the same member asks."""

    orders: Orders
    session: str
    chance: random.Random
    conversation: str = field(default_factory=new_id)
    peer: bool = False
    page: Page = field(default_factory=Page)
    frames: list[Frame] = field(default_factory=list)  # the acknowledgements
    faults: Tally = field(default_factory=Tally)
    faulty: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)  # seconds from one socket's end to the next one's hello
    answers: int = 0
    refused: int = 0
    _outbox: dict[str, Frame] = field(default_factory=dict)
    _without_since: float | None = None
    _longest: dict[str, int] = field(default_factory=dict)  # tokens of each answer that were ever shown

    def __post_init__(self) -> None:
        self._started = self.peer  # whether there is something to read

    async def live(self) -> None:
        """Be there for as long as `orders.reading`."""
        while self.orders.reading:
            for address in self.chance.sample(list(self.orders.addresses), len(self.orders.addresses)):
                if await self._visit(address):
                    break
            if self.orders.reading:
                await asyncio.sleep(self.chance.uniform(*AGAIN))

    @property
    def idle(self) -> bool:
        """Whether nothing that it asked for is still to come."""
        return not self._outbox and self._open_reply() is None and self._has_all()

    def shown(self) -> dict[str, int]:
        """The most tokens of each answer that this window has shown at any time."""
        self._note()
        return self._longest

    # --- One socket ---------------------------------------------------------------------------------------------

    async def _visit(self, address: str) -> bool:
        """Read on one socket until it ends. False: it did not even open."""
        opened = False
        drop = None
        try:
            async with asyncio.timeout(HELLO):
                socket = await connect(
                    f"{address.replace('http', 'ws', 1)}/ws/v1/",
                    additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={self.session}", "Origin": address},
                    compression=None, max_size=None, max_queue=None, ping_interval=None, proxy=None, close_timeout=1,
                )  # fmt: skip
            try:
                async with asyncio.timeout(HELLO):
                    hello = json.loads(await socket.recv())
                opened = hello["type"] == "hello"
                if opened and self._without_since is not None:
                    self.gaps.append(time.monotonic() - self._without_since)
                    self._without_since = None
                if self.orders.dropping:
                    after = self.chance.expovariate(1 / self.orders.dropping)
                    drop = asyncio.get_running_loop().call_later(after, socket.transport.abort)
                await self._converse(socket)
            finally:
                if drop is not None:
                    drop.cancel()
                socket.transport.abort()
        except (OSError, WebSocketException, TimeoutError, EOFError):
            pass
        finally:
            if opened:
                self._without_since = time.monotonic()
        return opened

    async def _converse(self, socket: ClientConnection) -> None:
        if self._started:
            await self._subscribe(socket)
        for waiting in list(self._outbox.values()):
            await _send(socket, waiting)
        taken = 1  # hello
        await _send(socket, {"type": "ack", "n": taken})
        while self.orders.reading:
            frame: Frame | None = None
            try:
                async with asyncio.timeout(1.0):
                    frame = json.loads(await socket.recv())
            except TimeoutError:
                pass
            if frame is not None:
                taken += 1
                if taken % 64 == 0:
                    await _send(socket, {"type": "ack", "n": taken})
                if not self._take(frame):
                    return  # as the browser does when a number is missing: it begins anew
                await self._answer(socket, frame)
            await self._go_on(socket)

    def _take(self, frame: Frame) -> bool:
        if frame["type"] in ("snapshot", "reset"):
            self._note()
        try:
            self.page.take(frame)
        except (AssertionError, KeyError) as error:
            self.faults.disordered += 1
            self.faulty.append(f"{type(error).__name__}: {str(error)[:300]}")
            self.page = Page()
            return False
        return True

    async def _answer(self, socket: ClientConnection, frame: Frame) -> None:
        match frame["type"]:
            case "ping":
                await _send(socket, {"type": "pong", "n": frame["n"]})
            case "ack":
                self.frames.append(frame)
                self._outbox.pop(frame["client_id"], None)
                if not self._started:  # saying again where one is, with events on their way, would bring some twice
                    self._started = True
                    await self._subscribe(socket)
            case "error":
                self.refused += 1
                waiting = self._outbox.get(frame["ref"] or "")
                if waiting is not None:  # kept, and said again on the next socket or a moment later
                    asyncio.get_running_loop().call_later(
                        self.chance.uniform(*AGAIN), lambda: asyncio.ensure_future(_quietly(socket, waiting))
                    )
                elif not frame["fatal"] and self.conversation not in self.page.conversations:
                    await asyncio.sleep(self.chance.uniform(*AGAIN))
                    await self._subscribe(socket)

    async def _subscribe(self, socket: ClientConnection) -> None:
        known = self.conversation in self.page.conversations
        resume = self.page.resume_point(self.conversation) if known else {}
        await _send(socket, {"type": "subscribe", "conversation": self.conversation, **resume})

    async def _go_on(self, socket: ClientConnection) -> None:
        """Ask the next question when nothing is under way."""
        if self.peer or self._outbox or not self.orders.asking or self._open_reply() is not None or not self._has_all():
            return
        client_id = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        frame = {
            "type": "send",
            "client_id": client_id,
            "conversation": self.conversation,
            "text": self.orders.question,
            "personality": "assistant",
        }
        self._outbox[client_id] = frame
        self.answers += 1
        await _send(socket, frame)

    def _open_reply(self) -> Frame | None:
        shown = self.page.conversations.get(self.conversation)
        for message in shown.messages.values() if shown else ():
            if message["reply"] is not None and message["reply"]["status"] in RUNNING:
                return message
        return None

    def _has_all(self) -> bool:
        """Whether the answers to everything that was acknowledged are on the page."""
        shown = self.page.conversations.get(self.conversation)
        return not self.frames or (shown is not None and self.frames[-1]["reply"] in shown.messages)

    def _note(self) -> None:
        shown = self.page.conversations.get(self.conversation)
        for message in shown.messages.values() if shown else ():
            if message["reply"] is not None:
                tokens = len(message["text"].split())
                self._longest[message["id"]] = max(tokens, self._longest.get(message["id"], 0))


async def _send(socket: ClientConnection, frame: Frame) -> None:
    await socket.send(json.dumps(frame))


async def _quietly(socket: ClientConnection, frame: Frame) -> None:
    try:
        await _send(socket, frame)
    except WebSocketException:
        return


def taken_back(windows: Sequence[Window], rows: dict[str, str]) -> Tally:
    """Tokens that some window was shown and that the row does not have."""
    tally = Tally()
    for window in windows:
        tally.add(window.faults)
        for message, tokens in window.shown().items():
            tally.lost += max(tokens - len(rows[message].split()), 0)
    return tally
