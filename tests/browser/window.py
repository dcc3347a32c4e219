"""A window of a browser, in the words of whoever sits before it. What it complains of is judged when it closes."""

import json
import re
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Locator, Page, Request, expect

from accounts.models import User
from tests.site import session_of

CONVERSATION = re.compile(r"/c/[0-9a-f-]{36}/$")
PATIENCE = 10_000  # milliseconds something may take that should come at once
expect.set_options(timeout=PATIENCE)


def says(text: str, how: str = "") -> str:
    """A script for the endpoint: answer this. `how` is more of the directive."""
    return f"[[text={json.dumps(text)} {how}]]"


class Window:
    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.faults: list[str] = []  # what the console and the scripts complained of
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.expected: list[str] = []  # words of complaints that the test brings about
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", self._asked)
        page.on("dialog", self._dialog)
        self.composer = page.locator("#composer")
        self.title = page.get_by_role("heading", level=1)
        self.answers = page.locator("article.answer")
        self.said = page.locator("parley-message .bubble")
        self.pending = page.locator("article.pending")
        self.link = page.locator(".link")
        self.transcript = page.locator("parley-transcript")
        self.pill = page.locator(".pill")
        self.follow_ups = page.locator(".follow-up")
        self.menu = page.locator(".me-button")

    def go(self, path: str = "/") -> None:
        self.page.goto(self.url + path)

    def send(self, text: str) -> None:
        """Type it and press Enter. Returns at once."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def ask(self, text: str) -> Locator:
        """Send it, and wait until its answer stands below. Returns the answer, which may still be growing."""
        before = self.answers.count()
        self.send(text)
        expect(self.answers).to_have_count(before + 1)
        return self.answers.nth(before)

    def kept(self) -> list[str]:
        """The client ids of the messages that the browser's storage keeps until they are acknowledged, sorted."""
        keys: list[str] = self.page.evaluate("() => Object.keys(localStorage)")
        return sorted(key.rpartition(".")[2] for key in keys if key.startswith("parley.outbox."))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def connected(self) -> None:
        expect(self.link).to_have_attribute("data-link", "connected", timeout=30_000)

    def loses_its_server(self) -> None:
        """From now on whatever it wanted from the server may fail: the socket, and a file still on its way."""
        self.expected += ["WebSocket connection", "net::ERR_"]

    def judge(self) -> None:
        unexpected = [fault for fault in self.faults if not any(words in fault for words in self.expected)]
        assert not unexpected, "\n".join(unexpected)
        foreign = [url for url in self.requests if not url.startswith((self.url, "data:", "blob:"))]
        assert not foreign, f"the page asked others: {foreign}"
        assert not self.dialogs, f"something spoke up: {self.dialogs}"

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def status(answer: Locator, name: str, *, within: int = 20_000) -> None:
    """Wait until the answer is in this state."""
    expect(answer).to_have_attribute("data-status", name, timeout=within)


class Windows:
    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._contexts: list[BrowserContext] = []
        self._open: list[Window] = []

    def open(
        self, user: User | None, path: str = "/", *, beside: Window | None = None, url: str = "", **options: Any
    ) -> Window:
        """A window of this member, in a browser of its own or in the one of another window. `url`: of another process.

        `options` are those of a browser context.
        """
        url = url or self._url
        context = beside.page.context if beside else self._context(user, url, options)
        window = Window(context.new_page(), url)
        self._open.append(window)
        window.go(path)
        return window

    def _context(self, user: User | None, url: str, options: dict[str, Any]) -> BrowserContext:
        context = self._browser.new_context(**{"viewport": {"width": 1280, "height": 820}, **options})
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if user:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": url}])
        return context

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        for window in self._open:
            window.judge()
