"""What is seen first is what is seen a moment later: days, hours and places, in the time zone of who looks."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation, Status
from tests.browser.window import Window, Windows
from tests.conversations.stored import store_message, store_reply, store_talk

AGO = [timedelta(days=days) for days in (800, 40, 3, 1.25, 0.5, 0)]
PLACES = """() => [...document.querySelectorAll(".stretch, .item, .day, .bubble, .who, .who time")].map((each) => {
  const { x, y, height } = each.getBoundingClientRect();
  return [each.className, each.innerText.trim(), x, y, height];
})"""


@pytest.fixture
def talk(world: None, alice: User) -> Conversation:
    """Said over two years, the last words just now; and others in the list."""
    now = timezone.now()
    talk = store_talk(alice, last_active_at=now)
    for ago in AGO:
        store_talk(alice, title=f"{ago} ago", titled_by="member", last_active_at=now - ago - timedelta(minutes=1))
        asked = store_message(talk, parent=talk.head, created_at=now - ago)
        reply = store_reply(talk, Status.COMPLETE, parent=asked)
        reply.message.created_at = now - ago
        reply.message.save()
    return talk


def places(window: Window) -> list[list[Any]]:
    window.page.evaluate("() => document.fonts.ready.then(() => true)")
    found: list[list[Any]] = window.page.evaluate(PLACES)
    return found


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "UTC", "America/Los_Angeles"])
def test_nothing_moves_and_no_day_is_another_when_the_script_takes_over(
    windows: Windows, talk: Conversation, alice: User, zone: str
) -> None:
    window = windows.open(alice, timezone_id=zone)
    window.loses_its_server()
    window.page.route("**/js/main*.js", lambda route: route.abort())
    window.go(f"/c/{talk.pk}/")
    first = places(window)
    days = [text for kind, text, *_ in first if kind == "day"]
    assert days[-1] == "Today"
    assert "Yesterday" in days
    assert len(days) == len(set(days)) >= 4
    assert [text for kind, text, *_ in first if kind == "stretch"][-1] == "Older"

    window.page.unroute("**/js/main*.js")
    window.page.reload()
    window.connected()
    assert places(window) == first
