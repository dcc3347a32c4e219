"""Nothing that axe can find stands in the way of anybody."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from conversations.models import Recap, Summary
from tests.browser.window import Window, Windows, says, status
from tests.conversations.stored import store_exchanges, store_talk
from tests.endpoint import RunningEndpoint
from tests.server import ROOT

AXE = Path(ROOT, "node_modules/axe-core/axe.min.js")
ANSWER = (
    "Two **things**:\n\n1. [one](https://example.org)\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```python\nx = 1  # y\n```"
)
schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


def open_with_axe(windows: Windows, user: User | None, path: str, scheme: str, **options: Any) -> Window:
    """Motion is reduced, so that no colour is measured half way through a transition."""
    window = windows.open(user, path, color_scheme=scheme, reduced_motion="reduce", **options)
    window.page.context.add_init_script(path=AXE)  # not a tag of the page's, whose policy would refuse it
    window.page.reload()
    return window


def check(window: Window) -> None:
    found = window.page.evaluate("async () => (await axe.run()).violations")
    told = [f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]
    assert not told, "\n".join(told)


@schemes
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_at_the_door(windows: Windows, path: str, scheme: str) -> None:
    check(open_with_axe(windows, None, path, scheme))


@schemes
def test_where_a_conversation_begins(windows: Windows, alice: User, scheme: str) -> None:
    window = open_with_axe(windows, alice, "/", scheme)
    window.connected()
    check(window)
    window.menu.click()
    expect(window.button("Sign out")).to_be_visible()
    check(window)


@schemes
def test_in_a_conversation(windows: Windows, endpoint: RunningEndpoint, alice: User, scheme: str) -> None:
    window = open_with_axe(windows, alice, "/", scheme)
    endpoint.script(says(ANSWER), "[[fault=400]]", "[[tokens=400 pace=20ms]]")
    status(window.ask("First"), "complete")
    status(window.ask("Second"), "failed")
    expect(window.ask("Third")).to_contain_text("t5 ")
    check(window)


@schemes
def test_what_opens_in_a_conversation(windows: Windows, alice: User, scheme: str) -> None:
    talk = store_talk(alice, title="Lisbon", titled_by="member")
    store_exchanges(talk, 3)
    first, last = talk.messages.get(position=2), talk.messages.get(position=6)
    Summary.objects.create(conversation=talk, reaches=first, covers=2, text="They greeted each other.", model="small")
    Recap.objects.create(
        conversation=talk, user=alice, after=4, reaches=last, told=6, covers=2, text="- Said again.", due_at=None
    )
    window = open_with_axe(windows, alice, f"/c/{talk.pk}/", scheme)
    window.connected()
    expect(window.page.get_by_role("region", name="What you missed")).to_be_visible()
    check(window)
    for _ in range(2):
        window.button("Open").first.click()
    expect(window.page.locator(".summary-text")).to_have_count(2)
    check(window)

    window.button("Delete conversation").click()
    expect(window.button("Keep it")).to_be_visible()
    check(window)
    window.button("Keep it").click()
    status(window.ask("Hello [[tokens=5]]"), "complete")
    window.button("What was sent").last.click()
    expect(window.page.get_by_role("dialog")).to_contain_text("This is exactly what was sent.")
    check(window)
    window.page.keyboard.press("Escape")

    window.button("Delete conversation").click()
    window.button("Delete this conversation").click()
    expect(window.button("Take it back")).to_be_visible()
    check(window)


def test_on_a_phone(windows: Windows, alice: User) -> None:
    window = open_with_axe(windows, alice, "/", "light", viewport={"width": 360, "height": 740})
    window.connected()
    check(window)
    window.button("Conversations").click()
    expect(window.button("Close")).to_be_focused()
    check(window)
