"""The view follows a growing text while the reader is at its end, lets go when they scroll up, and never jumps."""

from playwright.sync_api import Locator, expect

from tests.browser.window import Window, says, status
from tests.endpoint import RunningEndpoint

LINES = "\n\n".join(f"Line {number} of a long answer." for number in range(1, 121))


def growing(window: Window, endpoint: RunningEndpoint, how: str = "piece=12 pace=20ms") -> Locator:
    """An answer that is already longer than the window and goes on for seconds."""
    endpoint.script(says(LINES, how))
    answer = window.ask("Write at length")
    expect(answer).to_contain_text("Line 30 of")
    return answer


def scroll_up(window: Window) -> None:
    box = window.transcript.bounding_box()
    assert box
    window.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    window.page.mouse.wheel(0, -300)


def top(window: Window) -> float:
    place: float = window.transcript.evaluate("el => el.scrollTop")
    return place


def test_the_view_follows_the_end(window: Window, endpoint: RunningEndpoint) -> None:
    answer = growing(window, endpoint)
    expect(answer.locator(".caret")).to_be_in_viewport()
    expect(answer).to_contain_text("Line 45 of")
    expect(answer.locator(".caret")).to_be_in_viewport()
    expect(window.pill).to_have_count(0)
    status(answer, "complete", within=30_000)
    expect(answer.locator(".prose > p").last).to_be_in_viewport()


def test_scrolling_up_lets_go_and_the_pill_leads_back(window: Window, endpoint: RunningEndpoint) -> None:
    answer = growing(window, endpoint)
    scroll_up(window)
    expect(window.pill).to_have_text("New text")
    held = top(window)
    expect(answer).to_contain_text("Line 60 of")
    assert top(window) == held
    expect(answer.locator(".caret")).not_to_be_in_viewport()

    window.pill.click()
    expect(window.pill).to_have_count(0)
    expect(answer.locator(".caret")).to_be_in_viewport()
    expect(answer).to_contain_text("Line 75 of")
    expect(answer.locator(".caret")).to_be_in_viewport()
    expect(window.composer).to_be_focused()


def test_ones_own_message_is_shown_and_followed(window: Window, endpoint: RunningEndpoint) -> None:
    answer = growing(window, endpoint)
    scroll_up(window)
    expect(window.pill).to_have_text("New text")
    window.send("And this [[words=done]]")
    expect(window.said.last).to_contain_text("And this")
    expect(window.said.last).to_be_in_viewport()
    expect(window.pill).to_have_count(0)
    expect(answer).to_contain_text("Line 60 of")
    expect(window.answers.last).to_be_in_viewport()
    window.page.keyboard.press("Escape")
    status(window.answers.last, "complete")
    expect(window.answers.last).to_be_in_viewport()


def test_a_sent_message_is_followed_after_a_finished_answer(window: Window, endpoint: RunningEndpoint) -> None:
    status(growing(window, endpoint, "piece=400"), "complete")
    scroll_up(window)
    second = growing(window, endpoint)
    expect(second.locator(".caret")).to_be_in_viewport()
    expect(second).to_contain_text("Line 45 of")
    expect(second.locator(".caret")).to_be_in_viewport()


def test_a_conversation_opens_at_its_end(window: Window, endpoint: RunningEndpoint) -> None:
    answer = growing(window, endpoint, "piece=400")
    status(answer, "complete")
    window.page.reload()
    expect(window.answers.locator(".prose > p").last).to_be_in_viewport()
