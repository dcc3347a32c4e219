"""What is new is marked in the list, a line says where one stopped reading, and what was read is read everywhere."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, expect

from accounts.models import User
from conversations.models import Conversation, Membership, Recap
from tests.browser.window import Window, Windows, status
from tests.conversations.stored import store_exchanges, store_talk
from tests.endpoint import RunningEndpoint
from tests.server import Process, eventually, working


def store_read(owner: User, exchanges: int, *, read: int, title: str = "Lisbon") -> Conversation:
    """A conversation of which so many messages were read."""
    talk = store_talk(owner, title=title, titled_by="member")
    store_exchanges(talk, exchanges)
    Membership.objects.filter(conversation=talk, user=owner).update(last_read=read)
    return talk


def last_read(talk: Conversation, user: User) -> int:
    return Membership.objects.get(conversation=talk, user=user).last_read


def dot(window: Window, title: str) -> Locator:
    return window.page.locator(".item", has_text=title).get_by_role("img", name="unread")


def order(window: Window) -> list[str]:
    """The messages' words and the line, as they stand."""
    found: list[str] = window.page.locator(".bubble, .prose, .unread").evaluate_all(
        "all => all.map((each) => each.innerText.trim())"
    )
    return found


LINE = "New messages"


class TestTheList:
    def test_what_is_new_is_marked_and_read_everywhere_once_it_is_seen(self, windows: Windows, alice: User) -> None:
        new, old = store_read(alice, 2, read=2), store_read(alice, 2, read=4, title="Porto")
        here, elsewhere = windows.open(alice), windows.open(alice)
        for window in (here, elsewhere):
            window.connected()
            expect(dot(window, "Lisbon")).to_be_visible()
            expect(dot(window, "Porto")).to_have_count(0)
        here.page.get_by_role("link", name="Lisbon").click()
        for window in (here, elsewhere):
            expect(dot(window, "Lisbon")).to_have_count(0)
        assert (last_read(new, alice), last_read(old, alice)) == (4, 4)

    def test_an_answer_that_ends_while_one_is_elsewhere(self, window: Window, alice: User) -> None:
        window.ask("Long [[tokens=60 pace=30ms first=100ms]]")
        window.page.get_by_role("link", name="New conversation").first.click()
        unread = window.page.locator(".item").get_by_role("img", name="unread")
        expect(unread).to_be_visible(timeout=20_000)
        assert Membership.objects.get().last_read == 1, "it was whole only when nobody looked"
        window.page.locator("a.item").click()
        status(window.answers.first, "complete")
        expect(unread).to_have_count(0)
        eventually(lambda: Membership.objects.get().last_read == 2)


class TestTheLine:
    def test_it_stands_where_reading_stopped_and_stays(self, windows: Windows, alice: User) -> None:
        talk = store_read(alice, 3, read=3)
        window = windows.open(alice, f"/c/{talk.pk}/")
        window.connected()
        eventually(lambda: last_read(talk, alice) == 6)
        expected = ["Question 1", "Said", "Question 3", LINE, "Said", "Question 5", "Said"]
        assert order(window) == expected
        status(window.ask("More [[tokens=2]]"), "complete")
        assert order(window)[:7] == expected

        window.page.reload()
        window.connected()
        expect(window.answers).to_have_count(4)
        expect(window.page.locator(".unread")).to_have_count(0)

    def test_ones_own_words_are_never_new(self, windows: Windows, alice: User) -> None:
        talk = store_read(alice, 3, read=4)
        window = windows.open(alice, f"/c/{talk.pk}/")
        window.connected()
        assert order(window) == ["Question 1", "Said", "Question 3", "Said", "Question 5", LINE, "Said"]

    def test_it_is_there_before_any_script(self, windows: Windows, alice: User) -> None:
        for read in (3, 4, 6, 0):
            talk = store_read(alice, 3, read=read)
            plain = windows.open(alice, f"/c/{talk.pk}/", java_script_enabled=False)
            drawn = windows.open(alice, f"/c/{talk.pk}/")
            drawn.connected()
            expect(drawn.answers).to_have_count(3)
            assert order(plain) == order(drawn)
            assert (LINE in order(plain)) == (read in (3, 4))

    def test_a_long_conversation_opens_at_it(self, windows: Windows, alice: User) -> None:
        talk = store_read(alice, 20, read=20)
        window = windows.open(alice, f"/c/{talk.pk}/")
        window.connected()
        expect(window.page.locator(".unread")).to_be_in_viewport()
        expect(window.answers.last).not_to_be_in_viewport()
        assert last_read(talk, alice) == 20, "the end was not seen yet"
        window.pill.click()
        expect(window.answers.last).to_be_in_viewport()
        eventually(lambda: last_read(talk, alice) == 40)

    def test_what_is_not_there_has_none(self, windows: Windows, alice: User, bob: User) -> None:
        talk = store_read(alice, 3, read=3)
        window = windows.open(bob, f"/c/{talk.pk}/")
        window.expected.append("404")
        window.connected()
        expect(window.page.locator(".unread")).to_have_count(0)
        assert last_read(talk, alice) == 3


