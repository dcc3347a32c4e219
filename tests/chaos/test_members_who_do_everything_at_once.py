"""What members and their browsers do, on purpose or not: it is stored once, in order, and for nobody else."""

import json
import random
import uuid

import pytest

from accounts.models import User
from conversations import live
from conversations.models import Message
from tests.chaos.matrix import Row, survives
from tests.chaos.storm import OUTAGES, Storm
from tests.rows import conversation_row, message_row, reply_row
from tests.said import tokens
from tests.site import session_of
from tests.tab import Ack, new_id


@pytest.mark.quick
@survives(Row.SENDS_AT_ONCE)
def test_the_same_message_twenty_times_is_one(storm: Storm, alice: User) -> None:
    tabs = [storm.open(alice, at=(storm.web, storm.other)[number % 2]) for number in range(20)]
    client_id, conversation = new_id(), new_id()

    def send(tab: int) -> Ack:
        return tabs[tab].say(
            "Once [[tokens=3]]", client_id=client_id, conversation=conversation, personality="assistant"
        )

    (ack,) = {each.result() for each in [storm.beside(send, tab) for tab in range(20)]}
    assert Message.objects.filter(conversation=uuid.UUID(conversation)).count() == 2
    error = tabs[0].refused("send", client_id=client_id, conversation=conversation, text="Other words")
    assert error["code"] == "idempotency_conflict"
    tabs[7].read(conversation)
    assert tabs[7].answer(ack.reply) == tokens(3)


@survives(Row.SENDS_AT_ONCE)
def test_two_tabs_that_send_at_once_are_answered_one_after_the_other(storm: Storm, alice: User) -> None:
    tabs = [storm.open(alice), storm.open(alice, at=storm.other)]
    first = tabs[0].ask("First [[tokens=2]]")
    tabs[1].read(first.conversation)
    said = [
        storm.beside(tab.say, f"{number} [[tokens=20 pace=10ms]]", conversation=first.conversation)
        for number, tab in enumerate(tabs)
    ]
    acks = [each.result() for each in said]
    for tab in tabs:
        for ack in acks:
            assert tab.answer(ack.reply, within=60) == tokens(20)
    rows = [message_row(ack.message) for ack in acks]
    assert sorted(row.position for row in rows) == [3, 5]
    assert [
        m.position for m in Message.objects.filter(conversation=uuid.UUID(first.conversation)).order_by("position")
    ] == [*range(1, 7)]


@survives(Row.STOP_RACES_END)
def test_stop_or_the_end_wins_and_all_hear_the_same(storm: Storm, alice: User) -> None:
    reading, stopping = storm.open(alice), storm.open(alice, at=storm.other)
    chance = random.Random(7)
    conversation, statuses = None, set()
    for _ in range(40):
        ack = reading.ask(
            f"Count [[tokens=4 pace={chance.randrange(12)}ms]]",
            **({"conversation": conversation} if conversation else {}),
        )
        conversation = ack.conversation
        stopping.send("stop", reply=ack.reply)
        status = reading.ended(ack.reply, within=30)["status"]
        row = reply_row(ack.reply)
        assert row.status == status
        assert row.message.text == reading.page.text(ack.reply)
        assert status == "stopped" or (status, row.message.text) == ("complete", tokens(4))
        statuses.add(status)
        stopping.flush()
    storm.extra_requests = len(storm.asked(settled=10)) - 40
    assert storm.extra_requests <= 0, "stopped in line, or before the model was asked, it costs nothing"


HOSTILE: dict[str, list[str | bytes]] = {
    "bad_json": ["{", "null", "[1]", "NaN", "[" * 30_000, b"{}", '{"type": "pong", "n": ' + "9" * 6_000 + "}"],
    "unknown_type": ['{"type": "launch"}', '{"type": ["send"]}', "{}"],
    "bad_field": ['{"type": "send", "client_id": 7, "conversation": {}, "text": []}'],
    "bad_text": [
        f'{{"type": "send", "client_id": "{new_id()}", "conversation": "{new_id()}", "personality": "assistant", '
        f'"text": "{text}"}}'
        for text in ("a\\u0000b", "half an emoji: \\ud83d")
    ],
}


