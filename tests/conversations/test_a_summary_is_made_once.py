"""A summary is made once, by whichever worker is alive: tasks may be doubled, lost or late, and workers may die."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from conversations.memory import summaries
from conversations.memory.summaries import summarise
from conversations.models import Conversation, Message, Summary, SummaryJob
from conversations.summaries import jobs, keeping, leases
from tests.conversations.in_short import later, made
from tests.conversations.stored import store_exchanges, store_talk, store_thread
from tests.endpoint import RunningEndpoint

pytestmark = pytest.mark.usefixtures("asks_the_scripted_model")


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    return store_talk(alice)


class TestOnce:
    def test_a_doubled_task_does_nothing(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        store_exchanges(talk, 11)
        wanted = summaries.due(talk.pk)
        assert wanted is not None
        assert summarise(talk.pk)
        assert jobs.plan(wanted), "as a task does that looked before the other one was done"
        assert not summarise(talk.pk)
        assert len(endpoint.log()) == 1
        assert not SummaryJob.objects.exists()

    def test_a_lost_task_comes_back_by_the_sweep(self, talk: Conversation) -> None:
        store_exchanges(talk, 11)
        assert summaries.sweep() == [], "its own task may still be on its way"
        Conversation.objects.filter(pk=talk.pk).update(last_active_at=timezone.now() - timedelta(minutes=1))
        assert summaries.sweep() == [talk.pk]
        assert summarise(talk.pk)
        assert summaries.sweep() == []

    def test_a_dead_workers_job_is_taken_over_when_its_lease_is_over(
        self, talk: Conversation, endpoint: RunningEndpoint
    ) -> None:
        store_exchanges(talk, 11)
        wanted = summaries.due(talk.pk)
        assert wanted is not None
        jobs.plan(wanted)
        dead = jobs.claim(talk.pk, lease=60)
        assert dead is not None
        assert summaries.sweep() == []
        assert not summarise(talk.pk)
        later(talk)
        assert summaries.sweep() == [talk.pk]
        assert summarise(talk.pk)
        assert len(endpoint.log()) == 1

        # It was not dead, only slow: what it brings is not stored.
        assert not keeping.keep(dead, Summary(text="Late", covers=12))
        assert [text for _, _, text in made(talk)] == ["Title 1"]

    def test_one_that_kills_its_workers_is_given_up(self, talk: Conversation) -> None:
        store_exchanges(talk, 11)
        wanted = summaries.due(talk.pk)
        assert wanted is not None
        jobs.plan(wanted)
        for _ in range(leases.MAX_ATTEMPTS):
            assert jobs.claim(talk.pk, lease=60) is not None
            later(talk)
        assert jobs.claim(talk.pk, lease=60) is None
        assert summaries.sweep() == []
        assert SummaryJob.objects.get().error_code == "worker_lost"


def test_many_at_once_make_one(alone: None, world: None, alice: User, endpoint: RunningEndpoint) -> None:
    talk = store_thread(alice, 11)
    endpoint.script('[[whole text="In short" first=200ms]]')

    def work(_: int) -> bool:
        try:
            return summarise(talk.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 1
    assert len(endpoint.log()) == 1
    assert made(talk) == [(12, 1, "In short")]
    assert Message.objects.count() == 22