@pytest.fixture(scope="module")
def worker(parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with working(parley_environment, tmp_path_factory.mktemp("celery") / "log") as process:
        yield process


SHORT = "- Alice asked two questions.\n- Nothing is decided yet."


class TestCatchingUp:
    def test_one_is_told_at_the_line_what_one_missed(
        self, worker: Process, windows: Windows, alice: User, endpoint: RunningEndpoint
    ) -> None:
        talk = store_read(alice, 4, read=3)
        window = windows.open(alice, f"/c/{talk.pk}/")
        beside = windows.open(alice, f"/c/{talk.pk}/", beside=window)
        window.connected()
        endpoint.script(f"[[whole text={json.dumps(SHORT)} headers=1s]]")
        window.button("Catch me up").click()
        card = window.page.locator("parley-recap")
        expect(card).to_contain_text("Reading what you missed…")
        expect(window.button("Catch me up")).to_have_count(0)
        expect(card).to_contain_text("5 messages you missed, in short.", timeout=20_000)
        assert window.page.locator(".unread, parley-recap, .bubble").evaluate_all(
            "all => all.map((each) => each.className || each.localName)"
        ) == ["bubble", "bubble", "unread", "parley-recap", "bubble", "bubble"]

        window.button("Open").click()
        expect(card.locator(".summary-text")).to_have_text(SHORT, use_inner_text=True)
        expect(window.button("Close")).to_be_focused()
        expect(beside.page.locator("parley-recap")).to_contain_text("5 messages you missed")
        window.page.reload()
        expect(window.page.locator("parley-recap")).to_contain_text("5 messages you missed")

    def test_it_is_there_before_any_script(self, windows: Windows, alice: User) -> None:
        talk = store_read(alice, 4, read=3)
        store_recap(talk, alice, text=SHORT, covers=5, due_at=None)
        plain = windows.open(alice, f"/c/{talk.pk}/", java_script_enabled=False)
        drawn = windows.open(alice, f"/c/{talk.pk}/")
        drawn.connected()
        expect(drawn.button("Open")).to_be_visible()
        for window in (plain, drawn):
            assert "5 messages you missed" in window.page.locator(".summary-line").inner_text()
        heights = [window.page.locator(".summary").evaluate("card => card.clientHeight") for window in (plain, drawn)]
        assert heights[0] == heights[1]

    def test_a_card_that_opens_stays_where_it_is(self, windows: Windows, alice: User) -> None:
        talk = store_read(alice, 4, read=8)
        store_recap(talk, alice, text="Long. " * 400, covers=5, due_at=None)
        window = windows.open(alice, f"/c/{talk.pk}/")
        window.connected()
        expect(window.button("Open")).to_be_visible()
        top = "() => document.querySelector('parley-recap').getBoundingClientRect().top"
        before = window.page.evaluate(top)
        window.button("Open").click()
        expect(window.button("Close")).to_be_attached()
        expect(window.answers.last).not_to_be_in_viewport()
        assert window.page.evaluate(top) == before
        expect(window.pill).not_to_have_text("New text")

    def test_one_that_failed_is_tried_again(
        self, worker: Process, windows: Windows, alice: User, endpoint: RunningEndpoint
    ) -> None:
        talk = store_read(alice, 4, read=3)
        store_recap(talk, alice, given_up_at=timezone.now(), error_code="overloaded", error_message="It is busy.")
        window = windows.open(alice, f"/c/{talk.pk}/")
        window.connected()
        expect(window.page.locator("parley-recap")).to_contain_text("It is busy.")
        endpoint.script(f"[[whole text={json.dumps(SHORT)}]]")
        window.button("Try again").click()
        expect(window.page.locator("parley-recap")).to_contain_text("5 messages you missed", timeout=20_000)

    def test_for_a_few_messages_it_is_not_offered(self, windows: Windows, alice: User) -> None:
        talk = store_read(alice, 3, read=3)
        window = windows.open(alice, f"/c/{talk.pk}/")
        window.connected()
        expect(window.page.locator(".unread")).to_be_visible()
        expect(window.button("Catch me up")).to_have_count(0)


def store_recap(talk: Conversation, user: User, **fields: Any) -> Recap:
    """Of what was said after the third message."""
    return Recap.objects.create(
        **{"conversation": talk, "user": user, "after": 3, "told": 3, "reaches": talk.head, **fields}
    )
