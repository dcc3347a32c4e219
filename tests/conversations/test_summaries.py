"""Long threads keep their earlier part in short: made in steps, once for each, by whichever worker is alive."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from agents.summaries import SUMMARY_TOKENS, summary_messages
from conversations.memory import summaries
from conversations.memory.summaries import summarise
from conversations.models import Conversation, Kind, Message, Status, Summary, SummaryJob, Usage
from conversations.summaries import jobs, keeping
from conversations.summaries.recall import newest
from tests.conversations.stored import store_exchanges, store_message, store_reply, store_talk, store_thread
from tests.endpoint import RunningEndpoint

SYSTEM = summary_messages("", [])[0]


@pytest.fixture(autouse=True)
def _asks_the_scripted_model(settings: Any, endpoint: RunningEndpoint) -> None:
    settings.OPENAI_BASE_URL = endpoint.base_url
    settings.OPENAI_API_KEY = endpoint.api_key
    settings.OPENAI_MODEL = endpoint.model
    settings.SUMMARY_SECONDS = 5


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    return store_talk(alice)


def says(*texts: str) -> list[str]:
    return [f'[[whole text="{text}"]]' for text in texts]


def asked(endpoint: RunningEndpoint) -> list[str]:
    """What each call was asked, its instructions apart."""
    log = endpoint.log()
    for request in log:
        assert request["messages"][0] == SYSTEM
        assert len(request["messages"]) == 2
    return [request["messages"][1]["content"] for request in log]


def lines(first: int, last: int, name: str = "Parley") -> str:
    """The messages of stored exchanges from one position to another, as they are quoted."""
    return "\n".join(f"Alice: Question {at}" if at % 2 else f"{name}: Said" for at in range(first, last + 1))


def name_of(talk: Conversation) -> str:
    assert talk.personality.published is not None
    return talk.personality.published.name


def made(talk: Conversation) -> list[tuple[int, int, str]]:
    """Of each summary how far it reaches, its version and its text."""
    rows = Summary.objects.filter(conversation=talk).order_by("reaches__position", "version")
    return list(rows.values_list("reaches__position", "version", "text"))


def later(conversation: Conversation) -> None:
    """The time of the job has come, and a lease on it has run out."""
    past = timezone.now() - timedelta(seconds=1)
    SummaryJob.objects.filter(conversation=conversation).update(due_at=past)
    SummaryJob.objects.filter(conversation=conversation, lease_until__isnull=False).update(lease_until=past)


class TestWhatIsMade:
    def test_of_a_thread_of_200_messages(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        endpoint.script(*says(*(f"Summary {number}" for number in range(1, 30))))
        for _ in range(100):
            store_exchanges(talk, 1)
            while summarise(talk.pk):
                pass

        # Past 20 messages all but the last 10 go in: at 22 the first 12, and 12 more at every twelfth after that.
        steps = [(1 + 12 * step, 12 + 12 * step) for step in range(15)]
        name = name_of(talk)
        expected = [f"The conversation:\n{lines(1, 12, name)}\n\nSummary:"] + [
            f"The summary so far:\nSummary {number}\n\nSaid since:\n{lines(first, last, name)}\n\nSummary:"
            for number, (first, last) in enumerate(steps[1:], 1)
        ]
        assert asked(endpoint) == expected
        assert made(talk) == [(last, 1, f"Summary {number}") for number, (_, last) in enumerate(steps, 1)]
        assert list(Summary.objects.order_by("pk").values_list("covers", flat=True)) == [last for _, last in steps]
        options = {str(request["options"]["temperature"]) for request in endpoint.log()}
        assert options == {"0.3"}
        assert {request["options"]["max_tokens"] for request in endpoint.log()} == {SUMMARY_TOKENS}
        assert not SummaryJob.objects.exists()
        assert talk.messages.count() == 200
        assert Usage.objects.filter(kind=Kind.SUMMARY, status=Status.COMPLETE).count() == 15

    def test_calls_grow_with_the_length_and_not_with_its_square(
        self, personalities: None, alice: User, endpoint: RunningEndpoint
    ) -> None:
        sent = []
        for exchanges in (200, 400):
            endpoint.reset()
            endpoint.script(*says(*["In short"] * 100))
            talk = store_thread(alice, exchanges)
            while summarise(talk.pk):
                pass
            sent.append((len(asked(endpoint)), sum(map(len, asked(endpoint)))))
        assert sent[1][0] <= 2 * sent[0][0] + 1
        assert sent[1][1] <= 2.1 * sent[0][1]

    def test_a_long_thread_that_came_in_at_once_is_taken_in_steps(
        self, personalities: None, alice: User, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script(*says(*["In short"] * 200))
        talk = store_thread(alice, 2500)
        while summarise(talk.pk):
            pass
        requests = asked(endpoint)
        quoted = [line for request in requests for line in request.splitlines() if ": Text " in line]
        assert [line.rpartition(" ")[2] for line in quoted] == [str(number) for number in range(1, 4991)]
        assert max(request.count(": Text ") for request in requests) == summaries.STEP_MESSAGES
        assert made(talk)[-1][0] == 4990

    def test_long_messages_are_taken_few_at_a_time(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        endpoint.script(*says(*["In short"] * 20))
        for _ in range(20):
            store_reply(talk, Status.COMPLETE, parent=store_message(talk, parent=talk.head, text="word " * 2000))
        while summarise(talk.pk):
            pass
        assert max(map(len, asked(endpoint))) < 15_000
        assert made(talk)[-1][0] == 30

    def test_its_model_is_a_setting(self, talk: Conversation, endpoint: RunningEndpoint, settings: Any) -> None:
        settings.SUMMARY_MODEL = "small"
        store_exchanges(talk, 11)
        assert summarise(talk.pk)
        assert endpoint.log()[0]["model"] == "small"
        assert Summary.objects.get().model == "small"


class TestWhenItIsDue:
    def test_not_up_to_20_short_messages(self, talk: Conversation) -> None:
        store_exchanges(talk, 10)
        assert summaries.due(talk.pk) is None
        store_exchanges(talk, 1)
        assert summaries.due(talk.pk) is not None

    def test_but_past_2000_tokens(self, talk: Conversation) -> None:
        for _ in range(8):
            store_reply(talk, Status.COMPLETE, parent=store_message(talk, parent=talk.head, text="word " * 400))
        wanted = summaries.due(talk.pk)
        assert wanted is not None
        assert wanted.reaches == talk.messages.get(position=6).pk

    def test_never_for_the_last_ten_however_long_they_are(self, talk: Conversation) -> None:
        for _ in range(7):
            store_reply(talk, Status.COMPLETE, parent=store_message(talk, parent=talk.head, text="word " * 2000))
        assert summaries.due(talk.pk) is None

    def test_it_ends_with_an_answer(self, talk: Conversation) -> None:
        """So that what stays as it was said begins with a question."""
        store_message(talk)
        store_exchanges(talk, 11)
        wanted = summaries.due(talk.pk)
        assert wanted is not None
        assert talk.messages.get(pk=wanted.reaches).role == "assistant"

    def test_it_stops_before_an_answer_that_is_still_written(self, talk: Conversation) -> None:
        store_exchanges(talk, 4)
        store_reply(talk, Status.STREAMING, parent=store_message(talk, parent=talk.head))
        for _ in range(9):
            store_reply(talk, Status.WAITING, parent=store_message(talk, parent=talk.head))
        wanted = summaries.due(talk.pk)
        assert wanted is not None
        assert talk.messages.get(pk=wanted.reaches).position == 8

    def test_not_in_the_trash(self, talk: Conversation) -> None:
        store_exchanges(talk, 11)
        Conversation.objects.filter(pk=talk.pk).update(trashed_at=timezone.now())
        assert not summarise(talk.pk)


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


class TestFailure:
    def fail(self, talk: Conversation, endpoint: RunningEndpoint, fault: str) -> SummaryJob:
        endpoint.script(f"[[whole {fault}]]")
        assert not summarise(talk.pk)
        return SummaryJob.objects.get()

    def test_it_is_tried_again_later_and_each_time_later(self, talk: Conversation, endpoint: RunningEndpoint) -> None:
        store_exchanges(talk, 11)
        waits = []
        for attempt in range(1, jobs.MAX_ATTEMPTS):
            job = self.fail(talk, endpoint, "fault=503")
            assert (job.attempt, job.error_code, job.given_up_at) == (attempt, "overloaded", None)
            assert jobs.ready() == []
            assert not summarise(talk.pk)
            waits.append((job.due_at - timezone.now()).total_seconds())
            later(talk)
            assert jobs.ready() == [talk.pk]
        for wait, expected in zip(waits, [15, 60, 240, 960], strict=True):
            assert expected - 10 < wait <= expected
        assert len(endpoint.log()) == jobs.MAX_ATTEMPTS - 1

    def test_it_is_given_up_with_a_reason_and_the_old_one_stays(
        self, talk: Conversation, endpoint: RunningEndpoint
    ) -> None:
        store_exchanges(talk, 11)
        endpoint.script(*says("Old"))
        assert summarise(talk.pk)
        store_exchanges(talk, 6)
        for _ in range(jobs.MAX_ATTEMPTS):
            job = self.fail(talk, endpoint, "fault=503")
            later(talk)
        assert job.given_up_at is not None
        assert job.error_message
        assert jobs.ready() == []
        assert not summarise(talk.pk)
        assert made(talk) == [(12, 1, "Old")]
        assert Usage.objects.filter(kind=Kind.SUMMARY, status=Status.FAILED).count() == jobs.MAX_ATTEMPTS

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
        for _ in range(jobs.MAX_ATTEMPTS):
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
