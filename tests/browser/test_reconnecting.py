"""A link that died without a word is found and made anew; a restart of the servers is no more than a word."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from conversations.models import Message, Role
from tests.browser.window import Window, Windows, status
from tests.chaos.line import Ends, Line
from tests.chaos.servers import Background, steady_port
from tests.endpoint import RunningEndpoint
from tests.said import tokens
from tests.server import Process, free_port, running

WAITS = "Will be sent when the connection is back."
LONG = "Count [[tokens=300 pace=20ms]]"


class Front:
    """One address before `manage.py serve`, as often as it is started: the oldest that takes it gets a connection."""

    def __init__(self, environment: dict[str, str], folder: Path, stack: ExitStack) -> None:
        background = Background()
        stack.callback(background.stop)
        self.line = Line(background.do, steady_port(), self._reach)
        self.url = f"http://127.0.0.1:{self.line.port}"
        self._environment = {**environment, "PARLEY_ORIGINS": self.url, "DRAIN_SOCKETS_SECONDS": "0.5"}
        self._folder, self._stack = folder, stack
        self._ports: list[int] = []
        self.line.up()
        stack.callback(self.line.down)

    def start(self) -> Process:
        port = free_port()
        command = ("manage.py", "serve", "--port", str(port))
        log, url = self._folder / f"log-{port}", f"http://127.0.0.1:{port}"
        process = self._stack.enter_context(running(*command, env=self._environment, log=log, url=url))
        self._ports.append(port)
        return process

    async def _reach(self) -> Ends:
        for port in self._ports[:-1]:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
        return await asyncio.open_connection("127.0.0.1", self._ports[-1])


@pytest.fixture
def front(
    world: None, alone: None, endpoint: RunningEndpoint, parley_environment: dict[str, str], tmp_path: Path
) -> Iterator[Front]:
    """Named before `windows`, its processes end after them."""
    with ExitStack() as stack:
        yield Front(parley_environment, tmp_path, stack)


def open_window(windows: Windows, user: User, front: Front) -> Window:
    """A window whose clock can be moved on."""
    window = windows.open(user, url=front.url)
    window.loses_its_server()
    window.page.clock.install()
    window.page.reload()
    window.connected()
    return window


def stored() -> list[str]:
    return list(Message.objects.filter(role=Role.USER).order_by("position").values_list("text", flat=True))


def test_a_process_that_froze_is_found_by_the_heartbeat(front: Front, windows: Windows, alice: User) -> None:
    process = front.start()
    window = open_window(windows, alice, front)
    status(window.ask("First [[tokens=3]]"), "complete")
    process.signal(SIGSTOP)
    window.page.clock.fast_forward(56_000)
    expect(window.link).not_to_have_attribute("data-link", "connected")
    window.send("Second [[tokens=4]]")
    expect(window.pending.locator(".way")).to_have_text(WAITS)

    process.signal(SIGCONT)
    window.connected()
    status(window.answers.nth(1), "complete")
    expect(window.pending).to_have_count(0)
    assert stored() == ["First [[tokens=3]]", "Second [[tokens=4]]"]


def test_a_message_into_a_silent_line_does_not_wait_for_the_heartbeat(
    front: Front, windows: Windows, alice: User
) -> None:
    front.start()
    window = open_window(windows, alice, front)
    status(window.ask("First [[tokens=3]]"), "complete")
    front.line.hold()
    window.send("Second [[tokens=4]]")
    expect(window.pending.locator(".way")).to_have_text("Sending…")
    window.page.clock.fast_forward(21_000)
    expect(window.link).not_to_have_attribute("data-link", "connected")
    expect(window.pending.locator(".way")).to_have_text(WAITS)

    front.line.up()
    window.connected()
    status(window.answers.nth(1), "complete")
    expect(window.pending).to_have_count(0)
    assert stored() == ["First [[tokens=3]]", "Second [[tokens=4]]"]


def test_a_window_that_is_looked_at_again_does_not_sit_out_the_pause(
    front: Front, windows: Windows, alice: User
) -> None:
    process = front.start()
    window = open_window(windows, alice, front)
    window.page.evaluate("() => { Math.random = () => 0.999 }")
    process.signal(SIGKILL)
    expect(window.link).to_contain_text("Reconnecting in")
    window.page.clock.pause_at(window.page.evaluate("() => Date.now() + 20"))
    front.start()
    expect(window.link).to_have_attribute("data-link", "reconnecting")
    window.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    window.connected()


def keep_words(page: Page) -> None:
    """From now on note what the line about the connection says, however short."""
    page.evaluate("""() => {
        const line = document.querySelector(".link");
        window.linkWords = [];
        new MutationObserver(() => window.linkWords.push(line.innerText.trim()))
            .observe(line, {subtree: true, childList: true, characterData: true, attributes: true});
    }""")


def test_a_rolling_restart_is_no_more_than_a_word(front: Front, windows: Windows, alice: User) -> None:
    first, second = front.start(), front.start()
    window = windows.open(alice, url=front.url)
    window.connected()
    keep_words(window.page)
    for old in (first, second):
        answer = window.ask(LONG)
        expect(answer).to_contain_text("t20 ")
        old.signal(SIGTERM)
        status(answer, "complete", within=30_000)
        window.connected()
        assert old.wait(within=30) == 0
        if old is first:
            front.start()

    expect(window.answers.locator(".prose")).to_have_text([tokens(300).strip()] * 2)
    expect(window.said).to_have_text([LONG, LONG])
    expect(window.pending).to_have_count(0)
    words = window.page.evaluate("() => window.linkWords")
    assert sum(word.startswith("Parley restarts") for word in words) >= 2
    assert words[-1] == "Connected"
    assert stored() == [LONG, LONG]
    assert window.faults == []
