"""What a browser makes of the frames it gets (docs/wire.md), written a second time from the page and not from the code.

It is stricter than a browser: a number that is neither the next nor explained by its frame fails the test.
"""

from dataclasses import dataclass, field
from typing import Any

RUNNING = ("waiting", "queued", "streaming")
Frame = dict[str, Any]


@dataclass
class Shown:
    """One conversation as the page shows it: its object, and its messages by id."""

    conversation: Frame
    messages: dict[str, Frame] = field(default_factory=dict)
    old: set[str] = field(default_factory=set)  # messages that the newest page did not mention: they may have changed
    summary: Frame | None = None
    last_read: int = 0
    recap: Frame | None = None

    @property
    def rev(self) -> int:
        rev: int = self.conversation["rev"]
        return rev


class Page:
    """Fed frame by frame. Raises AssertionError when the server breaks one of its two numbers' rules."""

    def __init__(self) -> None:
        self.conversations: dict[str, Shown] = {}
        self.listed: dict[str, Frame] = {}
        self.read: dict[str, int] = {}  # how far, by conversation, as it was told
        self.strangers: list[Frame] = []  # events of answers that are not on the page: they are on another branch

    def take(self, frame: Frame) -> None:
        taker = getattr(self, f"_take_{frame['type']}", None)
        if taker is not None:
            taker(frame)

    def message(self, message: str) -> Frame:
        return next(shown.messages[message] for shown in self.conversations.values() if message in shown.messages)

    def text(self, message: str) -> str:
        text: str = self.message(message)["text"]
        return text

    def branch(self, conversation: str) -> list[Frame]:
        """The shown branch, oldest first, as far as it is here."""
        shown = self.conversations[conversation]
        branch: list[Frame] = []
        at = shown.conversation["head"]
        while at in shown.messages:
            branch.insert(0, shown.messages[at])
            at = shown.messages[at]["parent"]
        return branch

    def resume_point(self, conversation: str) -> Frame:
        """What `subscribe` should carry so that only what is missing comes back."""
        shown = self.conversations[conversation]
        for message in shown.messages.values():
            reply = message["reply"]
            if reply and reply["status"] in ("queued", "streaming"):
                return {
                    "rev": shown.rev,
                    "reply": {"id": message["id"], "attempt": reply["attempt"], "seq": reply["seq"]},
                }
        return {"rev": shown.rev}

    def _take_snapshot(self, frame: Frame) -> None:
        conversation, since = frame["conversation"], frame["since"]
        known = self.conversations.get(conversation["id"])
        assert since is None or (known is not None and since <= known.rev), (
            f"a snapshot since what is not here: {frame}"
        )
        assert known is None or conversation["rev"] >= known.rev, f"a snapshot of the past: {frame}"
        shown = self.conversations[conversation["id"]] = Shown(conversation)
        if known is not None:
            shown.messages, shown.old = dict(known.messages), set(known.old)
        if since is None:  # the newest page: what ran elsewhere may have ended unheard
            shown.messages = {key: message for key, message in shown.messages.items() if not _runs(message)}
            shown.old = set(shown.messages)
        shown.summary = frame["summary"]
        shown.last_read = frame["last_read"]
        shown.recap = frame["recap"]
        for message in frame["messages"]:
            mine = known.messages.get(message["id"]) if known else None
            if mine is not None and _is_behind(message, mine):
                message = {
                    **message,
                    "text": mine["text"],
                    "reply": {**message["reply"], "seq": mine["reply"]["seq"]},
                }
            shown.messages[message["id"]] = message
            shown.old.discard(message["id"])

    def _take_message(self, frame: Frame) -> None:
        shown = self.conversations[frame["conversation"]]
        assert frame["rev"] == shown.rev + 1, f"a message out of turn, the page is at {shown.rev}: {frame}"
        assert frame["message"]["rev"] == frame["rev"]
        shown.conversation = {**shown.conversation, "rev": frame["rev"], "head": frame["head"]}
        shown.messages[frame["message"]["id"]] = frame["message"]
        shown.old.discard(frame["message"]["id"])

    def _take_conversation(self, frame: Frame) -> None:
        conversation = frame["conversation"]
        listed = self.listed.get(conversation["id"])
        if listed is None or listed["rev"] <= conversation["rev"]:
            self.listed[conversation["id"]] = conversation
        shown = self.conversations.get(conversation["id"])
        # It also comes for the list, by another way: it may be ahead of what tells the rest, or come without it.
        next_one = shown is not None and conversation["rev"] in (shown.rev, shown.rev + 1)
        if shown is not None and next_one and conversation["head"] in (None, *shown.messages):
            shown.conversation = conversation

    def _take_deleted(self, frame: Frame) -> None:
        self.conversations.pop(frame["conversation"], None)
        self.listed.pop(frame["conversation"], None)

    def _take_summary(self, frame: Frame) -> None:
        shown = self.conversations[frame["conversation"]]
        assert frame["rev"] == shown.rev + 1, f"a summary out of turn, the page is at {shown.rev}: {frame}"
        shown.conversation = {**shown.conversation, "rev": frame["rev"]}
        shown.summary = frame["summary"]

    def _take_read(self, frame: Frame) -> None:
        self.read[frame["conversation"]] = frame["last_read"]
        shown = self.conversations.get(frame["conversation"])
        if shown is not None:
            shown.last_read = max(shown.last_read, frame["last_read"])

    def _take_recap(self, frame: Frame) -> None:
        shown = self.conversations.get(frame["conversation"])
        if shown is not None:
            shown.recap = frame["recap"]

    def _take_reply(self, frame: Frame) -> None:
        message = self._next(frame)
        if message is not None:
            message["reply"] |= {"status": frame["status"]}

    def _take_delta(self, frame: Frame) -> None:
        message = self._next(frame)
        if message is not None:
            assert frame["text"], "a delta that says nothing"
            message["text"] += frame["text"]
            message["reply"] |= {"status": "streaming"}

    def _take_reset(self, frame: Frame) -> None:
        message = self._running(frame)
        if message is None:
            return
        reply = message["reply"]
        here = (reply["attempt"], reply["seq"])
        assert (frame["attempt"], frame["seq"]) > here, f"a reset to the past, the page is at {here}: {frame}"
        message["text"] = frame["text"]
        message["reply"] = {**reply, "attempt": frame["attempt"], "seq": frame["seq"], "status": "streaming"}

    def _take_end(self, frame: Frame) -> None:
        shown = self.conversations[frame["conversation"]]
        assert frame["rev"] == shown.rev + 1, f"an end out of turn, the page is at {shown.rev}: {frame}"
        message = self._next(frame)
        shown.conversation = {**shown.conversation, "rev": frame["rev"]}
        if message is not None:
            fields = ("status", "error", "finish_reason", "usage")
            message["reply"] |= {name: frame[name] for name in fields}
            message["rev"] = frame["rev"]

    def _running(self, frame: Frame) -> Frame | None:
        """The answer that the frame is about; None when it is on a branch that is not shown here."""
        shown = self.conversations[frame["conversation"]]
        message = shown.messages.get(frame["reply"])
        if message is None:
            self.strangers.append(frame)
            return None
        went_on = message["id"] in shown.old and frame["attempt"] > message["reply"]["attempt"]
        assert _runs(message) or went_on, f"more of an answer that has ended: {frame}"
        return message

    def _next(self, frame: Frame) -> Frame | None:
        message = self._running(frame)
        if message is None:
            return None
        reply = message["reply"]
        if frame["attempt"] > reply["attempt"]:  # a new attempt starts with nothing
            message["text"] = ""
            reply |= {"attempt": frame["attempt"], "seq": 0}
        here = (reply["attempt"], reply["seq"])
        assert here == (frame["attempt"], frame["seq"] - 1), f"not the next event, the page is at {here}: {frame}"
        reply["seq"] = frame["seq"]
        return message


def _runs(message: Frame) -> bool:
    return message["reply"] is not None and message["reply"]["status"] in RUNNING


def _is_behind(theirs: Frame, mine: Frame) -> bool:
    """Whether a snapshot's message tells of an earlier moment of a running answer than the page has."""
    if not _runs(theirs):
        return False
    same = theirs["reply"]["attempt"] == mine["reply"]["attempt"]
    return bool(same and theirs["reply"]["seq"] < mine["reply"]["seq"])
