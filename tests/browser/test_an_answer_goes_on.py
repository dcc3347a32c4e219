"""Continue stands under an answer that is not whole: the same text grows, and nothing of it leaves the page."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.browser.window import Window, Windows, says, status
from tests.endpoint import RunningEndpoint

LONG = "The water of" + " a river goes on and on" * 60
ENDS = {
    "stopped": says(LONG, "piece=12 pace=1s"),
    "interrupted": says(LONG, "piece=12 fault=cut at=1"),
    "complete": says("The water of", "fault=length"),
}


@pytest.mark.parametrize("how", ENDS)
def test_the_same_text_grows(window: Window, endpoint: RunningEndpoint, how: str) -> None:
    answer = window.ask(ENDS[how])
    expect(answer.locator(".prose")).to_contain_text("The water of")
    if how == "stopped":
        window.composer.press("Escape")
    status(answer, how)
    endpoint.script(says("the river flows on to the sea.", "pace=150ms"))
    answer.get_by_role("button", name="Continue", exact=True).press("Enter")

    expect(window.composer).to_be_focused()
    expect(answer.locator(".prose")).to_have_text(re.compile("^The water of the river"))
    status(answer, "complete")
    expect(answer.locator(".prose")).to_have_text("The water of the river flows on to the sea.")
    expect(window.answers).to_have_count(1)
    expect(window.button("Continue")).to_have_count(0)
    expect(window.page.locator("#say")).to_contain_text("the river flows on to the sea.")
    window.page.reload()
    expect(answer.locator(".prose")).to_have_text("The water of the river flows on to the sea.")


def test_a_reload_in_the_middle_shows_all_of_it(window: Window, endpoint: RunningEndpoint) -> None:
    answer = window.ask(ENDS["interrupted"])
    status(answer, "interrupted")
    endpoint.script("[[tokens=150 pace=20ms]]")
    window.button("Continue").click()
    expect(answer.locator(".prose")).to_contain_text("t9 ")
    window.page.reload()
    expect(answer.locator(".prose")).to_have_text(re.compile("^The water of t1 t2 "))
    status(answer, "complete")
    expect(answer.locator(".prose")).to_have_text(re.compile(r"^The water of t1 .* t149 t150\s*$"))


def test_pressed_twice_and_in_two_windows_it_is_one(
    windows: Windows, window: Window, alice: User, endpoint: RunningEndpoint
) -> None:
    status(window.ask(ENDS["interrupted"]), "interrupted")
    other = windows.open(alice, window.page.url.removeprefix(window.url), beside=window)
    other.connected()
    endpoint.script("[[tokens=60 pace=20ms]]")
    window.button("Continue").dblclick()
    expect(other.button("Continue")).to_have_count(0)
    for each in (window, other):
        status(each.answers.first, "complete")
        expect(each.answers.first.locator(".prose")).to_have_text(re.compile(r"^The water of t1 .* t60\s*$"))
    expect(window.page.locator("#alarm")).not_to_contain_text("still being written")
    assert len([request for request in endpoint.log() if request["stream"]]) == 2


def test_there_is_none_under_what_is_whole_failed_or_followed(window: Window) -> None:
    status(window.ask("Hello [[tokens=3]]"), "complete")
    expect(window.button("Continue")).to_have_count(0)
    status(window.ask("Why? [[fault=400]]"), "failed")
    expect(window.button("Continue")).to_have_count(0)
    status(window.ask(ENDS["interrupted"]), "interrupted")
    expect(window.button("Continue")).to_have_count(1)
    status(window.ask("And now? [[tokens=3]]"), "complete")
    expect(window.button("Continue")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_fits(windows: Windows, alice: User, theme: str, width: int) -> None:
    window = windows.open(alice, color_scheme=theme, viewport={"width": width, "height": 760})
    for how in ("stopped", "complete", "interrupted"):
        answer = window.ask(ENDS[how])
        expect(answer.locator(".prose")).to_contain_text("The water of")
        if how == "stopped":
            window.composer.press("Escape")
        status(answer, how)
        expect(window.button("Continue")).to_be_in_viewport(ratio=1)
        box = window.button("Continue").bounding_box()
        assert box is not None
        assert box["height"] >= 24