@survives(Row.FRAMES_NOT_UNDERSTOOD)
def test_hostile_frames_reach_nobody_else(storm: Storm, alice: User, bob: User) -> None:
    peer = storm.open(bob)
    ack = peer.ask("Count [[tokens=200 pace=10ms]]")
    for code, frames in HOSTILE.items():
        for frame in frames:
            tab = storm.open(alice)
            tab.send_raw(frame)
            assert tab.expect("error")["code"] == code
            tab.flush()
            tab.close()
    too_large = storm.open(alice)
    too_large.send_raw(json.dumps({"type": "pong", "n": 1, "padding": "x" * 70_000}))
    assert too_large.closed() == 4413
    assert peer.answer(ack.reply, within=60) == tokens(200)


@survives(Row.FRAMES_NOT_UNDERSTOOD)
def test_an_old_page_and_a_new_one_are_served(storm: Storm, alice: User) -> None:
    """Fields nobody knows are ignored on both sides; the server says which version it speaks."""
    tab = storm.knock(session=session_of(alice))
    assert tab.expect("hello")["v"] == 1
    client_id, conversation = new_id(), new_id()
    tab.send(
        "send", client_id=client_id, conversation=conversation, text="Hi [[tokens=2]]", personality="assistant", v=9
    )
    ack = tab.acknowledged(client_id)
    tab.read(conversation, colour="green")
    assert tab.answer(ack.reply) == tokens(2)


@survives(Row.NOT_THEIRS)
def test_what_is_not_theirs_is_as_if_it_were_not(storm: Storm, alice: User, bob: User) -> None:
    owner, stranger = storm.open(alice), storm.open(bob, at=storm.other)
    ack = owner.ask("Secret [[tokens=100 pace=10ms]]")
    answers = []
    for conversation in (ack.conversation, new_id()):
        errors = [
            stranger.refused("subscribe", conversation=conversation),
            stranger.refused("send", client_id=new_id(), conversation=conversation, text="Hello"),
            stranger.refused("rename", conversation=conversation, title="Mine"),
        ]
        answers.append([{**error, "ref": None} for error in errors])
    assert answers[0] == answers[1], "it can be told apart"
    assert {error["code"] for error in answers[0]} == {"not_found"}
    assert stranger.refused("stop", reply=ack.reply)["code"] == "not_found"
    group = f"parley__group__{live.group_of(ack.conversation)}"
    assert dict(storm.servers.redis.pubsub_numsub(group))[group.encode()] == 1, "only the owner's process listens"
    assert owner.answer(ack.reply, within=60) == tokens(100)
    assert not [frame for frame in stranger.frames if frame["type"] not in ("hello", "error")]
    assert conversation_row(ack.conversation).title != "Mine"


@survives(Row.SESSION_OVER)
def test_who_signed_out_hears_no_more_and_the_answer_goes_on(storm: Storm, alice: User) -> None:
    session = session_of(alice)
    tab, elsewhere = storm.open(alice, session=session), storm.open(alice, at=storm.other)
    ack = tab.ask("Count [[tokens=300 pace=10ms]]")
    elsewhere.read(ack.conversation)
    tab.until(ack.reply, "t30 ")
    storm.sign_out(session)
    assert tab.closed() == 4401
    assert elsewhere.answer(ack.reply, within=60) == tokens(300)


@survives(Row.SESSION_OVER)
def test_it_ends_also_when_nobody_could_be_told(storm: Storm, alice: User) -> None:
    """Redis is gone when the member is made inactive: the look at all sessions finds it, within a minute."""
    storm.expected_errors += OUTAGES
    tab = storm.open(alice)
    storm.servers.redis_line.down()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert tab.closed(within=90) == 4401
    storm.servers.redis_line.up()
