"""A message that was acknowledged is stored, once, and its answer streams in whole and in order."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import User
from agents.models import Personality
from conversations.models import Conversation, Membership, Message, Reply
from tests.endpoint import RunningEndpoint
from tests.rows import conversation_row, message_row, reply_row
from tests.said import tokens
from tests.site import Site
from tests.tab import Ack, Tab, new_id


def test_acknowledged_after_it_is_stored(tab: Tab, alice: User) -> None:
    ack = tab.say("Hello there")

    message = message_row(ack.message)
    assert (message.text, message.role, message.author) == ("Hello there", "user", alice)
    assert str(message.client_id) == ack.client_id
    assert reply_row(ack.reply).message.parent == message


def test_the_answer_streams_whole_and_in_order(tab: Tab) -> None:
    ack = tab.ask("Count [[tokens=60 pace=25ms]]")

    assert tab.answer(ack.reply) == tokens(60)
    assert len([frame for frame in tab.frames if frame["type"] == "delta"]) > 5, "it came at once, not as a stream"
    assert message_row(ack.reply).text == tokens(60)


def test_the_first_frames(tab: Tab, alice: User) -> None:
    assert tab.frames == [
        {"type": "hello", "v": 1, "user": alice.pk, "heartbeat": 25, "max_frame": 65536, "max_text": 32000}
    ]
    first = tab.ask("One")
    tab.answer(first.reply)

    for _ in range(5):  # on a busy machine the watchdog may see the rows before the event arrives, and heals
        seen = len(tab.frames)
        again = tab.say("Again [[tokens=3]]", conversation=first.conversation)
        assert tab.answer(again.reply) == tokens(3)
        kinds = [frame["type"] for frame in tab.frames[seen:] if frame["type"] not in ("ack", "conversation")]
        if "snapshot" not in kinds:
            break
    assert kinds[:3] == ["message", "message", "reply"]
    assert set(kinds[3:-1]) == {"delta"}
    assert kinds[-1] == "end"
    asked = next(frame for frame in tab.frames[seen:] if frame["type"] == "reply")
    assert (asked["status"], asked["attempt"], asked["seq"], asked["wait"]) == ("streaming", 1, 1, None)


def test_the_row_tells_what_the_answer_took(tab: Tab, endpoint: RunningEndpoint) -> None:
    ack = tab.ask("Count [[tokens=12 first=80ms]]", personality="technical")
    tab.ended(ack.reply)

    reply = reply_row(ack.reply)
    assert (reply.status, reply.attempt, reply.finish_reason) == ("complete", 1, "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (12, 12)
    assert reply.version.name == "Dev"
    assert reply.model == endpoint.model
    assert reply.parameters == {"temperature": 0.3, "max_tokens": 1024}
    assert reply.receipt, "no account of what was sent"
    assert reply.first_token_ms is not None
    assert reply.total_ms is not None
    assert 80 <= reply.first_token_ms <= reply.total_ms < 5_000
    assert reply.started_at is not None
    assert reply.finished_at is not None
    assert reply.text == "", "the text belongs to the message once it has ended"
    request = endpoint.log(settled=1)[0]
    assert request["options"]["temperature"] == 0.3
    assert request["messages"][-1]["content"].startswith("Count")


def test_the_message_says_which_send_it_was(site: Site, tab: Tab, alice: User) -> None:
    """So that a page whose acknowledgement was lost knows its own message when it sees it."""
    first = tab.ask("Hello [[tokens=2]]")
    tab.answer(first.reply)
    other = site.open(alice)
    shown = other.read(first.conversation)["messages"]
    assert [message["client_id"] for message in shown] == [first.client_id, None]
    second = tab.say("And now? [[tokens=2]]", conversation=first.conversation)
    for each in (tab, other):
        each.answer(second.reply)
        assert each.page.message(second.message)["client_id"] == second.client_id


def test_the_model_sees_what_was_said_before(tab: Tab, endpoint: RunningEndpoint) -> None:
    first = tab.ask("My cat is called Milo [[tokens=2]]")
    tab.ended(first.reply)
    second = tab.say("What is it called?", conversation=first.conversation)
    tab.ended(second.reply)

    told = [(message["role"], message["content"]) for message in endpoint.log(settled=1)[-1]["messages"]]
    assert told[0][0] == "system"
    assert told[1:] == [
        ("user", "My cat is called Milo [[tokens=2]]"),
        ("assistant", "t1 t2 "),
        ("user", "What is it called?"),
    ]


def test_another_personality_answers_from_then_on(tab: Tab) -> None:
    first = tab.ask("Hello", personality="assistant")
    tab.answer(first.reply)
    second = tab.say("Now you", conversation=first.conversation, personality="writer")
    tab.answer(second.reply)
    third = tab.say("Still you?", conversation=first.conversation)
    tab.answer(third.reply)

    faces = [tab.page.message(ack.reply)["reply"]["personality"]["slug"] for ack in (first, second, third)]
    assert faces == ["assistant", "writer", "writer"]
    assert conversation_row(first.conversation).personality.slug == "writer"


def test_the_browser_chooses_the_conversation(tab: Tab, alice: User) -> None:
    chosen = new_id()
    ack = tab.say("Hello", conversation=chosen, personality="assistant")

    assert ack.conversation == chosen
    conversation = conversation_row(chosen)
    assert conversation.owner == alice
    assert [member.role for member in Membership.objects.filter(conversation=conversation)] == ["owner"]


def test_the_same_again_is_the_same_message(tab: Tab) -> None:
    ack = tab.say("Hello")
    again = tab.say("Hello", conversation=ack.conversation, client_id=ack.client_id)

    assert again == ack
    assert Message.objects.count() == 2


def test_the_same_again_is_the_same_message_though_nobody_of_that_name_answers_any_more(tab: Tab) -> None:
    ack = tab.ask("Hello", personality="technical")
    tab.answer(ack.reply)
    tab.answer(tab.say("And you?", conversation=ack.conversation, personality="assistant").reply)
    Personality.objects.filter(slug="technical").update(offered=False)

    again = tab.say("Hello", conversation=ack.conversation, personality="technical", client_id=ack.client_id)
    assert again == ack


def test_twenty_at_once_are_one_message(site: Site, tab: Tab, alice: User) -> None:
    client_id, conversation = new_id(), new_id()
    tabs = [tab, *(site.open(alice) for _ in range(3))]

    def send(number: int) -> None:
        tabs[number % 4].send(
            "send", client_id=client_id, conversation=conversation, text="Hello", personality="assistant"
        )

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(send, range(20)))
    acks: list[Ack] = [tab.acknowledged(client_id) for tab in tabs for _ in range(5)]

    assert len(set(acks)) == 1
    assert Message.objects.filter(role="user").count() == 1
    assert Reply.objects.count() == 1


def test_another_text_under_the_same_id_is_refused(tab: Tab) -> None:
    ack = tab.say("Hello")
    error = tab.refused("send", client_id=ack.client_id, conversation=ack.conversation, text="Goodbye")

    assert (error["code"], error["retryable"], error["fatal"]) == ("idempotency_conflict", False, False)
    assert message_row(ack.message).text == "Hello"


def test_two_members_may_make_the_same_id(tab: Tab, site: Site, bob: User) -> None:
    ack = tab.say("Hello from Alice")
    other = site.open(bob).say("Hello from Bob", client_id=ack.client_id)

    assert other.message != ack.message


def test_somebody_elses_conversation_does_not_exist(tab: Tab, site: Site, bob: User) -> None:
    ack = tab.ask("Only for me")
    tab.answer(ack.reply)
    other = site.open(bob)
    nowhere = new_id()

    for personality in ({}, {"personality": "assistant"}):
        foreign = other.refused(
            "send", client_id=new_id(), conversation=ack.conversation, text="Let me in", **personality
        )
        assert foreign["code"] == "not_found"
    missing = other.refused("send", client_id=new_id(), conversation=nowhere, text="Let me in")
    refusals = [other.refused("subscribe", conversation=talk) for talk in (ack.conversation, nowhere)]

    assert len({(error["code"], error["message"]) for error in (foreign, missing, *refusals)}) == 1
    assert not Conversation.objects.filter(pk=nowhere).exists()
    assert not Membership.objects.filter(user=bob).exists()
    assert Message.objects.count() == 2
    tab.answer(tab.say("And what I say next", conversation=ack.conversation).reply)
    other.flush()
    assert {frame["type"] for frame in other.frames} == {"hello", "error"}, "he was let into the group"


@pytest.mark.parametrize("slug", ["nobody", "Assistant", "assistant "])
def test_an_unknown_personality_is_refused(tab: Tab, slug: str) -> None:
    error = tab.refused("send", client_id=new_id(), conversation=new_id(), text="Hello", personality=slug)

    assert error["code"] == "unknown_personality"
    assert not Conversation.objects.exists()


def test_it_follows_the_message_it_names(tab: Tab) -> None:
    first = tab.ask("One")
    tab.answer(first.reply)
    second = tab.say("Two", conversation=first.conversation)
    tab.answer(second.reply)

    branch = tab.say("Another two", conversation=first.conversation, parent=first.reply)
    tab.answer(branch.reply)

    assert message_row(branch.message).parent_id == uuid.UUID(first.reply)
    shown = [message["id"] for message in tab.page.branch(first.conversation)]
    assert shown == [first.message, first.reply, branch.message, branch.reply]
    assert tab.page.message(branch.message)["siblings"] == [second.message, branch.message]


@pytest.mark.parametrize("whose", ["nobody's", "another conversation's"])
def test_it_cannot_follow_what_is_not_there(tab: Tab, whose: str) -> None:
    ack = tab.say("Hello")
    parent = new_id() if whose == "nobody's" else tab.say("Elsewhere").message
    before = Message.objects.count()

    error = tab.refused("send", client_id=new_id(), conversation=ack.conversation, text="Hello", parent=parent)

    assert error["code"] == "not_found"
    assert Message.objects.count() == before
