"""A summary that fails is tried again, later each time, and given up with a reason; what is there stays."""

import pytest
from django.utils import timezone

from accounts.models import User
from conversations.memory.summaries import summarise
from conversations.models import Conversation, Kind, Status, Summary, SummaryJob, Usage
from conversations.summaries import jobs, leases
from tests.conversations.in_short import later, made, says
from tests.conversations.stored import store_exchanges, store_talk
from tests.endpoint import RunningEndpoint

pytestmark = pytest.mark.usefixtures("asks_the_scripted_model")


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    return store_talk(alice)


class TestFailure:
    def fail(self, talk: Conversation, endpoint: RunningEndpoint, fault: str) -> SummaryJob:
        endpoint.script(f"[[whole {fault}]]")
        assert not summarise(talk.pk)
        return SummaryJob.objects.get()

    def test_it_is_tried_again_later_and_each_time_later(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        store_exchanges(talk, 11)
        waits = []
        for attempt in range(1, leases.MAX_ATTEMPTS):
            job = self.fail(talk, endpoint, "fault=503")
            assert (job.attempt, job.error_code, job.given_up_at) == (attempt, "overloaded", None)
            assert jobs.ready() == []
            assert not summarise(talk.pk)
            assert job.due_at is not None
            waits.append((job.due_at - timezone.now()).total_seconds())
            later(talk)
            assert jobs.ready() == [talk.pk]
        for wait, expected in zip(waits, [15, 60, 240, 960], strict=True):
            assert expected - 10 < wait <= expected
        assert len(endpoint.log()) == leases.MAX_ATTEMPTS - 1

    def test_it_is_given_up_with_a_reason_and_the_old_one_stays(
        self, talk: Conversation, endpoint: RunningEndpoint
    ) -> None:
        store_exchanges(talk, 11)
        endpoint.script(*says("Old"))
        assert summarise(talk.pk)
        store_exchanges(talk, 6)
        for _ in range(leases.MAX_ATTEMPTS):
            job = self.fail(talk, endpoint, "fault=503")
            later(talk)
        assert job.given_up_at is not None
        assert job.error_message
        assert jobs.ready() == []
        assert not summarise(talk.pk)
        assert made(talk) == [(12, 1, "Old")]
        assert Usage.objects.filter(kind=Kind.SUMMARY, status=Status.FAILED).count() == leases.MAX_ATTEMPTS

    @pytest.mark.parametrize("fault", ["fault=401", "fault=404", "fault=context"])
    def test_at_once_when_another_try_is_no_use(
        self, talk: Conversation, endpoint: RunningEndpoint, fault: str
    ) -> None:
        store_exchanges(talk, 11)
        job = self.fail(talk, endpoint, fault)
        assert (job.attempt, job.given_up_at is not None) == (1, True)

    def test_when_the_conversation_has_grown_it_is_tried_anew(
        self, talk: Conversation, endpoint: RunningEndpoint
    ) -> None:
        store_exchanges(talk, 11)
        self.fail(talk, endpoint, "fault=401")
        store_exchanges(talk, 4)
        assert not summarise(talk.pk)
        store_exchanges(talk, 1)
        assert summarise(talk.pk)
        assert made(talk)[0][0] == 22
        assert not SummaryJob.objects.exists()

    def test_an_answer_that_is_no_summary_is_a_failure(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        store_exchanges(talk, 11)
        job = self.fail(talk, endpoint, 'text=" ... "')
        assert job.error_code == "no_summary"
        assert not Summary.objects.exists()
