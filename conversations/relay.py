"""Exactly-once relay of one conversation to one socket, over a bus that may lose, double and reorder.

A relay keeps two cursors: `rev` for rows, and (attempt, seq) for each answer that is being written. What is exactly one
further is sent; what is not further is dropped; anything else is healed from the log and, where that is gone, from the
row. First load, reconnect and healing are one: `_show` brings the reader to where the rows and the log are.

A lost event with none after it is found by the process's one watchdog (readers.py).
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from conversations import live, wire
from conversations.database import DatabaseDown
from conversations.errors import NotFound
from conversations.models import Status
from conversations.snapshots import Mark, OpenReply, View

logger = logging.getLogger(__name__)

SILENCE = 1.5  # seconds without an event while an answer is being written, after which the log is asked
MOST_REPLAYED = 32  # events; who missed more gets the whole text at once
ROW_LOOK = 5.0  # seconds between two looks at the row of an answer whose log says nothing new


class ReadsLog(Protocol):
    async def read(self, reply: uuid.UUID | str, attempt: int, *, after: int) -> list[tuple[int, str]]: ...


@dataclass(slots=True)
class Position:
    """How far the reader is in one answer; when it last got anything, and when the row was last read (loop's clock)."""

    attempt: int
    seq: int
    heard: float
    looked: float

    def before(self, attempt: int, seq: int) -> bool:
        return (self.attempt, self.seq) < (attempt, seq)


class Relay:
    def __init__(
        self,
        *,
        conversation: uuid.UUID,
        log: ReadsLog,
        read: Callable[[int | None], Awaitable[View]],
        send: Callable[[str], Awaitable[None]],
        gone: Callable[[uuid.UUID], Awaitable[None]],
    ) -> None:
        """`read(since)` reads the rows and raises NotFound when they may no longer be read; then `gone` is called. It
        raises one of DatabaseDown when it takes long: nothing else is shown meanwhile.
        """
        self.conversation = conversation
        self.rev = 0
        self.open: dict[str, Position] = {}
        self._ended: dict[str, int] = {}  # the attempt whose end the reader has
        self._read_rev = 0  # where the rows were when they were read last
        self._waiting: set[str] = set()  # answers that nobody had begun to write then
        self._log = log
        self._read = read
        self._send = send
        self._gone = gone
        self._lock = asyncio.Lock()
        self._now = asyncio.get_running_loop().time

    async def start(self, *, since: int | None = None, cursor: wire.Cursor | None = None) -> None:
        """Bring the reader, who has everything up to `since` and `cursor`, up to date. Raises NotFound.

        It always gets a snapshot, if only to hear that nothing is missing.
        """
        async with self._lock:
            self.rev = since or 0
            if since is not None and cursor is not None:
                self.open[str(cursor.id)] = Position(cursor.attempt, cursor.seq, self._now(), 0)
            await self._show(await self._read(since), always=True)

    def stop(self) -> None:
        """Show nothing any more, also of what is just being read."""
        self._send = self._gone = _nobody

    async def on_changed(self, event: Mapping[str, Any]) -> None:
        """Rows changed, from before `first` up to `rev`; `frames` show it when the publisher had them at hand."""
        async with self._lock:
            if event["rev"] <= self.rev:
                return
            if event["frames"] and event["first"] == self.rev + 1:
                for frame in event["frames"]:
                    await self._send(frame)
                self.rev = event["rev"]
            else:
                await self._catch_up()

    def ready_for(self, event: live.Event) -> bool:
        """Whether this event is the very next one, so that `on_reply` sends it and waits for nothing else."""
        position = self.open.get(event["reply"])
        return (
            position is not None
            and not self._lock.locked()
            and (position.attempt, position.seq + 1) == (event["attempt"], event["seq"])
            and (event["rev"] == self.rev + 1 if event["kind"] == "end" else event["rev"] <= self.rev)
        )

    async def on_reply(self, event: live.Event) -> None:
        """A numbered event of an answer."""
        async with self._lock:
            reply, attempt, seq = event["reply"], event["attempt"], event["seq"]
            if attempt <= self._ended.get(reply, 0):
                return
            position = self.open.get(reply)
            if position is None and self._had_ended(event):
                self._ended[reply] = attempt
                return
            if position is None:
                position = self.open[reply] = Position(attempt, 0, self._now(), 0)
            elif attempt > position.attempt:
                position.attempt, position.seq = attempt, 0
            if not position.before(attempt, seq):
                return
            # A reset holds everything before it.
            if seq == position.seq + 1 or event["kind"] == "reset":
                await self._take(event, position)
            else:
                await self._catch_up()

    def _had_ended(self, event: live.Event) -> bool:
        """Whether this begins an answer that had ended when the rows were read: it was long on its way."""
        return 0 < event["rev"] <= self._read_rev and event["reply"] not in self._waiting

    async def check(self, *, rows: bool) -> None:
        """Look for what was lost with nothing after it: in the rows, or in the log alone. Called by the watchdog."""
        async with self._lock:
            if rows or await self._log_is_ahead():
                await self._catch_up()

    async def _log_is_ahead(self) -> bool:
        """Whether the log has more than the reader, or nobody can say so and the row has to."""
        long_ago = self._now() - ROW_LOOK
        try:
            for reply, position in self.open.items():
                if position.looked < long_ago or await self._log.read(reply, position.attempt, after=position.seq):
                    return True
        except live.RedisError:
            return True
        return False

    def behind(self, mark: Mark | None) -> bool:
        """Whether the rows tell of something that this relay does not know and is not just being told of.

        Without a mark they are gone.
        """
        if self._lock.locked():
            return False
        if mark is None or mark.rev > self.rev:
            return True
        if mark.writing is None:
            return False
        reply, attempt = mark.writing
        position = self.open.get(reply)
        return attempt > max(self._ended.get(reply, 0), position.attempt if position else 0)

    def silent(self) -> bool:
        """Whether an answer is being written of which nothing has come for a while, and nothing is on its way."""
        if not self.open or self._lock.locked():
            return False
        long_ago = self._now() - SILENCE
        return any(position.heard < long_ago for position in self.open.values())

    async def _take(self, event: live.Event, position: Position) -> None:
        """Send the next event. The first and the last of an answer need the rows before them."""
        rev = event["rev"]
        if event["kind"] == "end":
            if rev != self.rev + 1:
                await self._catch_up()
                return
            self.rev = rev
            self._ended[event["reply"]] = event["attempt"]
            del self.open[event["reply"]]
        elif rev > self.rev:
            await self._catch_up()
            return
        else:
            position.seq, position.heard = event["seq"], self._now()
        await self._send(event["frame"])

    async def _catch_up(self) -> None:
        try:
            view = await self._read(self.rev)
        except NotFound:
            await self._gone(self.conversation)
        except DatabaseDown:
            await self._follow_log()
        else:
            await self._show(view)

    async def _follow_log(self) -> None:
        """While nobody can read the rows: show what the log says next of answers that the reader has begun to read."""
        for reply, position in self.open.items():
            if not position.seq:
                continue  # its message may not be here yet
            try:
                events = await self._log.read(reply, position.attempt, after=position.seq)
            except live.RedisError:
                return
            for seq, frame in events:
                kind = json.loads(frame)["type"]
                if kind == "end" or (kind != "reset" and seq != position.seq + 1):
                    break
                position.seq, position.heard = seq, self._now()
                await self._send(frame)

    async def _show(self, view: View, *, always: bool = False) -> None:
        """Bring the reader to where the rows and the log are; `always`: with a snapshot, also when it holds no news."""
        frame = view.frame
        shown = {message["id"]: message for message in frame["messages"]}
        later: list[str] = []
        still_open: dict[str, Position] = {}
        for reply in view.open:
            events = await self._events(reply)
            seq, text = fold(reply, events)
            position = self.open.pop(reply.id, None) or Position(0, 0, 0, 0)
            known = shown.get(reply.id)
            if known is not None and known["reply"] is not None:
                known["text"] = text
                known["reply"]["attempt"], known["reply"]["seq"] = reply.attempt, seq
            elif position.before(reply.attempt, seq):
                later += self._missing(position, reply, events, seq, text)
            if position.before(reply.attempt, seq):
                position.attempt, position.seq, position.heard = reply.attempt, seq, self._now()
            position.looked = self._now()
            still_open[reply.id] = position
        # The others have ended, or were handed back and will be tried again: their rows say so in this snapshot.
        self._ended.update({reply: position.attempt for reply, position in self.open.items()})
        for message in frame["messages"]:
            answer = message["reply"]
            if answer is not None and answer["status"] != Status.STREAMING:
                # Events of such an attempt may still wait in the socket's queue: they came while the rows were read.
                self._ended[message["id"]] = answer["attempt"]
        self.open, self._waiting = still_open, view.waiting
        self._read_rev = frame["conversation"]["rev"]
        if always or frame["since"] is None or frame["messages"] or frame["conversation"]["rev"] > self.rev:
            await self._send(wire.encode(frame))
        self.rev = max(self.rev, frame["conversation"]["rev"])
        for missing in later:
            await self._send(missing)

    async def _events(self, reply: OpenReply) -> dict[int, str]:
        """What the log has of this attempt, from where the row or the reader is, whichever is earlier."""
        position = self.open.get(reply.id)
        after = min(reply.seq, position.seq) if position and position.attempt == reply.attempt else reply.seq
        try:
            return dict(await self._log.read(reply.id, reply.attempt, after=after))
        except live.RedisError:
            return {}

    def _missing(
        self, position: Position, reply: OpenReply, events: Mapping[int, str], seq: int, text: str
    ) -> list[str]:
        """The frames that bring a reader from `position` to `seq`: the events; all text when these are many or gone."""
        wanted = range(position.seq + 1, seq + 1)
        few = len(wanted) <= MOST_REPLAYED
        if few and position.attempt == reply.attempt and all(number in events for number in wanted):
            return [events[number] for number in wanted]
        reset = wire.Reset(
            type="reset",
            conversation=str(self.conversation),
            reply=reply.id,
            attempt=reply.attempt,
            seq=seq,
            text=text,
        )
        return [wire.encode(reset)]


async def _nobody(_: object) -> None:
    """Who is told what comes after the end."""


def fold(reply: OpenReply, events: Mapping[int, str]) -> tuple[int, str]:
    """The row's text and the events that follow it without a gap, as (seq, text). Ends are left to the rows."""
    seq, text = reply.seq, reply.text
    for number in sorted(events):
        frame = json.loads(events[number])
        if frame["type"] == "reset":  # it holds everything before it
            text = frame["text"] if number > seq else text
        elif number != seq + 1 or frame["type"] == "end":
            continue
        elif frame["type"] == "delta":
            text += frame["text"]
        seq = max(seq, number)
    return seq, text
