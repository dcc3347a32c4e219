"""What is deleted in the middle of an answer is gone for everybody, and who loses their place hears no more of it."""

import uuid

import pytest

from accounts.models import User
from conversations.models import Conversation, MemberRole, Membership, Message, Reply, Status
from tests.chaos.matrix import Row, survives
from tests.chaos.storm import OUTAGES, Storm
from tests.page import Frame
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import eventually
from tests.site import session_of
from tests.tab import Ack, Tab

LONG = "Long [[tokens=4000 pace=10ms]]"


def windows(storm: Storm, alice: User, bob: User, question: str) -> tuple[Ack, list[Tab]]:
    """Two of the owner's and one of a member who shares it, at both web processes, in the middle of an answer."""
    tabs = [storm.open(alice), storm.open(alice, at=storm.other), storm.open(bob, at=storm.other)]
    ack = tabs[0].ask(question)
    Membership.objects.create(conversation_id=uuid.UUID(ack.conversation), user=bob, role=MemberRole.WRITER)
    for tab in tabs:
        if ack.conversation not in tab.page.conversations:
            tab.read(ack.conversation)
        tab.until(ack.reply, "t30 ")
    return ack, tabs


def assert_nothing_after(told: Frame, tab: Tab, conversation: str) -> None:
    tab.flush()
    after = tab.frames[tab.frames.index(told) + 1 :]
    assert not [frame for frame in after if conversation in str(frame)], "something came of it afterwards"


def assert_left(storm: Storm, reply: str) -> None:
    """The model is asked no more, and Redis holds nothing of what it said."""
    (request,) = storm.asked(settled=30)
    assert request["gone"], "the model went on for nobody"
    eventually(lambda: not list(storm.servers.redis.scan_iter(f"*{reply}*")), within=30)


@survives(Row.NOT_THEIRS)
def test_what_its_owner_deletes_stops_for_all(storm: Storm, alice: User, bob: User) -> None:
    ack, tabs = windows(storm, alice, bob, LONG)
    waiting = tabs[0].say("Next [[tokens=3]]", conversation=ack.conversation)
    tabs[1].send("delete", conversation=ack.conversation)

    told = [tab.expect("deleted", conversation=ack.conversation, within=30) for tab in tabs]
    assert_left(storm, ack.reply)
    eventually(lambda: reply_row(ack.reply).status == reply_row(waiting.reply).status == Status.STOPPED, within=30)
    text = message_row(ack.reply).text
    assert len(text.split()) >= 30
    assert text == tokens(len(text.split())), "it is kept for as long as it can be taken back"
    for frame, tab in zip(told, tabs, strict=True):
        assert_nothing_after(frame, tab, ack.conversation)
    storm.extra_requests = -1  # of the one that waited


@survives(Row.NOT_THEIRS)
def test_of_what_staff_erase_nothing_is_left(storm: Storm, alice: User, bob: User) -> None:
    ack, tabs = windows(storm, alice, bob, LONG)
    storm.post(f"/admin/conversations/conversation/{ack.conversation}/delete/", session_of(storm.staff()), post="yes")

    told = [tab.expect("deleted", conversation=ack.conversation, within=30) for tab in tabs]
    assert_left(storm, ack.reply)
    for rows in (Message.objects, Reply.objects):
        assert not rows.filter(conversation=uuid.UUID(ack.conversation)).exists()
    assert not Conversation.objects.filter(pk=uuid.UUID(ack.conversation)).exists()
    for frame, tab in zip(told, tabs, strict=True):
        assert_nothing_after(frame, tab, ack.conversation)
    storm.erased.add(ack.conversation)
    storm.extra_requests = 1  # for an answer that has no row any more


@survives(Row.SESSION_OVER)
@pytest.mark.parametrize("heard", [True, False], ids=["and hears of it", "and nobody can be told"])
def test_who_loses_their_place_reads_no_further(storm: Storm, alice: User, bob: User, heard: bool) -> None:
    """The event may be lost with Redis: then the look at the rows finds it."""
    ack, tabs = windows(storm, alice, bob, "Count [[tokens=1500 pace=10ms]]")
    theirs = tabs.pop()
    place = Membership.objects.get(conversation=uuid.UUID(ack.conversation), user=bob)
    staff = session_of(storm.staff())
    if not heard:
        storm.expected_errors += OUTAGES
        storm.servers.redis_line.down()
    storm.post(f"/admin/conversations/membership/{place.pk}/delete/", staff, post="yes")
    if heard:
        told = theirs.expect("deleted", conversation=ack.conversation, within=30)
    else:
        told = theirs.expect("error", code="not_found", ref=ack.conversation, within=60)
        storm.servers.redis_line.up()

    for tab in tabs:
        assert tab.answer(ack.reply, within=90) == tokens(1500)
    assert_nothing_after(told, theirs, ack.conversation)
    assert theirs.refused("subscribe", conversation=ack.conversation)["code"] == "not_found"
