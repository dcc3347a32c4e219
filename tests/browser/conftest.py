"""A real browser before the real server."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Browser, sync_playwright

from accounts.models import User
from tests.browser.window import Window, Windows
from tests.server import ROOT, Keeper, serving
from tests.site import Site

_OPTIONS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

Visit = Callable[..., Window]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test here a second try, which the report then names: a browser on a busy machine is not ours alone.

    What we promise of delivery is held by the tests of sockets and processes, and those have one try.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="package", autouse=True)
def _orm_beside_the_browser() -> Iterator[None]:
    # Playwright's loop runs in this thread as long as the browser does, and Django's ORM refuses to work under any
    # loop. Nothing of ours runs in that one, so nothing can be held up.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(scope="package")
def keeper(
    keeper: Keeper, parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keeper]:
    """One that found the collected files when it started, which the one of other tests need not have."""
    keeper.stop()
    assert Path(ROOT, "static/vendor/lit").is_dir(), "static/vendor is missing: run script/bootstrap"
    call_command("collectstatic", interactive=False, verbosity=0)
    assert Path(settings.STATIC_ROOT, "js/main.js").is_file()
    log = tmp_path_factory.mktemp("browser") / "log"
    mine = Keeper(lambda at: serving(parley_environment, at), log)
    yield mine
    mine.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Not pytest-playwright's own, whose loop would run on under every asynchronous test after these."""
    program = os.environ.get("PARLEY_CHROMIUM")
    if not program:
        pytest.fail("PARLEY_CHROMIUM does not name a Chromium; script/test sets it.", pytrace=False)
    options = [*_OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@pytest.fixture
def windows(browser: Browser, site: Site) -> Iterator[Windows]:
    """Opens windows, and judges at the end what they did."""
    windows = Windows(browser, site.web.url)
    yield windows
    windows.close()


@pytest.fixture
def window(windows: Windows, alice: User) -> Window:
    """Alice, where a conversation begins."""
    return windows.open(alice)
