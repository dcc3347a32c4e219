"""What a reader is shown is as it was at one moment, whatever happens between two queries of the reading.

Else an answer may be shown as not begun while its events are taken for ones the reader has had: nothing of it is then
seen until its end.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from conversations import snapshots, states
from conversations.models import Conversation, Reply, Status
from conversations.snapshots import View
from conversations.states import Outcome
from tests.conversations.stored import store_reply, store_talk

Happening = Callable[[Reply], object]


def claimed(reply: Reply) -> object:
    return states.claim(owner="somebody", limit=5, lease=30)


def ended(reply: Reply) -> object:
    return states.finish(
        reply=reply.pk,
        conversation=reply.conversation_id,
        attempt=reply.attempt,
        frm=[Status.STREAMING],
        text="The end",
        outcome=Outcome(status=Status.COMPLETE, finish_reason="stop"),
    )


class Between:
    """Lets something happen, on another connection, just before the query of this number."""

    def __init__(self, number: int, happens: Callable[[], object]) -> None:
        self.left = number
        self.happened = False
        self._happens = happens

    def __call__(self, execute: Callable[..., Any], *query: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            with ThreadPoolExecutor(1) as other:
                other.submit(self._elsewhere).result(10)
            self.happened = True
        return execute(*query)

    def _elsewhere(self) -> None:
        try:
            assert self._happens(), "it did not happen"
        finally:
            connection.close()


def views(owner: User, status: Status, happens: Happening, *, since: int | None) -> list[View]:
    """A reading for each place in it at which this can happen."""
    found: list[View] = []
    for number in count(1):
        talk: Conversation = store_talk(owner)
        reply = store_reply(talk, status)
        between = Between(number, lambda reply=reply: happens(reply))  # type: ignore[misc]
        with connection.execute_wrapper(between):
            view = snapshots.read(owner, talk.pk, since=since)
        Reply.objects.filter(pk=reply.pk).delete()
        if not between.happened:
            return found
        found.append(view)
    raise AssertionError


@pytest.mark.parametrize("since", [None, 0])
@pytest.mark.parametrize(("status", "happens"), [(Status.QUEUED, claimed), (Status.STREAMING, ended)])
def test_what_happens_meanwhile_is_seen_whole_or_not_at_all(
    alone: None, world: None, alice: User, status: Status, happens: Happening, since: int | None
) -> None:
    seen = views(alice, status, happens, since=since)
    assert len(seen) > 4
    for view in seen:
        messages = view.frame["messages"]
        streaming = {each["id"] for each in messages if each["reply"] and each["reply"]["status"] == "streaming"}
        assert streaming == {reply.id for reply in view.open}
        assert max((each["rev"] for each in messages), default=0) <= view.frame["conversation"]["rev"]
