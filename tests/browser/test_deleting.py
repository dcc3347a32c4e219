"""A member deletes a conversation after being asked once more, in every window at once, and can take it back."""

from playwright.sync_api import expect

from accounts.models import User
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
    status(window.ask("And now? [[tokens=3]]"), "complete")
