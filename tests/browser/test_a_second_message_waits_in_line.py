"""Who writes while an answer is being written is not held up: the message waits in line and is answered after."""

from playwright.sync_api import expect

from tests.browser.window import Window, status

SLOW = "Count [[tokens=100 pace=20ms]]"


def test_it_is_answered_after_the_first(window: Window) -> None:
    first = window.ask(SLOW)
    expect(first).to_contain_text("t5 ")
    window.ask("And then? [[words=done]]")
    first, second = window.answers.first, window.answers.last
    status(second, "waiting")
    expect(second).to_contain_text("Next in line, after the answer above.")
    status(first, "streaming")
    status(second, "complete")
    expect(second.locator(".prose")).to_have_text("done")
    expect(first).to_have_attribute("data-status", "complete")
    expect(first.locator(".prose")).to_contain_text("t100")


def test_it_can_be_cancelled_while_it_waits(window: Window) -> None:
    expect(window.ask(SLOW)).to_contain_text("t5 ")
    second = window.ask("Never mind")
    second.get_by_role("button", name="Cancel").click()
    status(second, "stopped")
    status(window.answers.first, "complete")
    expect(window.answers.first.locator(".prose")).to_contain_text("t100")
