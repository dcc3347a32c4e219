"""A reader without a socket: a page behind a relay, and the events that are on their way to it."""

import json
from typing import Any

from conversations import wire
from conversations.relay import Relay
from tests.conversations.small_talk import SmallTalk
from tests.page import Page

Truth = tuple[int, str, dict[str, tuple[str, str | None]]]


class Reader:
    """A tab behind a relay, and the events that are on their way to it."""

    def __init__(self, talk: SmallTalk) -> None:
        self.talk = talk
        self.page = Page()
        self.kinds: list[str] = []  # of the frames it got
        self.coming: list[dict[str, Any]] = []
        self.relay: Relay | None = None

    async def connect(self) -> None:
        """Join first, then read: with what the page already has."""
        self.coming.clear()
        self.relay = Relay(
            conversation=self.talk.id, log=self.talk, read=self.talk.rows, send=self._get, gone=self._gone
        )
        point = self.page.resume_point(str(self.talk.id)) if self.page.conversations else {}
        parsed = wire.parse({"type": "subscribe", "conversation": str(self.talk.id), **point})
        assert isinstance(parsed, wire.Subscribe)
        await self.relay.start(since=parsed.rev, cursor=parsed.reply)

    async def hear(self, event: dict[str, Any]) -> None:
        assert self.relay is not None
        if event["type"] == "reply.event":
            await self.relay.on_reply(event)  # type: ignore[arg-type]
        else:
            await self.relay.on_changed(event)

    async def hear_all(self) -> None:
        while self.coming:
            await self.hear(self.coming.pop(0))

    async def watch(self) -> None:
        """What the process's watchdog does for a relay that went silent."""
        assert self.relay is not None
        await self.relay.check(rows=self.relay.behind(self.talk.mark()))

    async def _get(self, text: str) -> None:
        frame = json.loads(text)
        self.kinds.append(frame["type"])
        self.page.take(frame)
        assert not self.page.strangers, "told of an answer before its message"

    async def _gone(self, conversation: object) -> None:
        raise AssertionError("it may be read")

    def knows(self) -> Truth:
        """The number, the title, and of each message the text and the state."""
        shown = self.page.conversations[str(self.talk.id)]
        states = {m["id"]: (m["text"], m["reply"] and m["reply"]["status"]) for m in shown.messages.values()}
        return shown.rev, shown.conversation["title"], states
