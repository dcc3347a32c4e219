"""To tell a model what was said costs what it is told, however long the conversation is: in rows, not in time."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from agents.models import Personality, PersonalityVersion, Strategy
from agents.publishing import published
from conversations import briefs
from conversations.models import Conversation, Message, Reply, Role, Status, Summary
from conversations.states import Claim
from conversations.summaries.recall import NEAR
from tests.conversations.stored import store_message, store_reply, store_thread

pytestmark = pytest.mark.usefixtures("personalities")


def asked(talk: Conversation, strategy: str, *, parent: Message | None = None) -> Claim:
    """A question at the end, whose answer is ours to write."""
    talk.refresh_from_db()
    version = PersonalityVersion.objects.create(
        personality=Personality.objects.get(slug="assistant"), number=2, name="Terse", strategy=strategy,
        context_budget=1000, max_tokens=100,
    )  # fmt: skip
    question = store_message(talk, Role.USER, parent=parent or talk.head, text="What was the third text about?")
    reply = store_reply(talk, Status.STREAMING, parent=question)
    Reply.objects.filter(pk=reply.pk).update(version=version)
    return Claim(reply.pk, talk.pk, 1)


def rows_read() -> int:
    """Rows of messages that this transaction has fetched so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'conversations_message'"
        )
        (count,) = cursor.fetchone() or (0,)
    return int(count)


def cost(claim: Claim) -> tuple[int, int]:
    """Queries made and rows of messages read to prepare one answer."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_message")  # as autovacuum does for a table that has grown
    published.cache_clear()  # each time is the first of its process
    before = rows_read()
    with CaptureQueriesContext(connection) as queries:
        assert briefs.prepare(claim, default_model="scripted") is not None
    return len(queries), rows_read() - before


@pytest.mark.parametrize("strategy", Strategy.values)
def test_five_thousand_messages_cost_what_a_thousand_do(alice: User, strategy: str) -> None:
    queries, rows = cost(asked(store_thread(alice, exchanges=500), strategy))
    PersonalityVersion.objects.filter(number=2).update(number=3)
    of_more = cost(asked(store_thread(alice, exchanges=2500), strategy))
    assert of_more[0] == queries
    assert abs(of_more[1] - rows) < 10, "the planner may look at a row or two itself"
    assert 10 < rows < 1000, "what a strategy may look at"
    assert queries < 15


def test_the_search_for_a_summary_goes_up_to_it_and_no_further_than_a_bound(alice: User) -> None:
    talk = store_thread(alice, exchanges=1000)
    claim = asked(talk, Strategy.WINDOW)
    queries, without = cost(claim)
    summary = Summary.objects.create(conversation=talk, reaches=talk.messages.get(position=1900), text="In short")
    assert 90 < cost(claim)[1] - without < 120
    Summary.objects.filter(pk=summary.pk).update(reaches=talk.messages.get(position=100))
    further = cost(claim)
    assert NEAR - 10 < further[1] - without < NEAR + 20
    assert without < 120, "where there is none, nothing is searched"
    assert further[0] == queries


def test_other_branches_cost_nothing(alice: User) -> None:
    talk = store_thread(alice, exchanges=500)
    first = Message.objects.get(conversation=talk, position=2)
    _, rows = cost(asked(talk, Strategy.IMPORTANCE, parent=first))
    assert rows < 15
    receipt = Reply.objects.get(status=Status.STREAMING).receipt
    positions = Message.objects.in_bulk([uuid.UUID(turn["id"]) for turn in receipt["turns"]])
    assert sorted(message.position for message in positions.values()) == [1, 2, 1001]


def test_a_short_conversation_is_read_in_one_go(alice: User) -> None:
    queries, rows = cost(asked(store_thread(alice, exchanges=2), Strategy.AUTO))
    assert queries == 6, "reply, version, what the answer before was counted as, summary, branch, receipt"
    assert rows < 100, "so small a table may be read as a whole, each time"
