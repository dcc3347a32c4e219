"""One talk with an answer in it that is half written, for tests of those who read it."""

import uuid
from typing import Any

from conversations.draft import Draft
from conversations.snapshots import Mark
from tests.conversations.reader import Reader
from tests.conversations.small_talk import SmallTalk


class World:
    """One talk, whose events are kept, and one answer in it, of which five tokens are written."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.talk = SmallTalk(self.events.append)
        self.answer = self.talk.send()
        draft = self.talk.claim()
        assert draft is not None
        self.draft: Draft = draft
        self.talk.print(draft)
        self.written = 0
        self.write(5)

    def write(self, count: int) -> None:
        for _ in range(count):
            self.written += 1
            self.draft.add(f"t{self.written} ")
            self.talk.print(self.draft)

    async def marks(self, conversations: list[uuid.UUID]) -> dict[uuid.UUID, Mark]:
        return {self.talk.id: self.talk.mark()}

    async def reader(self) -> Reader:
        reader = Reader(self.talk)
        await reader.connect()
        return reader
