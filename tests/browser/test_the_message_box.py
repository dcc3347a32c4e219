"""The box keeps what is typed; Enter sends, Shift+Enter breaks the line, and the Enter of an IME is the IME's."""

from playwright.sync_api import expect

from accounts.models import User
from tests.browser.window import Window, Windows, status


def test_a_draft_survives_a_reload_each_where_it_was_typed(window: Window) -> None:
    status(window.ask("Hello [[tokens=3]]"), "complete")
    window.composer.fill("half a thought\nand more")
    window.page.reload()
    expect(window.composer).to_have_value("half a thought\nand more")
    expect(window.composer).to_be_focused()

    window.page.get_by_role("link", name="New conversation").first.click()
    expect(window.composer).to_have_value("")
    window.composer.fill("another one")
    window.page.go_back()
    expect(window.composer).to_have_value("half a thought\nand more")
    window.page.get_by_role("link", name="New conversation").first.click()
    expect(window.composer).to_have_value("another one")


def test_what_was_sent_is_no_draft_any_more(window: Window) -> None:
    status(window.ask("Hello [[tokens=3]]"), "complete")
    expect(window.composer).to_have_value("")
    window.page.reload()
    expect(window.composer).to_have_value("")


def test_enter_sends_and_shift_enter_breaks_the_line(window: Window) -> None:
    window.composer.press_sequentially("one")
    window.composer.press("Shift+Enter")
    window.composer.press_sequentially("two")
    expect(window.composer).to_have_value("one\ntwo")
    expect(window.said).to_have_count(0)
    window.composer.press("Enter")
    expect(window.said).to_have_text("one\ntwo", use_inner_text=True)
    expect(window.composer).to_have_value("")


def test_enter_sends_nothing_where_nothing_is(window: Window) -> None:
    window.composer.press_sequentially("  ")
    window.composer.press("Enter")
    expect(window.composer).to_have_value("  ")
    expect(window.button("Send")).to_be_disabled()
    expect(window.page).to_have_url(f"{window.url}/")


def test_the_enter_that_ends_a_composition_does_not_send(window: Window) -> None:
    window.connected()
    window.composer.focus()
    keys = window.page.context.new_cdp_session(window.page)
    keys.send("Input.imeSetComposition", {"text": "안녕", "selectionStart": 2, "selectionEnd": 2})
    expect(window.composer).to_have_value("안녕")
    enter = {"key": "Enter", "bubbles": True, "cancelable": True}
    window.composer.dispatch_event("keydown", {**enter, "isComposing": True})
    window.composer.dispatch_event("keydown", {**enter, "keyCode": 229})  # Safari's, after the composition
    expect(window.composer).to_have_value("안녕")
    expect(window.page).to_have_url(f"{window.url}/")

    keys.send("Input.insertText", {"text": "안녕"})
    window.composer.press("Enter")
    expect(window.said).to_have_text("안녕")


def test_on_a_phone_enter_breaks_the_line_and_the_button_sends(windows: Windows, alice: User) -> None:
    window = windows.open(alice, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    window.connected()
    window.composer.press_sequentially("one")
    window.composer.press("Enter")
    window.composer.press_sequentially("two")
    expect(window.composer).to_have_value("one\ntwo")
    window.button("Send").tap()
    expect(window.said).to_have_text("one\ntwo", use_inner_text=True)
