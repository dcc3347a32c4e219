"""The receipt of an answer, replayed, is what its model was sent, to the byte; members and staff can open it."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from agents.models import Personality, PersonalityVersion, Strategy
from agents.prompts import GO_ON
from conversations import receipts
from conversations.models import Conversation, Message, Status, Summary
from tests.browser.window import says
from tests.conversations.stored import store_exchanges, store_message, store_reply, store_talk
from tests.endpoint import RunningEndpoint
from tests.rows import reply_row
from tests.site import Site
from tests.tab import Ack, Tab, new_id


def publish(strategy: Strategy, budget: int) -> None:
    """A version of the assistant with this strategy and so many tokens of context."""
    assistant = Personality.objects.get(slug="assistant")
    assistant.published = PersonalityVersion.objects.create(
        personality=assistant,
        number=2,
        name="Parley",
        role="assistant",
        strategy=strategy,
        context_budget=budget,
        max_tokens=60,
        temperature=0.4,
        follow_ups=False,
    )
    assistant.save(update_fields=["published"])


def long_talk(owner: User) -> Conversation:
    """Twenty exchanges of many lengths and scripts, one of which failed."""
    talk = store_talk(owner)
    for number in range(20):
        asked = store_message(talk, parent=talk.head, text=f"Is {'bread ' * number}better? “{number}” 빵 \u2028 🍞")
        failed = number == 7
        reply = store_reply(talk, Status.FAILED if failed else Status.COMPLETE, parent=asked)
        reply.message.text = "" if failed else f"Important: {'it is ' * (40 - number)}\n\n```\n{number}\n```"
        reply.message.save(update_fields=["text"])
    return talk


def summarised(talk: Conversation) -> Summary:
    reached = talk.messages.get(position=24)
    return Summary.objects.create(conversation=talk, reaches=reached, text="They spoke of bread.", covers=24)


def ask(tab: Tab, talk: Conversation, text: str = "So, which bread? [[tokens=3]]") -> Ack:
    tab.read(str(talk.pk))
    ack = tab.ask(text, conversation=str(talk.pk))
    tab.answer(ack.reply)
    return ack


def logged(endpoint: RunningEndpoint) -> bytes:
    """The messages of the newest request that the endpoint heard, as bytes."""
    return as_bytes(endpoint.log()[-1]["messages"])


def as_bytes(messages: Any) -> bytes:
    return json.dumps(messages, ensure_ascii=False).encode()


@contextmanager
def undone() -> Iterator[None]:
    """What is done in this block is taken back: the tabs of a test still have to be told the truth at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class TestReplay:
    @pytest.mark.parametrize(
        ("strategy", "budget", "summary", "chosen"),
        [
            (Strategy.EVERYTHING, 20_000, False, "everything"),
            (Strategy.WINDOW, 700, False, "window"),
            (Strategy.IMPORTANCE, 900, False, "importance"),
            (Strategy.SUMMARY, 700, True, "summary"),
            (Strategy.AUTO, 700, True, "blend"),
            (Strategy.AUTO, 900, False, "importance"),
            (Strategy.WINDOW, 256, False, "window"),
        ],
    )
    def test_it_is_what_the_endpoint_logged_to_the_byte(
        self,
        site: Site,
        alice: User,
        endpoint: RunningEndpoint,
        strategy: Strategy,
        budget: int,
        summary: bool,
        chosen: str,
    ) -> None:
        publish(strategy, budget)
        talk = long_talk(alice)
        if summary:
            summarised(talk)
        reply = reply_row(ask(site.open(alice), talk).reply)

        assert reply.receipt["strategy"] == chosen
        self.exact(alice, str(reply.pk), logged(endpoint))

    def exact(self, user: User, reply: str, *sent: bytes) -> None:
        """This answer's receipts, replayed, are what was sent, and say so; the parts of each make up all of it."""
        row = reply_row(reply)
        assert [as_bytes(messages) for messages in receipts.replay(row)] == list(sent)
        shown = receipts.read(user, row.pk)["sent"]
        assert [told["replay"] for told in shown] == ["exact"] * len(sent)
        for told in shown:
            assert told["total"] == sum(part["tokens"] for part in told["parts"])

    def test_after_another_personality_took_over(self, site: Site, alice: User, endpoint: RunningEndpoint) -> None:
        talk = long_talk(alice)
        tab = site.open(alice)
        first = ask(tab, talk)
        before = logged(endpoint)
        second = tab.say("And you, what do you say? [[tokens=3]]", conversation=str(talk.pk), personality="writer")
        tab.answer(second.reply)
        assert "You are Sage" in endpoint.log()[-1]["messages"][0]["content"]
        self.exact(alice, first.reply, before)
        self.exact(alice, second.reply, logged(endpoint))

    @pytest.mark.parametrize("personality", [None, "technical"])
    def test_of_each_version_of_an_answer(
        self, site: Site, alice: User, endpoint: RunningEndpoint, personality: str | None
    ) -> None:
        publish(Strategy.AUTO, 700)
        talk = long_talk(alice)
        summarised(talk)
        tab = site.open(alice)
        first = ask(tab, talk)
        before = logged(endpoint)
        tab.send("regenerate", client_id=(again := new_id()), message=first.reply, personality=personality)
        version = tab.acknowledged(again)
        tab.answer(version.reply)
        self.exact(alice, first.reply, before)
        self.exact(alice, version.reply, logged(endpoint))
        assert (logged(endpoint) == before) == (personality is None)

    def test_of_an_answer_that_went_on_twice(self, site: Site, alice: User, endpoint: RunningEndpoint) -> None:
        publish(Strategy.AUTO, 700)
        talk = long_talk(alice)
        summarised(talk)
        tab = site.open(alice)
        tab.read(str(talk.pk))
        ack = tab.ask("Bread? [[tokens=40 fault=cut at=30]]", conversation=str(talk.pk))
        assert tab.ended(ack.reply)["status"] == "interrupted"
        sent = [logged(endpoint)]
        self.exact(alice, ack.reply, *sent)
        for said in ("so it goes on and on", "to its end"):
            rev = tab.page.message(ack.reply)["rev"]
            endpoint.script(says(said, "fault=length"))
            tab.send("continue", client_id=(more := new_id()), message=ack.reply)
            tab.acknowledged(more)
            tab.changed(ack.reply, after=rev)
            assert tab.answer(ack.reply).endswith(said)
            sent.append(logged(endpoint))
            self.exact(alice, ack.reply, *sent)
        told = receipts.read(alice, uuid.UUID(ack.reply))["sent"]
        assert [(each["attempt"], [call["status"] for call in each["calls"]]) for each in told] == [
            (1, ["interrupted"]),
            (2, ["complete"]),
            (3, ["complete"]),
        ]
        assert [each["parts"][-1]["kind"] for each in told] == ["question", "continued", "continued"]
        last = told[-1]["parts"][-1]
        assert (last["kind"], last["name"]) == ("continued", "Parley")
        assert last["text"] is not None
        assert last["text"].endswith(GO_ON)
        assert "so it goes on and on" in last["text"]

    def test_what_was_said_and_summed_up_since_changes_nothing(
        self, site: Site, alice: User, endpoint: RunningEndpoint
    ) -> None:
        publish(Strategy.AUTO, 700)
        talk = long_talk(alice)
        summary = summarised(talk)
        tab = site.open(alice)
        first = reply_row(ask(tab, talk).reply)
        sent = logged(endpoint)
        talk.refresh_from_db()
        Summary.objects.create(
            conversation=talk, reaches=summary.reaches, version=2, text="No, of cake.", edited_by=alice
        )
        store_exchanges(talk, 3)
        publish_again = PersonalityVersion.objects.create(
            personality=talk.personality, number=3, name="Somebody else", role="baker"
        )
        Personality.objects.filter(pk=talk.personality_id).update(published=publish_again)

        (replayed,) = receipts.replay(reply_row(str(first.pk)))
        assert as_bytes(replayed) == sent

    def test_a_message_that_was_deleted_is_said_to_be(self, site: Site, alice: User) -> None:
        publish(Strategy.EVERYTHING, 20_000)
        talk = long_talk(alice)
        reply = reply_row(ask(site.open(alice), talk).reply)
        with undone():
            first = Message.objects.get(conversation=talk, position=1)
            Message.objects.filter(parent=first).update(parent=None)
            first.delete()
            assert receipts.replay(reply) == [None]
            (shown,) = receipts.account(reply)["sent"]
        assert shown["replay"] == "missing"
        assert [part["text"] is None for part in shown["parts"]].count(True) == 1

    def test_so_is_a_summary(self, site: Site, alice: User) -> None:
        publish(Strategy.SUMMARY, 700)
        talk = long_talk(alice)
        summary = summarised(talk)
        reply = reply_row(ask(site.open(alice), talk).reply)
        summary.delete()
        assert receipts.replay(reply) == [None]
        (shown,) = receipts.account(reply)["sent"]
        assert shown["replay"] == "missing"

    def test_a_text_that_somebody_tampered_with_is_not_passed_off_as_sent(self, site: Site, alice: User) -> None:
        publish(Strategy.EVERYTHING, 20_000)
        talk = long_talk(alice)
        reply = reply_row(ask(site.open(alice), talk).reply)
        with undone():
            Message.objects.filter(conversation=talk, position=3).update(text="Never said")
            assert receipts.replay(reply) == [None]
            (shown,) = receipts.account(reply)["sent"]
        assert shown["replay"] == "changed"


