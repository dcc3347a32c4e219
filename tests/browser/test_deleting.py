"""A member deletes a conversation after being asked once more, in every window at once, and can take it back."""

from playwright.sync_api import expect

from accounts.models import User
from conversations.models import Conversation, MemberRole, Membership
from tests.browser.test_summary import summarised
from tests.browser.window import Window, Windows, status


def test_it_goes_from_every_window_and_comes_back(windows: Windows, window: Window, alice: User) -> None:
    status(window.ask("Hello [[tokens=5]]"), "complete")
    other = windows.open(alice, window.page.url.removeprefix(window.url), beside=window)
    expect(other.answers).to_have_count(1)

    window.button("Delete conversation").click()
    window.button("Keep it").click()
    expect(window.answers).to_have_count(1)
    window.button("Delete conversation").click()
    window.button("Delete this conversation").click()
    for each in (window, other):
        expect(each.page.get_by_role("heading", name="This conversation was deleted.")).to_be_visible()
        expect(each.page.locator("parley-list .item")).to_have_count(0)

    window.button("Take it back").click()
    for each in (window, other):
        expect(each.answers).to_have_count(1)
        expect(each.page.locator("parley-list .item")).to_have_count(1)
        expect(each.page.get_by_role("heading", name="This conversation was deleted.")).to_be_hidden()
        expect(each.button("Take it back")).to_be_hidden()
        expect(each.composer).to_be_visible()
    status(window.ask("And now? [[tokens=3]]"), "complete")


def test_who_comes_back_to_its_address_can_still_take_it_back(window: Window) -> None:
    status(window.ask("Hello [[tokens=5]]"), "complete")
    window.button("Delete conversation").click()
    window.button("Delete this conversation").click()
    expect(window.button("Take it back")).to_be_visible()
    window.expected.append("404")
    window.page.reload()
    window.connected()
    expect(window.page.get_by_role("heading", name="This conversation was deleted.")).to_be_visible()
    window.button("Take it back").click()
    expect(window.answers).to_have_count(1)
    expect(window.composer).to_be_visible()
    expect(window.page.get_by_role("heading", name="This conversation was deleted.")).to_be_hidden()


def test_who_only_shares_it_is_offered_nothing_that_is_the_owners(windows: Windows, alice: User, bob: User) -> None:
    talk, _ = summarised(alice)
    Membership.objects.create(conversation=talk, user=bob, role=MemberRole.WRITER)
    owner, other = windows.open(alice, f"/c/{talk.pk}/"), windows.open(bob, f"/c/{talk.pk}/")
    for each, offered in ((owner, 1), (other, 0)):
        each.connected()
        each.button("Open").click()
        expect(each.button("Close")).to_be_visible()
        expect(each.button("Edit")).to_have_count(offered)
        expect(each.button("Delete conversation")).to_have_count(offered)

    owner.button("Delete conversation").click()
    owner.button("Delete this conversation").click()
    for each, words, offered in ((owner, "You can take it back", 1), (other, "Its owner can take it back", 0)):
        expect(each.page.get_by_role("heading", name="This conversation was deleted.")).to_be_visible()
        expect(each.page.locator(".gone")).to_contain_text(words)
        expect(each.button("Take it back")).to_have_count(offered)
    assert Conversation.objects.get().trashed_at

    owner.button("Take it back").click()
    for each in (owner, other):
        expect(each.said).to_have_count(3)
        expect(each.page.locator(".gone")).to_be_hidden()
