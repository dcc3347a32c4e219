"""A summary stands for the branches that its last message is on, and for no other; it is found at a bounded cost."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from conversations.memory.summaries import summarise
from conversations.models import Conversation, Summary
from conversations.summaries.recall import newest
from tests.conversations.in_short import asked, says
from tests.conversations.stored import store_exchanges, store_message, store_talk, store_thread
from tests.endpoint import RunningEndpoint

pytestmark = pytest.mark.usefixtures("asks_the_scripted_model")


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    return store_talk(alice)


class TestBranches:
    def test_a_summary_holds_for_the_branches_it_is_on(self, talk: Conversation) -> None:
        store_exchanges(talk, 11)
        assert summarise(talk.pk)
        summary, end = Summary.objects.get(), talk.head
        assert end is not None
        before = store_message(talk, parent=talk.messages.get(position=10))
        after = store_message(talk, parent=talk.messages.get(position=14))
        assert newest(end.pk) == newest(after.pk) == newest(summary.reaches_id) == summary
        assert newest(before.pk) is None

    def test_another_branch_gets_its_own(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        endpoint.script(*says("First", "Second"))
        store_exchanges(talk, 11)
        assert summarise(talk.pk)
        first_end = talk.head
        talk.head = talk.messages.get(position=10)
        store_exchanges(talk, 8)
        assert summarise(talk.pk)
        assert "Question 23" in asked(endpoint)[1]
        assert "Question 11" not in asked(endpoint)[1]
        assert "First" not in asked(endpoint)[1]
        assert first_end is not None
        assert talk.head is not None
        of_first, of_second = newest(first_end.pk), newest(talk.head.pk)
        assert of_first is not None
        assert of_second is not None
        assert (of_first.text, of_second.text) == ("First", "Second")

    def test_finding_it_is_bounded(
        self, personalities: None, alice: User, django_assert_num_queries: Callable[..., Any]
    ) -> None:
        talk = store_thread(alice, 100)
        assert talk.head is not None
        Summary.objects.create(conversation=talk, reaches=talk.messages.get(position=150), text="In short")
        with django_assert_num_queries(2):
            assert newest(talk.head.pk) is not None
        assert newest(talk.head.pk, within=50) is None
        assert newest(talk.head.pk, within=51) is not None
