"""A page goes on as nobody else: where another member has signed in in its browser, it says so and sends nothing."""

from django.conf import settings
from playwright.sync_api import expect

from accounts.models import User
from conversations.models import Message
from tests.browser.window import Window, status
from tests.site import session_of


def test_nothing_is_sent_as_another_and_the_page_can_be_loaded_anew(window: Window, bob: User) -> None:
    window.connected()
    window.page.context.set_offline(True)
    expect(window.link).to_contain_text("Offline")
    window.send("Of Alice [[tokens=3]]")
    kept = window.kept()
    assert len(kept) == 1

    name, session = settings.SESSION_COOKIE_NAME, session_of(bob)
    window.page.context.add_cookies([{"name": name, "value": session, "url": window.url}])
    window.page.context.set_offline(False)
    expect(window.page.locator("parley-notice")).to_contain_text("Another member has signed in here.")
    window.send("Typed on Alice's page [[tokens=3]]")
    expect(window.pending).to_have_count(2)

    window.expected.append("404")  # a conversation that nobody but Alice's outbox knows of
    window.button("Load the page anew").click()
    window.connected()
    expect(window.menu).to_contain_text(bob.name)
    expect(window.pending).to_have_count(0)
    assert set(kept) < set(window.kept())
    window.go()
    status(window.ask("Of Bob [[tokens=3]]"), "complete")
    assert not Message.objects.filter(text__contains="Alice").exists()
