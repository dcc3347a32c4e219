"""Signing out takes what was not sent from this browser, once it is done; where it fails, nothing is lost."""

import re

import pytest
from playwright.sync_api import Route, expect

from accounts.models import User
from tests.browser.window import Window, Windows

LOGIN = re.compile("/accounts/login/")


def written(window: Window) -> list[str]:
    """What this browser keeps of what a member wrote."""
    kept: list[str] = window.page.evaluate("() => Object.keys(localStorage).filter((key) => /outbox|draft/.test(key))")
    return kept


@pytest.fixture
def writer(window: Window) -> Window:
    window.connected()
    window.composer.fill("half a thought")
    window.page.wait_for_function("() => Object.values(localStorage).includes('half a thought')")
    return window


def sign_out(window: Window) -> None:
    window.menu.click()
    window.button("Sign out").click()


def test_once_it_is_done_nothing_is_left_of_any_tab(windows: Windows, writer: Window, alice: User) -> None:
    other = windows.open(alice, beside=writer)
    other.connected()
    other.composer.fill("another thought")
    writer.page.bring_to_front()
    sign_out(writer)
    expect(writer.page).to_have_url(LOGIN)
    expect(other.page).to_have_url(LOGIN)
    assert written(writer) == []


def test_where_it_is_refused_that_is_said_and_all_is_there(writer: Window) -> None:
    writer.expected.append("503")
    writer.page.route("**/accounts/logout/", lambda route: route.fulfill(status=503, body="Not right now"))
    sign_out(writer)
    expect(writer.page.locator("#not-signed-out")).to_be_visible()
    writer.page.reload()
    writer.connected()
    expect(writer.composer).to_have_value("half a thought")


def test_it_was_done_and_the_answer_was_lost(writer: Window) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    writer.loses_its_server()
    writer.page.route("**/accounts/logout/", lose_the_answer, times=1)
    sign_out(writer)
    expect(writer.page).to_have_url(LOGIN)
    assert written(writer) == []
