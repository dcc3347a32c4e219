"""An answer that failed says so in a sentence; Try again writes a second version beside it."""

from playwright.sync_api import expect

from tests.browser.window import Window, status
from tests.endpoint import RunningEndpoint


def test_a_second_version_stands_beside_the_failed_one(window: Window, endpoint: RunningEndpoint) -> None:
    endpoint.script("[[fault=400]]")
    answer = window.ask("Why?")
    status(answer, "failed")
    sentence = answer.locator(".broken > span").inner_text()
    assert sentence.endswith(".")
    assert len(sentence.split()) > 3
    expect(window.page.locator("#alarm")).to_have_text(sentence)

    answer.get_by_role("button", name="Try again").click()
    status(window.answers.last, "complete")
    expect(window.answers).to_have_count(1)
    expect(window.answers.locator(".prose")).to_contain_text("t20")
    count = window.answers.locator(".count")
    expect(count).to_have_text("2 / 2")

    window.answers.hover()
    window.button("Earlier version").click()
    expect(count).to_have_text("1 / 2")
    status(window.answers, "failed")
    expect(window.button("Earlier version")).to_be_disabled()
    window.button("Later version").click()
    expect(count).to_have_text("2 / 2")
    expect(window.answers.locator(".prose")).to_contain_text("t20")

    window.page.reload()
    expect(count).to_have_text("2 / 2")
    expect(window.said).to_have_text(["Why?"])


def test_what_came_before_the_break_is_kept(window: Window) -> None:
    answer = window.ask("Count [[tokens=20 pace=20ms fault=cut at=10]]")
    status(answer, "interrupted")
    expect(answer.locator(".prose")).to_contain_text("t10")
    expect(answer.locator(".broken > span")).to_have_text("The answer broke off before its end.")
    expect(answer.locator(".broken button")).to_have_text(["Continue", "Start over"])

    answer.get_by_role("button", name="Start over").click()
    expect(window.answers.locator(".count")).to_have_text("2 / 2")
    window.answers.hover()
    window.button("Earlier version").click()
    expect(window.answers.locator(".prose")).to_contain_text("t10")
