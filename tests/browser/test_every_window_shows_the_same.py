"""A window that is loaded anew, or opened beside, shows the answer to its end. A stranger's shows none."""

from playwright.sync_api import expect

from accounts.models import User
from tests.browser.window import Window, Windows, status
from tests.said import tokens

SLOW = "Count [[tokens=300 pace=20ms]]"


def path_of(window: Window) -> str:
    return window.page.url.removeprefix(window.url)


def test_a_reload_in_the_middle_of_an_answer_loses_nothing(window: Window) -> None:
    expect(window.ask(SLOW)).to_contain_text("t20 ")
    window.page.reload()
    answer = window.answers.last
    status(answer, "streaming")
    status(answer, "complete")
    expect(answer.locator(".prose")).to_have_text(tokens(300).strip())


def test_a_second_window_follows_and_ends_with_the_same(windows: Windows, window: Window, alice: User) -> None:
    expect(window.ask(SLOW)).to_contain_text("t20 ")
    second = windows.open(alice, path_of(window))
    status(second.answers.last, "streaming")
    for each in (window, second):
        status(each.answers.last, "complete")
        expect(each.answers.last.locator(".prose")).to_have_text(tokens(300).strip())
        expect(each.answers).to_have_count(1)

    status(second.ask("And now [[tokens=5]]"), "complete")
    expect(window.answers).to_have_count(2)
    expect(window.answers.last.locator(".prose")).to_have_text(tokens(5).strip())


def test_who_it_does_not_belong_to_is_told_that_nothing_is_there(windows: Windows, window: Window, bob: User) -> None:
    status(window.ask("Secret [[words=treasure]]"), "complete")
    stranger = windows.open(bob)
    stranger.expected.append("404")
    stranger.go(path_of(window))
    expect(stranger.title).to_have_text("Not found")
    expect(stranger.page.get_by_role("heading", name="This conversation is not here.")).to_be_visible()
    expect(stranger.composer).to_be_hidden()
    assert "treasure" not in stranger.page.content()
