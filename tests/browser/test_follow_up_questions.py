"""Questions that may follow stand under the newest answer, come by themselves, and are sent by a click or a key."""

import json
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from accounts.models import User
from conversations.models import Conversation, Status
from tests.browser.window import Window, Windows, says, status
from tests.conversations.stored import store_message, store_reply, store_talk
from tests.endpoint import RunningEndpoint
from tests.rows import conversation_row
from tests.server import Process, eventually, working
from tests.site import Site

QUESTIONS = [
    "What does a lock cost?",
    "잠금은 언제 풀려요?",
    "When is it released, if its owner waits for me?",
]


@pytest.fixture(scope="module")
def worker(parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with working(parley_environment, tmp_path_factory.mktemp("celery") / "log") as process:
        yield process


def offered(alice: User, questions: list[str] = QUESTIONS) -> Conversation:
    """A conversation whose newest answer has questions under it."""
    talk = store_talk(alice)
    asked = store_message(talk, text="How do row locks work?")
    reply = store_reply(talk, Status.COMPLETE, parent=asked, follow_ups=questions)
    reply.message.text = "A row is locked by the transaction that changes it."
    reply.message.save()
    return talk


def test_they_come_by_themselves_after_the_answer(
    site: Site, window: Window, worker: Process, endpoint: RunningEndpoint
) -> None:
    site.processes.append(worker)
    endpoint.script('[[whole text="Locks"]]', f"[[whole text={json.dumps(chr(10).join(QUESTIONS))}]]")
    answer = window.ask("How do row locks work? " + says("A row is locked by who changes it."))
    status(answer, "complete")
    expect(window.follow_ups).to_have_text(QUESTIONS, timeout=20_000)
    expect(answer.locator(".prose")).to_have_text("A row is locked by who changes it.")


def test_a_click_sends_one_and_they_are_gone(windows: Windows, alice: User) -> None:
    talk = offered(alice)
    window = windows.open(alice, f"/c/{talk.pk}/")
    window.connected()
    expect(window.follow_ups).to_have_text(QUESTIONS)
    window.follow_ups.first.click()

    expect(window.said.last).to_have_text(QUESTIONS[0])
    expect(window.follow_ups).to_have_count(0)
    status(window.answers.last, "complete")
    expect(window.composer).to_be_focused()
    assert eventually(lambda: conversation_row(str(talk.pk)).length) == 4


def test_the_keyboard_reaches_them(windows: Windows, alice: User) -> None:
    window = windows.open(alice, f"/c/{offered(alice).pk}/")
    window.connected()
    window.follow_ups.nth(1).focus()
    window.page.keyboard.press("Enter")
    expect(window.said.last).to_have_text(QUESTIONS[1])


def test_only_under_the_newest(windows: Windows, alice: User) -> None:
    talk = offered(alice)
    assert talk.head is not None
    store_message(talk, parent=talk.head, client_id=uuid.uuid4())
    window = windows.open(alice, f"/c/{talk.pk}/")
    window.connected()
    expect(window.follow_ups).to_have_count(0)


def test_what_a_model_said_is_text(windows: Windows, alice: User) -> None:
    hostile = '<img src=x onerror="alert(1)"> what is **this**?'
    window = windows.open(alice, f"/c/{offered(alice, [hostile]).pk}/")
    expect(window.follow_ups).to_have_text([hostile])


def test_on_a_phone_nothing_is_cut_off(windows: Windows, alice: User) -> None:
    long = "W" * 60 + " and what then?"
    window = windows.open(
        alice, f"/c/{offered(alice, [*QUESTIONS[:2], long]).pk}/", viewport={"width": 360, "height": 740}
    )
    expect(window.follow_ups).to_have_count(3)
    for chip in window.follow_ups.all():
        box = chip.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["height"] >= 24
