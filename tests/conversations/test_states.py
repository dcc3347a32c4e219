"""Every transition from every state is won or lost, as the table says; who loses has changed nothing."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from conversations import states
from conversations.models import ENDED, Conversation, Message, Reply, Status
from conversations.states import Claim, Outcome, Saved
from tests.conversations.stored import store_reply, store_talk

ALL = list(Status)
STREAMING = [Status.STREAMING]
NOT_BEGUN = [Status.WAITING, Status.QUEUED]


@pytest.fixture
def talk(personalities: None, alice: User) -> Conversation:
    return store_talk(alice)


def outcome(status: Status) -> Outcome:
    why = "cut_off" if status in (Status.FAILED, Status.INTERRUPTED) else ""
    return Outcome(status=status, error_code=why, finish_reason="stop" if status is Status.COMPLETE else "")


def ending(status: Status, frm: list[Status], seen: int | None = None) -> Callable[[Claim], object]:
    return lambda claim: states.finish(
        reply=claim.reply,
        conversation=claim.conversation,
        attempt=claim.attempt,
        frm=frm,
        text="The end",
        outcome=outcome(status),
        seen=seen,
    )


TRANSITIONS: dict[str, tuple[Callable[[Claim], object], list[Status]]] = {
    "claim": (lambda claim: states.claim(owner="me", limit=5, lease=30), [Status.QUEUED]),
    "renew": (lambda claim: states.renew(claims=[claim], lease=30).held, STREAMING),
    "checkpoint": (
        lambda claim: states.checkpoint(saves=[Saved(claim.reply, claim.attempt, 7, "So far")]).held,
        STREAMING,
    ),
    "hand back": (
        lambda claim: states.hand_back(reply=claim.reply, conversation=claim.conversation, attempt=claim.attempt),
        STREAMING,
    ),
    **{f"end as {end}": (ending(end, STREAMING), STREAMING) for end in ENDED},
    "stop before it begins": (ending(Status.STOPPED, NOT_BEGUN), NOT_BEGUN),
    "fail before it begins": (ending(Status.FAILED, NOT_BEGUN), NOT_BEGUN),
}


def everything(talk: Conversation) -> list[object]:
    rows = [Reply.objects.filter(conversation=talk), Message.objects.filter(conversation=talk)]
    return [Conversation.objects.values().get(pk=talk.pk), *(list(each.order_by("pk").values()) for each in rows)]


@pytest.mark.parametrize("status", ALL)
@pytest.mark.parametrize("name", TRANSITIONS)
def test_from_every_state(talk: Conversation, name: str, status: Status) -> None:
    reply = store_reply(talk, status)
    before = everything(talk)
    transition, winners = TRANSITIONS[name]

    won = transition(Claim(reply.pk, talk.pk, reply.attempt))

    assert bool(won) is (status in winners)
    assert won or everything(talk) == before


@pytest.mark.parametrize("attempt", [1, 3])
@pytest.mark.parametrize("name", [name for name, (_, winners) in TRANSITIONS.items() if winners == STREAMING])
def test_another_attempt_is_fenced_off(talk: Conversation, name: str, attempt: int) -> None:
    reply = store_reply(talk, Status.STREAMING, attempt=2)
    before = everything(talk)

    assert not TRANSITIONS[name][0](Claim(reply.pk, talk.pk, attempt))
    assert everything(talk) == before


@pytest.mark.parametrize("name", [name for name in TRANSITIONS if name != "claim"])
def test_what_is_gone_is_lost(talk: Conversation, name: str) -> None:
    assert not TRANSITIONS[name][0](Claim(uuid.uuid4(), uuid.uuid4(), 1))


class TestClaim:
    def test_the_oldest_first_and_no_more_than_asked_for(self, talk: Conversation, alice: User) -> None:
        replies = [store_reply(store_talk(alice), Status.QUEUED) for _ in range(4)]
        Reply.objects.filter(pk=replies[3].pk).update(created_at=F("created_at") - timedelta(hours=1))

        taken = [claim.reply for claim in states.claim(owner="me", limit=2, lease=30)]
        assert set(taken) == {replies[3].pk, replies[0].pk}

    @pytest.mark.parametrize(
        "off", ["", "enable_hashjoin, enable_mergejoin, enable_material, enable_hashagg, enable_sort"]
    )
    def test_never_takes_more_than_there_is_room_for(self, alice: User, personalities: None, off: str) -> None:
        for _ in range(12):
            store_reply(store_talk(alice), Status.QUEUED)
        with connection.cursor() as cursor:
            for setting in filter(None, off.split(", ")):  # let Postgres choose another plan
                cursor.execute(f"SET LOCAL {setting} = off")
            taken = [len(states.claim(owner="me", limit=5, lease=30)) for _ in range(4)]
        assert taken == [5, 5, 2, 0]

    def test_it_begins_anew(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.QUEUED, attempt=1, seq=5)
        (claim,) = states.claim(owner="me", limit=1, lease=30)

        assert claim == Claim(reply.pk, talk.pk, 2)
        reply.refresh_from_db()
        assert (reply.status, reply.seq, reply.lease_owner) == ("streaming", 0, "me")
        assert reply.started_at is not None

    def test_nothing_queued_is_nothing_claimed(self, talk: Conversation) -> None:
        store_reply(talk, Status.WAITING)
        assert states.claim(owner="me", limit=5, lease=30) == []


class TestLease:
    """All times are the database's: a machine whose clock is wrong neither keeps nor steals an answer."""

    @pytest.fixture(autouse=True)
    def _clock_an_hour_ahead(self, monkeypatch: pytest.MonkeyPatch, talk: Conversation) -> None:
        wrong = datetime.now().astimezone() + timedelta(hours=1)
        monkeypatch.setattr("django.utils.timezone.now", lambda: wrong)
        monkeypatch.setattr("time.time", wrong.timestamp)

    def test_a_fresh_one_has_not_run_out(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.QUEUED)
        states.claim(owner="me", limit=1, lease=30)
        assert states.expired() == []
        until = Reply.objects.filter(pk=reply.pk).annotate(left=F("lease_until") - Now()).values_list("left", flat=True)
        assert timedelta(seconds=28) < until.get() <= timedelta(seconds=31)

    def test_one_that_ran_out_is_found(self, talk: Conversation) -> None:
        store_reply(talk, Status.QUEUED)
        (claim,) = states.claim(owner="me", limit=1, lease=-12)
        assert states.expired() == [claim]

    def test_renewed_it_lasts_again(self, talk: Conversation) -> None:
        store_reply(talk, Status.QUEUED)
        (claim,) = states.claim(owner="me", limit=1, lease=-12)
        assert states.renew(claims=[claim], lease=30).held == {claim.reply}
        assert states.expired() == []


