"""Nothing is overwritten: a new version stands beside the old one, and members choose which branch is shown."""

import pytest

from accounts.models import User
from agents.models import Personality, PersonalityVersion
from agents.publishing import publish
from conversations.models import Conversation, MemberRole, Membership, Message
from tests.endpoint import RunningEndpoint
from tests.rows import conversation_row, message_row
from tests.said import tokens
from tests.site import Site
from tests.tab import Ack, Tab, new_id


def regenerate(tab: Tab, message: str, client_id: str | None = None, personality: str | None = None) -> Ack:
    client_id = client_id or new_id()
    tab.send("regenerate", client_id=client_id, message=message, personality=personality)
    return tab.acknowledged(client_id)


def shown(tab: Tab, conversation: str) -> list[str]:
    return [message["id"] for message in tab.page.branch(conversation)]


class TestRegenerate:
    def test_the_new_version_stands_beside_the_old(self, site: Site, tab: Tab, alice: User) -> None:
        other = site.open(alice)
        first = tab.ask("Hello [[tokens=3]]")
        tab.answer(first.reply)
        other.read(first.conversation)

        again = regenerate(tab, first.reply)
        assert again.message == again.reply
        assert tab.answer(again.reply) == other.answer(again.reply) == tokens(3)
        for each in (tab, other):
            assert each.page.message(again.reply)["siblings"] == [first.reply, again.reply]
            assert shown(each, first.conversation) == [first.message, again.reply]
        assert message_row(first.reply).text == tokens(3)
        assert message_row(again.reply).parent == message_row(first.message)

        later = site.open(alice)
        later.read(first.conversation)
        assert shown(later, first.conversation) == [first.message, again.reply]

    def test_the_old_answer_is_not_told_to_the_model(self, tab: Tab, endpoint: RunningEndpoint) -> None:
        first = tab.ask("Hello [[tokens=3]]")
        tab.answer(first.reply)
        tab.answer(regenerate(tab, first.reply).reply)

        asked = [request["messages"][1:] for request in endpoint.log(settled=1) if request["stream"]]
        assert asked[0] == asked[1] == [{"role": "user", "content": "Hello [[tokens=3]]"}]

    def test_asked_twice_under_one_id_it_is_one_version(self, tab: Tab) -> None:
        first = tab.ask("Hello")
        tab.answer(first.reply)
        once = regenerate(tab, first.reply)
        again = regenerate(tab, first.reply, client_id=once.client_id)

        assert again == once
        assert Message.objects.filter(role="assistant").count() == 2

    def test_the_personality_of_now_answers(self, tab: Tab) -> None:
        first = tab.ask("Hello", personality="assistant")
        tab.answer(first.reply)
        second = tab.say("You now", conversation=first.conversation, personality="writer")
        tab.answer(second.reply)
        again = regenerate(tab, first.reply)
        tab.answer(again.reply)

        assert tab.page.message(again.reply)["reply"]["personality"]["slug"] == "writer"
        assert tab.page.message(first.reply)["reply"]["personality"]["slug"] == "assistant"

    def test_another_personality_may_be_asked_without_handing_over_to_it(
        self, tab: Tab, endpoint: RunningEndpoint
    ) -> None:
        first = tab.ask("Hello", personality="assistant")
        tab.answer(first.reply)
        again = regenerate(tab, first.reply, personality="technical")
        tab.answer(again.reply)
        third = tab.say("And now?", conversation=first.conversation)
        tab.answer(third.reply)

        answers = [tab.page.message(each.reply)["reply"] for each in (first, again, third)]
        assert [answer["personality"]["slug"] for answer in answers] == ["assistant", "technical", "assistant"]
        assert conversation_row(first.conversation).personality.slug == "assistant"
        prompts = [request["messages"][0]["content"] for request in endpoint.log(settled=1) if request["stream"]]
        assert ["You are Dev" in prompt for prompt in prompts] == [False, True, False]

    def test_an_answer_names_the_version_that_gave_it(self, tab: Tab) -> None:
        first = tab.ask("Hello", personality="writer")
        tab.answer(first.reply)
        writer = Personality.objects.get(slug="writer")
        publish(PersonalityVersion.objects.create(personality=writer, number=2, name="Sage II", role="poet"))
        again = regenerate(tab, first.reply)
        tab.answer(again.reply)

        told = [tab.page.message(each.reply)["reply"] for each in (first, again)]
        assert [(each["personality"]["name"], each["version"]) for each in told] == [("Sage", 1), ("Sage II", 2)]

    @pytest.mark.parametrize("who", ["nobody", "one that is not offered"])
    def test_who_may_not_be_chosen_is_not_asked(self, tab: Tab, who: str) -> None:
        first = tab.ask("Hello")
        tab.answer(first.reply)
        Personality.objects.filter(slug="writer").update(offered=False)
        slug = "writer" if who != "nobody" else "mallory"
        refused = tab.refused("regenerate", client_id=new_id(), message=first.reply, personality=slug)
        assert refused["code"] == "unknown_personality"
        assert Message.objects.count() == 2

    def test_bob_may_not_let_anybody_write_it_anew(self, site: Site, tab: Tab, bob: User) -> None:
        first = tab.ask("Hello")
        tab.answer(first.reply)
        refused = site.open(bob).refused("regenerate", client_id=new_id(), message=first.reply, personality="technical")
        assert refused["code"] == "not_found"
        assert Message.objects.count() == 2

    def test_in_the_middle_it_begins_a_branch(self, tab: Tab) -> None:
        first = tab.ask("One")
        tab.answer(first.reply)
        second = tab.say("Two", conversation=first.conversation)
        tab.answer(second.reply)

        again = regenerate(tab, first.reply)
        tab.answer(again.reply)
        assert shown(tab, first.conversation) == [first.message, again.reply]
        third = tab.say("Another two", conversation=first.conversation)
        tab.answer(third.reply)
        assert shown(tab, first.conversation) == [first.message, again.reply, third.message, third.reply]

    def test_while_another_is_written_it_waits(self, tab: Tab) -> None:
        first = tab.ask("One [[tokens=40 pace=10ms]]")
        tab.until(first.reply, "t1 ")
        again = regenerate(tab, first.reply)
        tab.status(again.reply, "waiting")

        assert tab.answer(again.reply) == tab.answer(first.reply) == tokens(40)

    def test_a_failed_answer_can_be_asked_for_again(self, tab: Tab) -> None:
        first = tab.ask("Hello [[fault=401 times=1]]")
        assert tab.ended(first.reply)["status"] == "failed"
        assert tab.answer(regenerate(tab, first.reply).reply) == tokens(20)

    @pytest.mark.parametrize("what", ["nothing", "a member's message"])
    def test_what_is_no_answer_cannot_be_written_anew(self, tab: Tab, what: str) -> None:
        ack = tab.ask("Hello")
        tab.answer(ack.reply)
        message = ack.message if what == "a member's message" else new_id()

        assert tab.refused("regenerate", client_id=new_id(), message=message)["code"] == "not_found"
        assert Message.objects.count() == 2


