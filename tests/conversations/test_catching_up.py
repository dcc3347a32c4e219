"""A member who was away is told in short what was said since: made like a summary, and shown to nobody else."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from agents.summaries import CATCH_UP_TOKENS, catch_up_messages
from agents.tokens import Counter
from conversations import tasks
from conversations.errors import ChatError
from conversations.memory.catching_up import catch_up
from conversations.memory.steps import STEP_MESSAGES
from conversations.models import (
    Conversation,
    Kind,
    MemberRole,
    Membership,
    Recap,
    Status,
    Summary,
    Usage,
)
from conversations.summaries import leases, recaps
from tests.conversations.in_short import quiet_assistant, says
from tests.conversations.stored import store_exchanges, store_message, store_reply, store_talk, store_thread
from tests.endpoint import RunningEndpoint
from tests.said import tokens
from tests.server import Process, eventually, working
from tests.site import Site

SYSTEM = catch_up_messages([])[0]
Start = Callable[[], Process]


def asked(endpoint: RunningEndpoint) -> list[str]:
    """What each call for a recap was asked; answers are asked for as a stream."""
    return [request["messages"][1]["content"] for request in endpoint.log() if not request["stream"]]


def store_reader(talk: Conversation, name: str = "Dora") -> User:
    """Reads along."""
    reader = User.objects.create_user(f"{name.lower()}@example.org", name=name)
    Membership.objects.create(conversation=talk, user=reader, role=MemberRole.READER)
    return reader


@pytest.mark.usefixtures("asks_the_scripted_model")
class TestMaking:
    @pytest.fixture
    def talk(self, personalities: None, alice: User) -> Conversation:
        talk = store_talk(alice)
        store_exchanges(talk, 4)
        return talk

    @pytest.fixture
    def dora(self, talk: Conversation) -> User:
        return store_reader(talk)

    def recap(self, talk: Conversation, user: User, *, after: int = 4) -> Recap:
        recaps.ask(user=user, conversation=talk.pk, after=after)
        return Recap.objects.get(user=user)

    def test_of_what_was_said_since(self, talk: Conversation, dora: User, endpoint: RunningEndpoint) -> None:
        Summary.objects.create(conversation=talk, reaches=talk.messages.get(position=2), covers=2, text="They met.")
        recap = self.recap(talk, dora)
        endpoint.script(*says("- Two questions more."))
        assert not catch_up(recap.pk), "nothing is left"
        (request,) = endpoint.log()
        assert request["messages"][0] == SYSTEM
        assert request["messages"][1]["content"] == (
            "For: Dora\n\nThey know already:\n> They met.\n\n"
            "Said since:\nAlice: Question 5\nParley: Said\nAlice: Question 7\nParley: Said\n\nPoints:"
        )
        assert request["options"]["max_tokens"] == CATCH_UP_TOKENS
        recap.refresh_from_db()
        assert (recap.text, recap.covers, recap.told, recap.due_at) == ("- Two questions more.", 4, 8, None)

    def test_it_is_on_the_books_of_who_asked(self, talk: Conversation, dora: User) -> None:
        catch_up(self.recap(talk, dora).pk)
        spent = Usage.objects.get(kind=Kind.RECAP)
        assert (spent.user, spent.conversation, spent.status) == (dora, talk, Status.COMPLETE)

    def test_it_changes_nothing_of_the_conversation(self, talk: Conversation, dora: User) -> None:
        before = Conversation.objects.values().get()
        catch_up(self.recap(talk, dora).pk)
        assert Conversation.objects.values().get() == before
        assert not Summary.objects.exists()

    def test_a_long_absence_is_told_in_steps(self, personalities: None, alice: User, endpoint: RunningEndpoint) -> None:
        talk = store_thread(alice, 60)
        dora = store_reader(talk)
        endpoint.script(*says("First forty", "First eighty", "- All of it"))
        recap = self.recap(talk, dora, after=10)
        while catch_up(recap.pk):
            pass
        recap.refresh_from_db()
        assert (recap.text, recap.covers) == ("- All of it", 110)
        requests = asked(endpoint)
        quoted = [line.rpartition(" ")[2] for request in requests for line in request.splitlines() if ": Text " in line]
        assert quoted == [str(position) for position in range(11, 121)]
        assert max(request.count(": Text ") for request in requests) == STEP_MESSAGES
        assert "The summary so far:\n> First forty" in requests[1]
        assert "Before that: First eighty\n" in requests[2]

    def test_an_answer_that_is_still_written_is_not_told_of(self, talk: Conversation, dora: User) -> None:
        store_reply(talk, Status.STREAMING, parent=store_message(talk, parent=talk.head))
        assert self.recap(talk, dora).reaches == talk.messages.get(position=9)

    def test_only_of_the_shown_branch(self, talk: Conversation, dora: User, endpoint: RunningEndpoint) -> None:
        talk.head = talk.messages.get(position=6)
        store_exchanges(talk, 1)
        catch_up(self.recap(talk, dora).pk)
        assert "Question 9" in asked(endpoint)[0]
        assert "Question 7" not in asked(endpoint)[0]

    def test_asked_twice_it_is_made_once(self, talk: Conversation, dora: User, endpoint: RunningEndpoint) -> None:
        first = self.recap(talk, dora)
        assert self.recap(talk, dora) == first
        catch_up(first.pk)
        assert not catch_up(first.pk), "a doubled task"
        assert self.recap(talk, dora) == first
        assert len(asked(endpoint)) == 1

    def test_asked_when_more_was_said_it_is_made_anew(
        self, talk: Conversation, dora: User, endpoint: RunningEndpoint
    ) -> None:
        first = self.recap(talk, dora)
        catch_up(first.pk)
        store_exchanges(talk, 1)
        second = self.recap(talk, dora)
        assert second != first
        catch_up(second.pk)
        assert "Question 9" in asked(endpoint)[1]
        assert Recap.objects.count() == 1

    def test_what_a_slow_worker_brings_is_dropped(self, talk: Conversation, dora: User) -> None:
        recap = self.recap(talk, dora)
        slow = recaps.claim(recap.pk, seconds=60)
        assert slow is not None
        assert not catch_up(recap.pk)
        Recap.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert recaps.ready() == [recap.pk]
        catch_up(recap.pk)
        assert not recaps.keep(slow, text="Late", told=8, covers=4, model="", done=True)
        recap.refresh_from_db()
        assert recap.text == "Title 1"

    def test_what_fails_is_tried_again_and_given_up(
        self, talk: Conversation, dora: User, endpoint: RunningEndpoint
    ) -> None:
        recap = self.recap(talk, dora)
        for _ in range(leases.MAX_ATTEMPTS):
            endpoint.script("[[whole fault=503]]")
            assert not catch_up(recap.pk)
            assert not catch_up(recap.pk), "not before its time"
            Recap.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        recap.refresh_from_db()
        shown = recaps.recap_object(recap)
        assert shown is not None
        assert (shown["status"], bool(shown["error"])) == ("failed", True)
        assert recaps.ready() == []
        assert self.recap(talk, dora) != recap, "asked for again, it is tried anew"

    def test_nothing_new_is_refused(self, talk: Conversation, dora: User) -> None:
        with pytest.raises(ChatError) as refusal:
            recaps.ask(user=dora, conversation=talk.pk, after=8)
        assert refusal.value.code == "nothing_new"

    def test_who_has_left_is_told_nothing(self, talk: Conversation, dora: User, endpoint: RunningEndpoint) -> None:
        recap = self.recap(talk, dora)
        Membership.objects.filter(user=dora).delete()
        assert not catch_up(recap.pk)
        assert endpoint.log() == []
        assert not Recap.objects.exists()


@pytest.fixture
def start(parley_environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts a worker. Asked for before `site`, it outlives the look at the logs."""
    with ExitStack() as stack:
        names = iter("ab")
        yield lambda: stack.enter_context(working(parley_environment, tmp_path / next(names)))


