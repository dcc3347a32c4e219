"""From an answer a member opens what its model was sent; the keyboard opens and closes it, and a phone holds it."""

from playwright.sync_api import expect

from accounts.models import User
from tests.browser.window import Window, Windows, says, status
from tests.endpoint import RunningEndpoint

HOSTILE = '<img src=x onerror="alert(1)"> **What** is a lock? '


def answered(window: Window) -> None:
    answer = window.ask(HOSTILE + says("A row is locked."))
    status(answer, "complete")


def test_the_keyboard_opens_it_and_escape_brings_the_focus_back(window: Window) -> None:
    answered(window)
    button = window.button("What was sent")
    button.focus()
    window.page.keyboard.press("Enter")

    panel = window.page.get_by_role("dialog", name="What was sent")
    expect(panel).to_contain_text("This is exactly what was sent.")
    expect(panel).to_contain_text("as the provider reports")
    expect(panel.locator(".part").last.locator(".part-text")).to_contain_text(HOSTILE.strip())
    panel.get_by_text("System prompt").click()
    expect(panel.locator(".part-text").first).to_contain_text("You are Parley")
    window.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()


def test_one_that_went_on_shows_what_each_attempt_sent(window: Window, endpoint: RunningEndpoint) -> None:
    answer = window.ask("Where does it go? " + says("The water of a river", "fault=length"))
    status(answer, "complete")
    endpoint.script(says("runs to the sea."))
    window.button("Continue").click()
    expect(answer.locator(".prose")).to_have_text("The water of a river runs to the sea.")
    status(answer, "complete")
    window.button("What was sent").click()

    panel = window.page.get_by_role("dialog", name="What was sent")
    expect(panel.get_by_role("heading", level=3)).to_have_text(["Attempt 1", "Attempt 2"])
    expect(panel.get_by_text("This is exactly what was sent.")).to_have_count(2)
    expect(panel.get_by_text("as the provider reports")).to_have_count(2)
    names = panel.locator(".part b")
    again = "The answer so far, and the request to go on"
    expect(names).to_have_text(["System prompt", "Alice", "System prompt", "Alice", again])
    panel.get_by_text(again).click()
    expect(panel.locator(".part-text").last).to_contain_text("The water of a river")


def test_one_that_cannot_be_loaded_says_so(window: Window) -> None:
    answered(window)
    window.expected.append("Failed to load resource")
    window.page.route("**/receipt/", lambda route: route.fulfill(status=503, body="{}"))
    window.button("What was sent").click()
    expect(window.page.get_by_role("dialog")).to_contain_text("It could not be loaded.")


def test_a_phone_holds_it(windows: Windows, alice: User) -> None:
    window = windows.open(alice, viewport={"width": 360, "height": 640}, color_scheme="dark")
    answered(window)
    window.button("What was sent").click()
    panel = window.page.get_by_role("dialog")
    expect(panel).to_contain_text("This is exactly what was sent.")
    box = panel.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["y"] + box["height"] <= 640
    body = panel.locator(".receipt-body")
    assert body.evaluate("box => box.scrollWidth <= box.clientWidth")