class TestSelect:
    @pytest.fixture
    def branches(self, tab: Tab) -> tuple[Ack, Ack, Ack]:
        """A question with two answers; the first of them was followed by another question. The second is shown."""
        first = tab.ask("One")
        tab.answer(first.reply)
        follow = tab.say("Two", conversation=first.conversation)
        tab.answer(follow.reply)
        again = regenerate(tab, first.reply)
        tab.answer(again.reply)
        return first, follow, again

    def test_every_tab_shows_the_branch_down_to_its_end(
        self, site: Site, tab: Tab, alice: User, branches: tuple[Ack, Ack, Ack]
    ) -> None:
        first, follow, _ = branches
        other = site.open(alice)
        other.read(first.conversation)
        other.send("select", message=first.reply)

        old = [first.message, first.reply, follow.message, follow.reply]
        for each in (tab, other):
            each.expect("snapshot", where=lambda frame: frame["conversation"]["head"] == follow.reply)
            assert shown(each, first.conversation) == old
        later = site.open(alice)
        later.read(first.conversation)
        assert shown(later, first.conversation) == old

    def test_what_is_said_next_follows_it(self, tab: Tab, branches: tuple[Ack, Ack, Ack]) -> None:
        first, follow, _ = branches
        tab.send("select", message=follow.message)
        tab.expect("snapshot", where=lambda frame: frame["conversation"]["head"] == follow.reply)
        ack = tab.say("Three", conversation=first.conversation)
        tab.answer(ack.reply)

        assert message_row(ack.message).parent == message_row(follow.reply)

    def test_who_was_away_gets_the_new_branch_whole(
        self, site: Site, tab: Tab, alice: User, branches: tuple[Ack, Ack, Ack]
    ) -> None:
        first, follow, _ = branches
        rev = tab.page.conversations[first.conversation].rev
        tab.close()
        site.open(alice).send("select", message=follow.reply)
        again = site.open(alice)
        again.page = tab.page
        again.read(first.conversation, rev=rev)
        if shown(again, first.conversation)[-1] != follow.reply:  # it was quicker than the choice
            again.expect("snapshot")

        assert shown(again, first.conversation)[-1] == follow.reply


