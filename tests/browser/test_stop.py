"""Stop by button or by Escape: what was there stays, and the model is left."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from conversations.models import Message, Role
from tests.browser.window import Window, status
from tests.endpoint import RunningEndpoint
from tests.said import tokens

WAYS: dict[str, Callable[[Window], None]] = {
    "button": lambda window: window.button("Stop").click(),
    "escape": lambda window: window.page.keyboard.press("Escape"),
}


def words(answer: Locator) -> list[str]:
    return re.findall(r"t\d+", answer.locator(".prose").inner_text())


@pytest.mark.parametrize("way", WAYS)
def test_what_was_there_stays_and_the_model_is_left(window: Window, endpoint: RunningEndpoint, way: str) -> None:
    answer = window.ask("Count [[tokens=2000 pace=20ms]]")
    expect(answer).to_contain_text("t20 ")
    WAYS[way](window)
    status(answer, "stopped")
    expect(answer.locator(".note")).to_have_text(re.compile(r"^Stopped\."))
    expect(answer.get_by_role("button", name="Continue")).to_be_visible()
    expect(window.button("Stop")).to_have_count(0)
    expect(window.composer).to_be_focused()
    shown = words(answer)
    assert len(shown) >= 20
    assert Message.objects.get(role=Role.ASSISTANT).text == tokens(len(shown))

    (request,) = [request for request in endpoint.log(settled=3) if request["stream"]]
    assert request["gone"] is True
    window.page.reload()
    expect(window.answers).to_have_attribute("data-status", "stopped")
    assert words(window.answers) == shown


def test_the_next_answer_comes_after_a_stop(window: Window) -> None:
    expect(window.ask("Count [[tokens=2000 pace=20ms]]")).to_contain_text("t5 ")
    window.page.keyboard.press("Escape")
    status(window.answers.last, "stopped")
    status(window.ask("Again [[tokens=3]]"), "complete")


def test_escape_without_an_answer_does_nothing(window: Window) -> None:
    status(window.ask("Hello [[tokens=3]]"), "complete")
    window.composer.fill("half a thought")
    window.page.keyboard.press("Escape")
    expect(window.composer).to_have_value("half a thought")
    expect(window.answers.last).to_have_attribute("data-status", "complete")
