"""Members choose who answers: from here on, or one answer anew; each answer shows who gave it, and which version."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.browser.window import Window, Windows, status
from tests.conversations.in_short import quiet_assistant


def test_another_takes_over_in_the_middle_of_a_conversation(window: Window) -> None:
    page = window.page
    first = window.ask("Hello [[tokens=3]]")
    status(first, "complete")
    expect(first.locator(".who b")).to_have_attribute("title", "Parley, version 1")

    page.locator(".chip").click()
    page.locator("#voices .menu-row", has_text="Dev").click()
    expect(window.composer).to_be_focused()
    expect(page.locator(".chip")).to_contain_text("Dev")
    second = window.ask("And you? [[tokens=4]]")
    status(second, "complete")
    expect(page.get_by_role("article", name="Dev, version 1")).to_be_visible()
    expect(page.locator(".version")).to_have_count(0)
    expect(first.locator(".who b")).to_have_text("Parley")

    page.reload()
    expect(window.answers.locator(".who b")).to_have_text(["Parley", "Dev"])
    expect(page.locator(".chip")).to_contain_text("Dev")
    second.hover()
    second.get_by_role("button", name="What was sent").click()
    panel = page.get_by_role("dialog", name="What was sent")
    expect(panel).to_contain_text("Dev, version 1")
    expect(panel).to_contain_text("This is exactly what was sent.")
    expect(panel).to_contain_text("queued for")
    expect(panel).to_contain_text("first words")
    expect(panel).to_contain_text("written in")


def test_the_version_stands_beside_the_name_where_the_name_does_not_tell(windows: Windows, window: Window) -> None:
    page = window.page
    status(window.ask("Hello [[tokens=3]]"), "complete")
    page.locator(".chip").click()
    page.locator("#voices .menu-row", has_text="Dev").click()
    status(window.ask("And you? [[tokens=4]]"), "complete")
    page.locator(".chip").click()
    page.locator("#voices .menu-row", has_text="Parley").click()
    quiet_assistant()  # its second version
    status(window.ask("And now? [[tokens=3]]"), "complete")
    expect(window.answers.locator(".who b")).to_have_text(["Parley", "Dev", "Parley"])
    expect(window.answers.locator(".version")).to_have_text(["v1", "v2"])
    expect(window.answers.last.locator(".who b")).to_have_attribute("title", "Parley, version 2")

    page.route("**/js/main*.js", lambda route: route.abort())
    window.loses_its_server()
    page.reload()
    expect(window.answers.locator(".version")).to_have_text(["v1", "v2"])
    assert [each.get_attribute("aria-label") for each in window.answers.all()] == [
        "Parley, version 1",
        "Dev, version 1",
        "Parley, version 2",
    ]


def test_one_answer_is_written_anew_by_another(window: Window) -> None:
    page = window.page
    status(window.ask("Hello [[tokens=3]]"), "complete")
    window.button("Write it anew as…").click()
    menu = page.locator("#anew")
    expect(menu.locator(".menu-row b")).to_have_text(["Parley", "Alex", "Dev", "Sage", "중고나라 아줌마"])
    expect(menu.locator(".menu-row", has_text="Parley").locator(".icon")).to_be_visible()
    menu.locator(".menu-row", has_text="Sage").click()

    expect(menu).to_be_hidden()
    answer = window.answers.first
    expect(answer.locator(".who b")).to_have_text("Sage")
    status(answer, "complete")
    expect(answer.locator(".count")).to_have_text("2 / 2")
    expect(page.locator(".chip")).to_contain_text("Parley")
    window.button("Earlier version").click()
    expect(answer.locator(".who b")).to_have_text("Parley")


def test_by_keyboard_alone(window: Window) -> None:
    page = window.page
    status(window.ask("Hello [[tokens=3]]"), "complete")
    button = window.button("Write it anew as…")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#anew")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#anew")).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#anew .menu-row").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(window.answers.first.locator(".who b")).to_have_text("Alex")
    status(window.answers.first, "complete")


@pytest.mark.parametrize("height", [520, 740])
def test_the_menu_stays_inside_a_phones_window(windows: Windows, alice: User, height: int) -> None:
    window = windows.open(alice, viewport={"width": 360, "height": height})
    status(window.ask("Hello [[tokens=3]]"), "complete")
    window.button("Write it anew as…").click()
    box = window.page.locator("#anew").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["y"] + box["height"] <= height
