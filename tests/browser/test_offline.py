"""Without a connection the page says so and keeps what is sent; with it, each message arrives exactly once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from signal import SIGKILL

import pytest
from playwright.sync_api import expect

from accounts.models import User
from conversations.models import Message, Role
from tests.browser.window import CONVERSATION, Window, Windows, status
from tests.server import Process, free_port, running

WAITS = "Will be sent when the connection is back."
Start = Callable[[], Process]


def stored() -> list[str]:
    return list(Message.objects.filter(role=Role.USER).order_by("position").values_list("text", flat=True))


@pytest.fixture
def start(world: None, parley_environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts a second process, always at the same address. Named before `windows`, it ends after them."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    env = {**parley_environment, "PARLEY_ORIGINS": url}

    def serving() -> AbstractContextManager[Process]:
        return running("manage.py", "serve", "--port", str(port), env=env, log=tmp_path / "log", url=url)

    with ExitStack() as stack:
        yield lambda: stack.enter_context(serving())


def test_what_is_sent_offline_arrives_once(window: Window) -> None:
    status(window.ask("First [[tokens=3]]"), "complete")
    window.page.context.set_offline(True)
    expect(window.link).to_contain_text("Offline")
    window.send("Second [[tokens=4]]")
    window.send("Third [[tokens=5]]")
    expect(window.pending.locator(".way")).to_have_text([WAITS, WAITS])
    assert len(stored()) == 1
    kept = window.kept()

    window.page.context.set_offline(False)
    window.connected()
    expect(window.answers).to_have_count(3)
    status(window.answers.last, "complete")
    expect(window.pending).to_have_count(0)
    assert stored() == ["First [[tokens=3]]", "Second [[tokens=4]]", "Third [[tokens=5]]"]
    sent = Message.objects.filter(role=Role.USER).order_by("position").values_list("client_id", flat=True)
    assert sorted(map(str, sent[1:])) == kept
    assert window.kept() == []


def test_two_windows_of_one_browser_send_each_message_once(windows: Windows, window: Window, alice: User) -> None:
    status(window.ask("First [[tokens=3]]"), "complete")
    other = windows.open(alice, window.page.url.removeprefix(window.url), beside=window)
    other.connected()
    window.page.context.set_offline(True)
    for each, text in ((window, "Second [[tokens=4]]"), (other, "Third [[tokens=5]]")):
        expect(each.link).to_contain_text("Offline")
        each.send(text)
        expect(each.pending.locator(".way")).to_have_text(WAITS)

    window.page.context.set_offline(False)
    said = ["First [[tokens=3]]", "Second [[tokens=4]]", "Third [[tokens=5]]"]
    for each in (window, other):
        expect(each.answers).to_have_count(3)
        status(each.answers.last, "complete")
        expect(each.pending).to_have_count(0)
        expect(each.said).to_have_text(said)
    assert stored() == said


def test_what_a_closed_window_has_left_another_one_sends(windows: Windows, window: Window, alice: User) -> None:
    status(window.ask("First [[tokens=3]]"), "complete")
    other = windows.open(alice, window.page.url.removeprefix(window.url), beside=window)
    other.connected()
    window.page.context.set_offline(True)
    expect(window.link).to_contain_text("Offline")
    window.send("Second [[tokens=4]]")
    expect(window.pending.locator(".way")).to_have_text(WAITS)
    window.page.close()

    other.page.context.set_offline(False)
    status(other.answers.nth(1), "complete")
    assert stored() == ["First [[tokens=3]]", "Second [[tokens=4]]"]


def test_a_window_that_stays_sends_what_a_closed_one_could_not(window: Window) -> None:
    status(window.ask("First [[tokens=3]]"), "complete")
    other = Window(window.page.context.new_page(), window.url)
    other.page.add_init_script("window.WebSocket = class { send() {} close() {} }")  # its line does not come about
    other.go(window.page.url.removeprefix(window.url))
    expect(other.answers).to_have_count(1)
    other.send("Second [[tokens=4]]")
    expect(other.pending).to_have_count(1)
    other.page.close()

    expect(window.answers).to_have_count(2, timeout=40_000)
    status(window.answers.nth(1), "complete")
    assert stored() == ["First [[tokens=3]]", "Second [[tokens=4]]"]
    assert window.kept() == []


def test_a_conversation_can_begin_offline(window: Window) -> None:
    window.connected()
    window.page.context.set_offline(True)
    expect(window.link).to_contain_text("Offline")
    window.send("Begun offline [[tokens=3]]")
    expect(window.pending.locator(".way")).to_have_text(WAITS)
    window.page.context.set_offline(False)
    status(window.answers.last, "complete")
    assert stored() == ["Begun offline [[tokens=3]]"]


def test_a_machine_without_a_network_reaches_the_parley_it_runs_itself(window: Window) -> None:
    window.connected()
    window.page.add_init_script("Object.defineProperty(navigator, 'onLine', { get: () => false })")
    window.page.reload()
    window.connected()
    status(window.ask("Hello [[tokens=3]]"), "complete")


def test_a_server_that_dies_and_comes_back(start: Start, windows: Windows, alice: User) -> None:
    process = start()
    window = windows.open(alice, url=process.url)
    window.loses_its_server()
    status(window.ask("First [[tokens=3]]"), "complete")
    process.signal(SIGKILL)
    expect(window.link).to_contain_text("Reconnecting")
    window.send("Second [[tokens=4]]")
    expect(window.pending.locator(".way")).to_have_text(WAITS)

    start()
    window.connected()
    status(window.answers.nth(1), "complete")
    expect(window.pending).to_have_count(0)
    assert stored() == ["First [[tokens=3]]", "Second [[tokens=4]]"]


def test_a_closed_window_keeps_it_for_the_next_one(start: Start, windows: Windows, alice: User) -> None:
    process = start()
    window = windows.open(alice, url=process.url)
    window.loses_its_server()
    status(window.ask("First [[tokens=3]]"), "complete")
    path = window.page.url.removeprefix(window.url)
    process.signal(SIGKILL)
    expect(window.link).to_contain_text("Reconnecting")
    window.send("Second [[tokens=4]]")
    expect(window.pending.locator(".way")).to_have_text(WAITS)
    window.page.close()

    start()
    after = windows.open(alice, path, beside=window, url=process.url)
    expect(after.said).to_contain_text(["First", "Second"])
    status(after.answers.nth(1), "complete")
    expect(after.pending).to_have_count(0)
    after.page.reload()
    after.connected()
    assert stored() == ["First [[tokens=3]]", "Second [[tokens=4]]"]


def test_a_first_message_outlives_its_window(start: Start, windows: Windows, alice: User) -> None:
    process = start()
    window = windows.open(alice, url=process.url)
    window.loses_its_server()
    window.connected()
    process.signal(SIGKILL)
    expect(window.link).to_contain_text("Reconnecting")
    window.send("Begun too early [[tokens=3]]")
    expect(window.page).to_have_url(CONVERSATION)
    path = window.page.url.removeprefix(window.url)
    window.page.close()

    start()
    after = windows.open(alice, path, beside=window, url=process.url)
    after.expected.append("404")  # nobody but this browser knows of the conversation yet
    status(after.answers.last, "complete")
    expect(after.said).to_have_text(["Begun too early [[tokens=3]]"])
    assert stored() == ["Begun too early [[tokens=3]]"]
