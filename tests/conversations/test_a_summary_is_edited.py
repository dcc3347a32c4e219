"""The owner says a summary in other words: everybody reads them, the model is told them, and no version goes away."""

import pytest

from accounts.models import User
from agents.summaries import SUMMARY_CHARS
from conversations.models import Conversation, MemberRole, Membership, Summary
from conversations.summaries import keeping
from conversations.wire import MAX_FRAME
from tests.conversations.in_short import made, quiet_assistant, store_long_talk
from tests.endpoint import RunningEndpoint
from tests.site import Site
from tests.tab import Tab

WRITTEN, EDITED = "They want to fly to Lisbon in May.", "They go to Lisbon in May, by train."


@pytest.fixture
def talk(world: None, alice: User) -> Conversation:
    """Too long for what the model may see of it, and summarised."""
    quiet_assistant(budget=600)
    talk = store_long_talk(alice, 8)
    for message in talk.messages.all():
        message.text = f"{message.text}: {'more ' * 40}"
        message.save(update_fields=["text"])
    return talk


@pytest.fixture
def summary(talk: Conversation) -> Summary:
    reached = talk.messages.get(position=6)
    return Summary.objects.create(conversation=talk, reaches=reached, covers=6, text=WRITTEN, model="small")


@pytest.fixture
def dora(talk: Conversation) -> User:
    """Writes in Alice's conversation, and does not own it."""
    dora = User.objects.create_user("dora@example.org", name="Dora")
    Membership.objects.create(conversation=talk, user=dora, role=MemberRole.WRITER)
    return dora


def shown(tab: Tab, talk: Conversation) -> str:
    summary = tab.page.conversations[str(talk.pk)].summary
    return summary["text"] if summary else ""


class TestTheOwner:
    def test_edits_it_and_all_readers_see_it(
        self, site: Site, talk: Conversation, summary: Summary, alice: User, dora: User
    ) -> None:
        tabs = [site.open(alice), site.open(alice), site.open(dora)]
        for tab in tabs:
            tab.read(str(talk.pk))
            assert shown(tab, talk) == WRITTEN
        tabs[0].send("amend", summary=str(summary.pk), text=f"  {EDITED}\n")
        for tab in tabs:
            told = tab.expect("summary")["summary"]
            assert (told["text"], told["version"], told["covers"]) == (EDITED, 2, 6)
            assert told["edited_by"] == {"id": alice.pk, "name": "Alice"}
        late = site.open(dora)
        late.read(str(talk.pk))
        assert shown(late, talk) == EDITED

    def test_every_version_is_kept(self, site: Site, talk: Conversation, summary: Summary, alice: User) -> None:
        tab = site.open(alice)
        tab.read(str(talk.pk))
        for words in (EDITED, "Lisbon."):
            current = tab.page.conversations[str(talk.pk)].summary
            assert current is not None
            tab.send("amend", summary=current["id"], text=words)
            tab.expect("summary")
        assert made(talk) == [(6, 1, WRITTEN), (6, 2, EDITED), (6, 3, "Lisbon.")]

    def test_the_model_is_told_the_new_words(
        self, site: Site, talk: Conversation, summary: Summary, alice: User, endpoint: RunningEndpoint
    ) -> None:
        tab = site.open(alice)
        tab.read(str(talk.pk))
        tab.answer(tab.ask("How do we get there?", conversation=str(talk.pk)).reply)
        tab.send("amend", summary=str(summary.pk), text=EDITED)
        tab.expect("summary")
        tab.answer(tab.ask("And how long does it take?", conversation=str(talk.pk)).reply)

        first, second = (str(request["messages"]) for request in endpoint.log())
        assert WRITTEN in first
        assert EDITED not in first
        assert EDITED in second
        assert WRITTEN not in second


class TestWhoMayNot:
    def test_who_does_not_share_it(self, site: Site, talk: Conversation, summary: Summary, bob: User) -> None:
        assert site.open(bob).refused("amend", summary=str(summary.pk), text="Mine")["code"] == "not_found"
        assert made(talk) == [(6, 1, WRITTEN)]

    def test_who_shares_it_and_does_not_own_it(
        self, site: Site, talk: Conversation, summary: Summary, dora: User
    ) -> None:
        assert site.open(dora).refused("amend", summary=str(summary.pk), text="Mine")["code"] == "owner_only"
        assert made(talk) == [(6, 1, WRITTEN)]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("text", "code"),
        [("x" * (SUMMARY_CHARS + 1), "text_too_long"), ("  ", "empty_text"), ("a\0b", "bad_text"), (7, "bad_field")],
    )
    def test_words_that_cannot_be_kept(
        self, site: Site, talk: Conversation, summary: Summary, alice: User, text: object, code: str
    ) -> None:
        tab = site.open(alice)
        tab.read(str(talk.pk))
        assert tab.refused("amend", summary=str(summary.pk), text=text)["code"] == code
        assert made(talk) == [(6, 1, WRITTEN)]
        assert shown(tab, talk) == WRITTEN

    def test_more_words_than_a_summary_may_have(
        self, site: Site, talk: Conversation, summary: Summary, alice: User
    ) -> None:
        """The most that may be kept is what a model's own are cut to; in any script it fits into a frame."""
        tab = site.open(alice)
        tab.read(str(talk.pk))
        refusal = tab.refused("amend", summary=str(summary.pk), text="가" * (SUMMARY_CHARS + 1))
        assert refusal["message"].startswith("The text has 8,001 characters; 8,000 is the most.")
        tab.send("amend", summary=str(summary.pk), text="가" * SUMMARY_CHARS)
        assert tab.expect("summary")["summary"]["text"] == "가" * SUMMARY_CHARS
        assert len("가".encode() * SUMMARY_CHARS) < MAX_FRAME

    def test_words_for_one_that_has_a_newer_version(
        self, site: Site, talk: Conversation, summary: Summary, alice: User
    ) -> None:
        keeping.edit(user=alice, summary=summary.pk, text=EDITED)
        refusal = site.open(alice).refused("amend", summary=str(summary.pk), text="Mine")
        assert (refusal["code"], refusal["retryable"]) == ("summary_changed", False)
        assert made(talk) == [(6, 1, WRITTEN), (6, 2, EDITED)]

    def test_words_for_one_that_reaches_less_far_than_the_newest(
        self, site: Site, talk: Conversation, summary: Summary, alice: User
    ) -> None:
        Summary.objects.create(conversation=talk, reaches=talk.messages.get(position=10), covers=10, text="Longer")
        assert site.open(alice).refused("amend", summary=str(summary.pk), text="Mine")["code"] == "summary_changed"
        assert made(talk) == [(6, 1, WRITTEN), (10, 1, "Longer")]

    def test_words_for_one_that_is_not_there(self, site: Site, talk: Conversation, alice: User) -> None:
        refusal = site.open(alice).refused("amend", summary=str(talk.pk), text="Mine")
        assert refusal["code"] == "not_found"
        assert refusal["message"] == "There is no such summary, or it is not shared with you."