class TestRename:
    def test_every_tab_shows_the_title(self, site: Site, tab: Tab, alice: User) -> None:
        ack = tab.ask("Hello")
        tab.answer(ack.reply)
        elsewhere = site.open(alice)
        tab.send("rename", conversation=ack.conversation, title="  Plans \n for   spring ")

        for each in (tab, elsewhere):
            frame = each.expect("conversation", where=lambda frame: frame["conversation"]["title"])
            assert frame["conversation"]["title"] == "Plans for spring"
        row = conversation_row(ack.conversation)
        assert (row.title, row.titled_by) == ("Plans for spring", "member")

    @pytest.mark.parametrize(
        ("title", "code"),
        [
            ("", "empty_text"),
            (" \n ", "empty_text"),
            ("x" * 121, "text_too_long"),
            ("a\0b", "bad_text"),
            (7, "bad_field"),
        ],
    )
    def test_a_title_that_cannot_be_kept_is_refused(self, tab: Tab, title: object, code: str) -> None:
        ack = tab.say("Hello")
        assert tab.refused("rename", conversation=ack.conversation, title=title)["code"] == code
        assert conversation_row(ack.conversation).titled_by != "member"


class TestWhoMayNot:
    @pytest.fixture
    def talk(self, tab: Tab) -> Ack:
        ack = tab.ask("Only for me")
        tab.answer(ack.reply)
        tab.close()
        return ack

    def refusals(self, tab: Tab, talk: Ack) -> set[tuple[str, bool]]:
        errors = [
            tab.refused("send", client_id=new_id(), conversation=talk.conversation, text="Hello"),
            tab.refused("regenerate", client_id=new_id(), message=talk.reply),
            tab.refused("continue", client_id=new_id(), message=talk.reply),
            tab.refused("stop", reply=talk.reply),
            tab.refused("select", message=talk.message),
            tab.refused("rename", conversation=talk.conversation, title="Mine now"),
        ]
        return {(error["code"], error["retryable"]) for error in errors}

    def everything(self) -> list[object]:
        return [*Conversation.objects.values(), *Message.objects.order_by("position").values()]

    def test_a_stranger(self, site: Site, talk: Ack, bob: User) -> None:
        before = self.everything()
        assert self.refusals(site.open(bob), talk) == {("not_found", False)}
        assert self.everything() == before

    def test_staff_are_strangers_too(self, site: Site, talk: Ack, charlie: User) -> None:
        tab = site.open(charlie)
        assert self.refusals(tab, talk) == {("not_found", False)}
        assert tab.refused("subscribe", conversation=talk.conversation)["code"] == "not_found"

    def test_a_reader_only_reads(self, site: Site, talk: Ack, bob: User) -> None:
        Membership.objects.create(conversation=conversation_row(talk.conversation), user=bob, role=MemberRole.READER)
        before = self.everything()
        tab = site.open(bob)
        tab.read(talk.conversation)

        assert tab.page.text(talk.reply) == tokens(20)
        assert self.refusals(tab, talk) == {("not_found", False)}
        assert self.everything() == before

    def test_nobody_reads_what_is_in_the_trash(self, site: Site, talk: Ack, alice: User) -> None:
        conversation = conversation_row(talk.conversation)
        Conversation.objects.filter(pk=conversation.pk).update(trashed_at=conversation.created_at)
        tab = site.open(alice)

        assert tab.refused("subscribe", conversation=talk.conversation)["code"] == "not_found"
        assert self.refusals(tab, talk) == {("not_found", False)}


def test_a_personality_that_is_not_offered_any_more_still_answers_where_it_did(tab: Tab) -> None:
    first = tab.ask("Hello", personality="writer")
    tab.answer(first.reply)
    Personality.objects.filter(slug="writer").update(offered=False)

    assert tab.answer(tab.say("Still there?", conversation=first.conversation).reply) == tokens(20)
    error = tab.refused("send", client_id=new_id(), conversation=new_id(), text="Hello", personality="writer")
    assert error["code"] == "unknown_personality"