class TestSaving:
    def test_many_at_once_each_for_itself(self, talk: Conversation, alice: User) -> None:
        mine, lost = store_reply(talk, Status.STREAMING), store_reply(store_talk(alice), Status.STREAMING, attempt=2)
        kept = states.checkpoint(saves=[Saved(mine.pk, 1, 4, "Mine"), Saved(lost.pk, 1, 9, "Lost")])

        assert kept.held == {mine.pk}
        rows = dict(Reply.objects.values_list("pk", "text"))
        assert (rows[mine.pk], rows[lost.pk]) == ("Mine", "")

    @pytest.mark.parametrize("how", ["renew", "checkpoint", "stopping"])
    def test_who_saves_or_renews_hears_of_a_stop(self, talk: Conversation, how: str) -> None:
        reply = store_reply(talk, Status.STREAMING)
        claim = Claim(reply.pk, talk.pk, 1)
        ways: dict[str, Callable[[], set[uuid.UUID]]] = {
            "renew": lambda: states.renew(claims=[claim], lease=30).stopping,
            "checkpoint": lambda: states.checkpoint(saves=[Saved(reply.pk, 1, 1, "a")]).stopping,
            "stopping": lambda: set(states.stopping(replies=[reply.pk])),
        }
        ask = ways[how]
        assert ask() == set()
        Reply.objects.filter(pk=reply.pk).update(stop_requested_at=Now())
        assert ask() == {reply.pk}