class TestShowing:
    @pytest.fixture
    def talk(self, world: None, alice: User) -> Conversation:
        quiet_assistant()
        talk = store_talk(alice, title="Lisbon", titled_by="member")
        store_exchanges(talk, 4)
        return talk

    def test_it_comes_to_the_one_who_asked_and_delays_no_answer(
        self, start: Start, site: Site, talk: Conversation, alice: User, endpoint: RunningEndpoint
    ) -> None:
        site.processes.append(start())
        dora = store_reader(talk)
        here, there, owner = site.open(dora), site.open(dora), site.open(alice)
        for tab in (here, there, owner):
            tab.read(str(talk.pk))
        endpoint.script('[[whole text="- Two questions more." headers=500ms]]')
        here.send("recap", conversation=str(talk.pk), after=4)
        assert here.expect("recap")["recap"]["status"] == "making"
        ack = owner.ask("And now? [[tokens=4]]", conversation=str(talk.pk))
        assert owner.answer(ack.reply) == tokens(4)

        for tab in (here, there):
            told = tab.expect("recap", where=lambda frame: frame["recap"]["status"] == "made")["recap"]
            assert (told["text"], told["covers"], told["after"]) == ("- Two questions more.", 4, 4)
        late = site.open(dora)
        assert late.read(str(talk.pk))["recap"]["text"] == "- Two questions more."
        owner.flush()
        assert not [frame for frame in owner.frames if frame["type"] == "recap"]
        assert site.open(alice).read(str(talk.pk))["recap"] is None

    def test_a_killed_worker_costs_time_and_nothing_else(
        self, start: Start, site: Site, talk: Conversation, alice: User, endpoint: RunningEndpoint
    ) -> None:
        doomed = start()
        tab = site.open(alice)
        tab.read(str(talk.pk))
        endpoint.script("[[whole fault=hang]]", *says("- Two questions more."))
        tab.send("recap", conversation=str(talk.pk), after=4)
        eventually(lambda: asked(endpoint))
        doomed.signal(signal.SIGKILL)
        doomed.wait()
        site.processes.append(start())
        Recap.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        tasks.sweep_summaries.delay()  # as beat does

        made = tab.expect("recap", where=lambda frame: frame["recap"]["status"] == "made", within=20)["recap"]
        assert (made["text"], made["covers"]) == ("- Two questions more.", 4)
        first, second = asked(endpoint)
        assert first == second

        lost, spent = Usage.objects.filter(kind=Kind.RECAP).order_by("pk")
        assert (lost.user, lost.status, lost.estimated, lost.duration_ms) == (alice, Status.INTERRUPTED, True, None)
        assert lost.prompt_tokens == sum(Counter().message(text) for text in (SYSTEM["content"], first))
        assert (spent.status, spent.estimated) == (Status.COMPLETE, False)

    def test_who_does_not_share_it_is_refused(self, site: Site, talk: Conversation, bob: User) -> None:
        assert site.open(bob).refused("recap", conversation=str(talk.pk), after=0)["code"] == "not_found"
        assert not Recap.objects.exists()

    @pytest.mark.parametrize(("after", "code"), [(8, "nothing_new"), (-1, "bad_field"), (None, "bad_field")])
    def test_so_is_what_makes_no_sense(
        self, site: Site, talk: Conversation, alice: User, after: object, code: str
    ) -> None:
        assert site.open(alice).refused("recap", conversation=str(talk.pk), after=after)["code"] == code
        assert not Recap.objects.exists()
