"""A conversation without Postgres and Redis: its rows, its log and its bus in memory, behind the ports of a relay.

The rows change in the same order as in `states/` and `endings.py`; the events are formed by the real `Draft`.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from django.db import OperationalError

from conversations import live
from conversations.draft import Draft
from conversations.endings import outcome_frame
from conversations.models import Status
from conversations.snapshots import Mark, OpenReply, View
from conversations.states import Claim, Outcome
from tests.page import RUNNING

Publish = Callable[[dict[str, Any]], None]


class SmallTalk:
    """`publish` is called with each event of the conversation's group, in the order in which Redis would have them."""

    def __init__(self, publish: Publish) -> None:
        self.id = uuid.uuid4()
        self.rev = self.shown_rev = 0
        self.title = ""
        self.messages: dict[str, dict[str, Any]] = {}
        self.open: dict[str, OpenReply] = {}
        self.log: dict[tuple[str, int], dict[int, str]] = {}
        self.log_is_down = self.rows_are_down = False
        self._publish = publish

    # --- What happens -------------------------------------------------------------------------------------------

    def send(self) -> str:
        """A member says something; returns the id of the answer to come."""
        first = self.rev + 1
        question = self._add("user", text=f"Question {first}", reply=None)
        status = "waiting" if self._in_line() else "queued"
        answer = self._add("assistant", text="", reply={"status": status, "attempt": 0, "seq": 0})
        frames = [
            json.dumps(
                {"type": "message", "conversation": str(self.id), "rev": m["rev"], "head": m["id"], "message": m}
            )
            for m in (question, answer)
        ]
        self._changed(first, frames)
        return str(answer["id"])

    def rename(self, title: str) -> None:
        self.rev += 1
        self.title = title
        self._changed(self.rev, [json.dumps({"type": "conversation", "conversation": self._object()})])

    def select(self) -> None:
        """Another branch is shown: every reader needs the page anew."""
        self.rev += 1
        self.shown_rev = self.rev
        self._changed(self.rev, [])

    def claim(self) -> Draft | None:
        """A writer takes the answer that is queued, if one is, and says so."""
        answer = next((m["id"] for m in self._in_line() if m["reply"]["status"] == "queued"), None)
        if answer is None:
            return None
        reply = self.messages[answer]["reply"]
        reply |= {"status": "streaming", "attempt": reply["attempt"] + 1, "seq": 0}
        text = self.messages[answer]["text"]
        self.open[answer] = OpenReply(answer, reply["attempt"], 0, text)
        draft = Draft(Claim(uuid.UUID(answer), self.id, reply["attempt"], text))
        draft.begin(self.messages[answer]["rev"])
        return draft

    def print(self, draft: Draft) -> None:
        """Bring what is pending to the log and to the bus, as the press does."""
        while draft.pending:
            if not self._append(draft.form()):
                draft.whole = True
                return

    def save(self, draft: Draft) -> None:
        saved = draft.save()
        self.open[str(saved.reply)] = OpenReply(str(saved.reply), saved.attempt, saved.seq, saved.text)

    def end(self, draft: Draft, status: Status = Status.COMPLETE) -> None:
        """First the rows, then the log, then the bus."""
        self.print(draft)
        draft.settle()
        answer = str(draft.claim.reply)
        del self.open[answer]
        self.rev += 1
        message = self.messages[answer]
        message |= {"text": draft.text, "rev": self.rev}
        message["reply"] |= {"status": status.value, "seq": draft.seq}
        rev = self.rev
        moved = self._move_up()
        self._append(draft.end(rev, outcome_frame(Outcome(status=status))))
        if moved:
            self._changed(self.rev, [])

    def go_on(self) -> None:
        """The last answer is asked to go on, if it has ended."""
        message = list(self.messages.values())[-1]
        if message["reply"] is None or message["reply"]["status"] in RUNNING or not message["text"]:
            return
        self.rev += 1
        status = "waiting" if self._in_line() else "queued"
        message |= {"rev": self.rev}
        message["reply"] |= {"status": status, "seq": 0}
        copy = json.loads(json.dumps(message))
        frame = {"type": "message", "conversation": str(self.id), "rev": self.rev, "head": copy["id"], "message": copy}
        self._changed(self.rev, [json.dumps(frame)])

    def hand_back(self, draft: Draft) -> None:
        """The writer goes before it has written anything; another one will try."""
        answer = str(draft.claim.reply)
        del self.open[answer]
        self.rev += 1
        self.messages[answer] |= {"rev": self.rev}
        self.messages[answer]["reply"] |= {"status": "queued", "seq": 0}
        self._changed(self.rev, [])

    def forget_log(self) -> None:
        """FLUSHALL."""
        self.log.clear()

    # --- What a relay asks --------------------------------------------------------------------------------------

    async def rows(self, since: int | None) -> View:
        if self.rows_are_down:
            raise OperationalError
        whole = since is None or not self.shown_rev <= since <= self.rev
        frame: Any = {
            "type": "snapshot",
            "conversation": self._object(),
            "messages": [self._shown(m) for m in self.messages.values() if whole or m["rev"] > (since or 0)],
            "has_earlier": False,
            "summary": None,
            "last_read": 0,
            "recap": None,
            "since": None if whole else since,
        }
        waiting = {m["id"] for m in self._in_line()} - set(self.open)
        return View(frame=frame, open=list(self.open.values()), waiting=waiting)

    def mark(self) -> Mark:
        writing = next(((reply.id, reply.attempt) for reply in self.open.values()), None)
        return Mark(self.rev, writing)

    async def read(self, reply: uuid.UUID | str, attempt: int, *, after: int) -> list[tuple[int, str]]:
        if self.log_is_down:
            raise live.RedisError
        events = self.log.get((str(reply), attempt), {})
        return [(seq, frame) for seq, frame in sorted(events.items()) if seq > after]

    # --- Inside -------------------------------------------------------------------------------------------------

    def _in_line(self) -> list[dict[str, Any]]:
        """The messages whose answers are open, the first in line first."""
        return [m for m in self.messages.values() if m["reply"] and m["reply"]["status"] in RUNNING]

    def _move_up(self) -> bool:
        line = self._in_line()
        if line:
            self.rev += 1
            line[0]["reply"] |= {"status": "queued"}
            for message in line:
                message["rev"] = self.rev
        return bool(line)

    def _append(self, event: live.Event) -> bool:
        if self.log_is_down:
            return False
        log = self.log.setdefault((event["reply"], event["attempt"]), {})
        assert event["seq"] > max(log, default=0), "Redis would refuse it"
        log[event["seq"]] = event["frame"]
        self._publish(dict(event))
        return True

    def _changed(self, first: int, frames: list[str]) -> None:
        change = {"type": "conversation.changed", "conversation": str(self.id), "first": first, "rev": self.rev}
        self._publish({**change, "frames": frames})

    def _add(self, role: str, *, text: str, reply: dict[str, Any] | None) -> dict[str, Any]:
        self.rev += 1
        message = {"id": str(uuid.uuid4()), "rev": self.rev, "role": role, "text": text, "parent": None, "reply": reply}
        self.messages[str(message["id"])] = message
        return json.loads(json.dumps(message))  # type: ignore[no-any-return]

    def _shown(self, message: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(json.dumps(message))
        saved = self.open.get(message["id"])
        if saved is not None:
            shown["text"] = saved.text
            shown["reply"]["seq"] = saved.seq
        return shown

    def _object(self) -> dict[str, Any]:
        head = list(self.messages)[-1] if self.messages else None
        return {"id": str(self.id), "title": self.title, "rev": self.rev, "head": head}