class TestEnding:
    def test_the_text_moves_to_the_message(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.STREAMING, text="So far", seq=3)
        rev = talk.rev
        ended = ending(Status.COMPLETE, STREAMING)(Claim(reply.pk, talk.pk, 1))

        assert ended == states.Ended(rev=rev + 1, line_rev=None)
        reply.refresh_from_db()
        assert (reply.text, reply.message.text, reply.lease_owner, reply.finish_reason) == ("", "The end", "", "stop")
        message = Message.objects.get(pk=reply.pk)
        talk.refresh_from_db()
        assert message.rev == talk.rev == rev + 1

    def test_the_next_in_line_moves_up_and_all_in_line_change(self, talk: Conversation) -> None:
        first = store_reply(talk, Status.STREAMING)
        line = [store_reply(talk, Status.WAITING) for _ in range(3)]
        rev = talk.rev
        ended = ending(Status.COMPLETE, STREAMING)(Claim(first.pk, talk.pk, 1))

        assert ended == states.Ended(rev=rev + 1, line_rev=rev + 2)
        statuses = [Reply.objects.get(pk=reply.pk).status for reply in line]
        assert statuses == ["queued", "waiting", "waiting"]
        assert {Message.objects.get(pk=reply.pk).rev for reply in line} == {rev + 2}

    def test_who_leaves_the_middle_makes_no_room_at_the_head(self, talk: Conversation) -> None:
        store_reply(talk, Status.STREAMING)
        line = [store_reply(talk, Status.WAITING) for _ in range(3)]
        assert ending(Status.STOPPED, NOT_BEGUN)(Claim(line[1].pk, talk.pk, 0))

        statuses = [Reply.objects.get(pk=reply.pk).status for reply in line]
        assert statuses == ["waiting", "stopped", "waiting"]

    def test_an_end_is_not_undone(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.STREAMING)
        claim = Claim(reply.pk, talk.pk, 1)
        assert ending(Status.STOPPED, STREAMING)(claim)
        before = everything(talk)
        assert not ending(Status.COMPLETE, STREAMING)(claim)
        assert everything(talk) == before


class TestHandingBack:
    def test_it_is_queued_again_with_nothing_written(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.STREAMING, seq=1)
        rev = talk.rev
        assert states.hand_back(reply=reply.pk, conversation=talk.pk, attempt=1) == rev + 1
        reply.refresh_from_db()
        assert (reply.status, reply.attempt, reply.seq, reply.lease_owner) == ("queued", 1, 0, "")
        assert states.claim(owner="me", limit=1, lease=30) == [Claim(reply.pk, talk.pk, 2)]

    def test_once(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.STREAMING, attempt=states.MAX_ATTEMPTS)
        assert states.hand_back(reply=reply.pk, conversation=talk.pk, attempt=states.MAX_ATTEMPTS) is None

    def test_not_what_a_member_wants_stopped(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.STREAMING, stop_requested_at=Now())
        assert states.hand_back(reply=reply.pk, conversation=talk.pk, attempt=1) is None


class TestOfAnotherWriter:
    """What a reaper takes over is as it saw it, or it is not taken over."""

    def test_nothing_that_was_saved_since(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.STREAMING, seq=2, text="Hello")
        claim, before = Claim(reply.pk, talk.pk, 1), everything(talk)
        assert states.hand_back(reply=reply.pk, conversation=talk.pk, attempt=1, seen=1) is None
        assert not ending(Status.INTERRUPTED, STREAMING, seen=1)(claim)
        assert everything(talk) == before
        assert ending(Status.INTERRUPTED, STREAMING, seen=2)(claim)

    def test_nothing_whose_writer_has_woken_up(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.STREAMING, seq=2, text="Hello", lease_until=timezone.now())
        claim = Claim(reply.pk, talk.pk, 1)
        assert states.saved(claim) == Saved(reply.pk, 1, 2, "Hello")
        assert states.renew(claims=[claim], lease=30).held == {reply.pk}
        assert states.saved(claim) is None

    def test_nothing_that_has_ended_or_begun_anew(self, talk: Conversation) -> None:
        reply = store_reply(talk, Status.STREAMING, attempt=2, lease_until=timezone.now())
        assert states.saved(Claim(reply.pk, talk.pk, 1)) is None
        ended = store_reply(talk, Status.STOPPED)
        assert states.saved(Claim(ended.pk, talk.pk, 1)) is None


class TestUnblocking:
    def test_a_line_without_a_head_moves_up(self, talk: Conversation) -> None:
        line = [store_reply(talk, Status.WAITING) for _ in range(2)]
        rev = talk.rev
        assert states.unblock() == [(talk.pk, rev + 1)]
        assert [Reply.objects.get(pk=reply.pk).status for reply in line] == ["queued", "waiting"]
        assert states.unblock() == []

    @pytest.mark.parametrize("head", [Status.QUEUED, Status.STREAMING])
    def test_a_line_with_one_waits(self, talk: Conversation, head: Status) -> None:
        store_reply(talk, head)
        store_reply(talk, Status.WAITING)
        before = everything(talk)
        assert states.unblock() == []
        assert everything(talk) == before
