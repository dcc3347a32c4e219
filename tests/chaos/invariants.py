"""What has to be true after every test, whatever was killed, cut, frozen or slow meanwhile."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection

from conversations.models import OPEN, Message, Reply, Role, Status
from tests.chaos.counting import TALLY, Tally, count
from tests.page import RUNNING
from tests.server import eventually

if TYPE_CHECKING:
    from tests.chaos.storm import Storm

STORED = "Said"  # by no model: tests/conversations/stored.py
PATIENCE = 60.0  # seconds after which nothing may be unfinished
CONNECTIONS = 12  # that one process may hold to one server: its database threads, pages, the log, the channel layer


def assert_invariants(storm: "Storm") -> None:
    """Wait until all is quiet, then look at rows, pages, requests, connections and logs."""
    eventually(lambda: not Reply.objects.filter(status__in=OPEN).exists(), within=PATIENCE)
    found = Tally()
    for check in (_texts, _pages, _sends):
        found.add(check(storm))
    TALLY.add(found)
    assert found.clean, found
    _one_active_reply()
    _requests(storm)
    for tab in storm.tabs:
        tab.close()
    _nothing_leaked(storm)


def _texts(storm: "Storm") -> Tally:
    """Rows: each answer is its tokens in order, and all of them where it is complete."""
    tally = Tally()
    for reply in Reply.objects.filter(asked_by__in=storm.members).select_related("message__parent"):
        if reply.message.text == STORED:
            continue
        asked = re.search(r"tokens=(\d+)", reply.message.parent.text if reply.message.parent else "")
        whole = asked is not None and reply.status == Status.COMPLETE
        tally.add(count(reply.message.text, int(asked[1]) if whole and asked else None))
        assert reply.text == "", "the text belongs to the message once it has ended"
    return tally


def _pages(storm: "Storm") -> Tally:
    """Tabs: each shows what the rows say. One that was left in the middle shows the beginning of it."""
    tally = Tally()
    rows = {str(pk): text for pk, text in Message.objects.values_list("pk", "text")}
    for tab in storm.readers:
        for shown in tab.page.conversations.values():
            for message in shown.messages.values():
                text, row = message["text"], rows[message["id"]]
                if message["reply"] is None:
                    assert text == row
                elif message["reply"]["status"] not in RUNNING and row != STORED:
                    tally.add(count(text, last=max(count_of(row), count_of(text))))
                    assert text == row or not count(text).clean, "a tab and the row tell different stories"
                else:
                    assert row.startswith(text), "a tab was shown what was not kept"
    return tally


def count_of(text: str) -> int:
    return len(text.split())


def _sends(storm: "Storm") -> Tally:
    """One row for each client id, and a row for each that was acknowledged."""
    sent = Counter(
        str(client_id)
        for client_id in Message.objects.filter(role=Role.USER, author__in=storm.members).values_list(
            "client_id", flat=True
        )
    )
    acknowledged = {
        frame["client_id"]
        for tab in storm.readers
        for frame in tab.frames
        if frame["type"] == "ack" and frame["conversation"] not in storm.erased
    }
    versions = {
        str(client_id)
        for client_id in Message.objects.filter(role=Role.ASSISTANT, reply__asked_by__in=storm.members)
        .exclude(client_id=None)
        .values_list("client_id", flat=True)
    }
    return Tally(lost=len(acknowledged - set(sent) - versions), doubled=sum(number - 1 for number in sent.values()))


def _one_active_reply() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM conversations_reply WHERE status IN ('queued', 'streaming')"
            " GROUP BY conversation_id HAVING count(*) > 1"
        )
        assert cursor.fetchall() == []


def _requests(storm: "Storm") -> None:
    """No answer was paid for twice, unless the test says why, or a writer was lost who had shown nothing of it."""
    requests = storm.asked(settled=10)
    replies = Reply.objects.filter(asked_by__in=storm.members)
    if storm.extra_requests is None:
        assert len(requests) <= sum(replies.values_list("attempt", flat=True))
    else:
        expected = replies.count() + storm.extra_requests
        assert len(requests) == expected, [request["messages"][-1] for request in requests]
    assert all(request["ended"] for request in requests), "the model is still asked"


def _nothing_leaked(storm: "Storm") -> None:
    fleet = storm.fleet
    processes = len(fleet.processes)
    for port in fleet.ports.values():
        _none_left("sockets", partial(sockets_of, port))
    # With no tab open nobody listens to any group, and no consumer has a channel of its own.
    for pattern in ("parley__group__*", "parleyspecific*"):
        _none_left("subscriptions", partial(fleet.servers.redis.pubsub_channels, pattern))
    # The pool of a process keeps what its readers needed at once, when all of them came back together.
    held = len(fleet.servers.redis.client_list())
    assert held <= CONNECTIONS * processes + 2 * len(storm.crowd), f"{held} connections to Redis"
    _none_left("transactions", partial(_queries, "state LIKE 'idle in transaction%%'"))
    assert len(_queries("true")) <= CONNECTIONS * processes


def _none_left(what: str, look: Callable[[], Sequence[object]]) -> None:
    """Wait until there are none for a moment: who lives begins something every second, and ends it."""
    seen: list[object] = []

    def none() -> bool:
        seen[:] = look()
        return not seen

    with suppress(AssertionError):  # below it is said which
        eventually(none, within=15, every=0.1)
    assert not seen, f"{what} that nobody uses any more: {seen}"


def sockets_of(port: int) -> list[object]:
    """The TCP connections to this port that its server still has, those included that it forgot to close."""
    open_states = ("01", "08")  # ESTABLISHED, CLOSE_WAIT
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [fields[1:4] for fields in lines if fields[1].endswith(f":{port:04X}") and fields[3] in open_states]


def _queries(condition: str) -> list[object]:
    """What each connection to the database that fits did last."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT state, query FROM pg_stat_activity WHERE datname = 'parley' AND {condition}", [])
        return list(cursor.fetchall())
