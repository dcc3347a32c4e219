"""What stands around the conversation: themes, the drawer on a phone, the list of keys, and the way out."""

from playwright.sync_api import expect

from accounts.models import User
from tests.browser.window import Window, Windows, status

PAPER, INK = "rgb(251, 250, 247)", "rgb(23, 22, 19)"


def test_a_chosen_theme_stays_chosen(window: Window) -> None:
    page = window.page
    window.connected()
    expect(page.locator("body")).to_have_css("background-color", PAPER)
    window.menu.click()
    page.get_by_text("Dark", exact=True).click()
    expect(page.locator("body")).to_have_css("background-color", INK)
    page.reload()
    expect(page.locator("body")).to_have_css("background-color", INK)
    window.connected()

    window.menu.click()
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    page.get_by_text("System", exact=True).click()
    expect(page.locator("body")).to_have_css("background-color", PAPER)
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", INK)


def test_the_drawer_of_a_phone_opens_and_closes(windows: Windows, alice: User) -> None:
    window = windows.open(alice, viewport={"width": 390, "height": 844})
    page = window.page
    window.connected()
    opener, drawer = window.button("Conversations"), page.get_by_role("dialog", name="Conversations")
    expect(drawer).to_have_count(0)
    opener.click()
    expect(drawer).to_be_in_viewport()
    expect(window.button("Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(opener).to_be_focused()
    expect(page.locator("#rail")).not_to_be_in_viewport()

    opener.click()
    drawer.get_by_role("link", name="New conversation").click()
    expect(drawer).to_have_count(0)


def test_the_keys_are_listed(window: Window) -> None:
    window.connected()
    window.composer.blur()
    window.page.keyboard.press("?")
    keys = window.page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    window.page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_signing_out_leaves_nothing_behind(windows: Windows, window: Window) -> None:
    page = window.page
    status(window.ask("Hello [[tokens=3]]"), "complete")
    shown = page.url
    window.composer.fill("half a thought")
    window.menu.click()
    window.button("Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "half a thought" not in str(page.evaluate("() => Object.entries(localStorage)"))

    page.goto(shown)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
