"""An answer while it is being written, as one runner holds it, and the tick that shows what is new to the readers.

What the model says is gathered and, a few times a second, formed into one numbered event for each answer; the events
of all answers go to the log together, in one round trip. The first words of an answer do not wait for the tick.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from conversations import live, wire
from conversations.states import Claim, Saved

MOST_CHARACTERS = 8_000  # of one delta
PAUSE = 0.5  # seconds before Redis is tried again


class Draft:
    """The text of one attempt, numbered.

    `text` holds all that was formed into events, `seq` is the last of these. An event that may not have arrived is
    never sent again: the next one then holds the whole text, under a new number, so it cannot matter whether it did.
    """

    def __init__(self, claim: Claim, *, seq: int = 0, text: str | None = None) -> None:
        """`seq` and `text`: where an earlier writer of this attempt was; else it begins with the claim's text."""
        self.claim = claim
        self.seq = seq
        self.saved_seq = 0
        self.whole = bool(claim.text)  # the next event must hold the whole text
        self.refused = False  # the log has entries of another writer
        begun = claim.text if text is None else text
        self._parts = [begun] if begun else []
        self._coming: deque[str | wire.ReplyFrame] = deque()
        self._rev = 0

    @property
    def text(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def empty(self) -> bool:
        """Whether this attempt has added nothing yet."""
        return len(self.text) == len(self.claim.text) and not any(isinstance(item, str) for item in self._coming)

    @property
    def pending(self) -> bool:
        return bool(self._coming) or self.whole

    def begin(self, rev: int) -> None:
        """Say that the writing begins, to readers who are at `rev` or later: with the text so far, if there is any."""
        self._rev = rev
        if not self.claim.text:
            self.announce("streaming")

    def announce(self, status: str, wait: wire.Wait | None = None) -> None:
        """Show a state that is no text: the model is asked, or the endpoint makes us wait."""
        self._coming.append(
            wire.ReplyFrame(type="reply", **self._numbers(), status=status, wait=wait)  # numbered when it is formed
        )

    def add(self, text: str) -> None:
        self._coming.append(text)

    def form(self) -> live.Event:
        """The next event. There is one: `pending` says so."""
        self.seq += 1
        text = self._gather()
        if text:
            self._parts.append(text)
        if self.whole:
            self.whole = False
            whole = wire.Reset(type="reset", text=self.text, **self._numbers())
            return self._event("reset", wire.encode(whole), rev=self._rev)
        if text:
            return self._event("delta", wire.encode(wire.Delta(type="delta", text=text, **self._numbers())))
        state = self._coming.popleft()
        assert not isinstance(state, str)
        state["seq"] = self.seq
        return self._event("reply", wire.encode(state), rev=self._rev if self.seq == 1 else 0)

    def settle(self) -> None:
        """Form all that has come, though nobody will be shown these events."""
        while self._coming:
            self.form()

    def end(self, rev: int, frame: Callable[[wire.Numbers, int], wire.End]) -> live.Event:
        """The last event, which shows the conversation's `rev`."""
        self.seq += 1
        return self._event("end", wire.encode(frame(self._numbers(), rev)), rev=rev)

    def save(self) -> Saved:
        return Saved(reply=self.claim.reply, attempt=self.claim.attempt, seq=self.seq, text=self.text)

    def _gather(self) -> str:
        parts: list[str] = []
        size = 0
        while self._coming and isinstance(self._coming[0], str) and size < MOST_CHARACTERS:
            size += len(self._coming[0])
            parts.append(self._coming.popleft())  # type: ignore[arg-type]
        return "".join(parts)

    def _numbers(self) -> wire.Numbers:
        return wire.Numbers(
            conversation=str(self.claim.conversation),
            reply=str(self.claim.reply),
            attempt=self.claim.attempt,
            seq=self.seq,
        )

    def _event(self, kind: str, frame: str, *, rev: int = 0) -> live.Event:
        return live.Event(type="reply.event", **self._numbers(), kind=kind, rev=rev, frame=frame)


class Nearby(Protocol):
    """The readers whose sockets are in this very process: they need no message from Redis."""

    def has(self, conversation: str) -> bool: ...

    async def show(self, event: live.Event) -> None: ...


class Press:
    """Brings the drafts of a process to the log, all together, one tick after the other."""

    def __init__(
        self, log: live.Log, *, tick: float, lost: Callable[[Draft], None], nearby: Nearby | None = None
    ) -> None:
        """`tick` is in seconds; `lost` is called for a draft that Redis refuses, since another writer was there."""
        self.log = log
        self._nearby = nearby
        self._tick = tick
        self._lost = lost
        self._drafts: dict[Draft, None] = {}  # with something pending, in the order they came
        self._news = asyncio.Event()
        self._urgent = asyncio.Event()
        self._printing = asyncio.Lock()  # one append at a time: two of one answer must not overtake each other

    def ready(self, draft: Draft, *, urgent: bool = False) -> None:
        """Something of this draft wants to be shown, with the next tick or at once."""
        self._drafts[draft] = None
        self._news.set()
        if urgent:
            self._urgent.set()

    def drop(self, draft: Draft) -> None:
        self._drafts.pop(draft, None)

    async def run(self) -> None:
        while True:
            await self._news.wait()
            if not await self._print_all():
                await asyncio.sleep(PAUSE)
            if not self._drafts:
                self._news.clear()
            try:
                await asyncio.wait_for(self._urgent.wait(), self._tick)
            except TimeoutError:
                continue
            self._urgent.clear()

    async def finish(self, draft: Draft) -> None:
        """Bring all that is pending of this draft to the log now, before its text is stored.

        Without Redis the text is whole all the same, and the row will show it.
        """
        async with self._printing:
            while draft.pending and not draft.refused:
                if not await self._print([draft]):
                    draft.settle()
                    return

    async def _print_all(self) -> bool:
        async with self._printing:
            drafts = [draft for draft in self._drafts if draft.pending]
            self._drafts.clear()
            good = await self._print(drafts) if drafts else True
            for draft in drafts:
                if draft.pending:
                    self._drafts[draft] = None
            return good

    async def _print(self, drafts: list[Draft]) -> bool:
        """One event of each. What did not arrive for sure is told whole with the next."""
        events = [draft.form() for draft in drafts]
        shown = {event["conversation"] for event in events if self._nearby and self._nearby.has(event["conversation"])}
        try:
            results = await self.log.append(events, shown=shown)
        except live.RedisError:
            results = [live.Append.ERROR] * len(drafts)
        for draft, event, result in zip(drafts, events, results, strict=True):
            if result is live.Append.TAKEN:
                if self._nearby and event["conversation"] in shown:
                    await self._nearby.show(event)
            elif result is live.Append.REFUSED:
                draft.refused = True
                self._lost(draft)
            else:
                draft.whole = True
        return live.Append.ERROR not in results
