"""Long threads keep their earlier part in short: made when it is due, in steps, whatever the length of the thread."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from agents.summaries import SUMMARY_TOKENS
from conversations.memory import steps, summaries
from conversations.memory.summaries import summarise
from conversations.models import Conversation, Kind, Status, Summary, SummaryJob, Usage
from tests.conversations.in_short import asked, lines, made, name_of, says
from tests.conversations.stored import store_exchanges, store_message, store_reply, store_talk, store_thread
from tests.endpoint import RunningEndpoint

pytestmark = pytest.mark.usefixtures("asks_the_scripted_model")


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    return store_talk(alice)


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
            f"The summary so far:\n> Summary {number}\n\nSaid since:\n{lines(first, last, name)}\n\nSummary:"
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
        assert max(request.count(": Text ") for request in requests) == steps.STEP_MESSAGES
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