class TestWhatItTells:
    def test_every_part_with_its_tokens_what_was_left_out_and_what_it_cost(
        self, site: Site, alice: User, endpoint: RunningEndpoint
    ) -> None:
        publish(Strategy.SUMMARY, 700)
        talk = long_talk(alice)
        summarised(talk)
        ack = ask(site.open(alice), talk)
        told = receipts.read(alice, uuid.UUID(ack.reply))
        (sent,) = told["sent"]

        assert (told["model"], told["temperature"], told["max_tokens"]) == ("scripted", 0.4, 60)
        assert (told["personality"]["name"], told["version"], told["status"]) == ("Parley", 2, "complete")
        assert told["first_token_ms"] is not None
        assert told["started_at"] is not None
        assert (sent["budget"], sent["reserve"], sent["strategy"]) == (700, 60, "summary")
        parts = sent["parts"]
        assert [part["kind"] for part in parts[:2]] == ["system", "summary"]
        assert parts[1]["text"] == "They spoke of bread."
        assert (parts[-1]["kind"], parts[-1]["text"], parts[-1]["name"], parts[-1]["position"]) == (
            "question",
            "So, which bread? [[tokens=3]]",
            "Alice",
            41,
        )
        assert parts[-2]["name"] == "Parley"
        assert sent["total"] == sum(part["tokens"] for part in parts) <= 640
        assert sent["left"][-1]["reason"] == "The summary tells of it."
        (call,) = sent["calls"]
        assert (call["status"], call["model"], call["completion_tokens"]) == ("complete", "scripted", 3)
        assert not call["estimated"]

    def test_each_call_of_an_attempt_with_what_it_was_sent(self, site: Site, alice: User) -> None:
        ack = ask(site.open(alice), store_talk(alice), "Hello [[tokens=5 fault=503 times=2]]")
        (sent,) = receipts.read(alice, uuid.UUID(ack.reply))["sent"]
        assert (sent["attempt"], [call["status"] for call in sent["calls"]]) == (1, ["failed", "failed", "complete"])

    def test_an_answer_that_was_never_asked_for(self, personalities: None, alice: User) -> None:
        told = receipts.read(alice, store_reply(store_talk(alice), Status.STOPPED).pk)
        assert told["sent"] == []


def test_staff_read_it_in_the_admin_and_what_was_said_stays_text(
    site: Site, client: Client, alice: User, charlie: User
) -> None:
    talk = store_talk(alice)
    hostile = "<script>alert(1)</script> [[tokens=3]]"
    ack = ask(site.open(alice), talk, hostile)
    client.force_login(charlie)
    page = client.get(f"/admin/conversations/reply/{ack.reply}/change/").content.decode()
    assert "Below stands exactly what was sent." in page
    assert "Attempt 1" in page
    assert "scripted, complete: " in page
    assert "You are Parley" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
