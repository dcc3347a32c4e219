"""What is new is marked in the list, a line says where one stopped reading, and what was read is read everywhere."""

from playwright.sync_api import Locator, expect

from accounts.models import User
from conversations.models import Conversation, Membership
from tests.browser.window import Window, Windows, status
from tests.conversations.stored import store_exchanges, store_talk
from tests.server import eventually


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


LINE = "New since you were last here"


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
