"""Of a very long conversation a few hundred messages are drawn, and nothing that is read moves because of that."""

import uuid

import pytest
from playwright.sync_api import expect

from accounts.models import User
from conversations.models import Message, Reply, Role, Status
from tests.browser.window import Window, Windows, says, status
from tests.conversations.stored import store_reply, store_talk
from tests.endpoint import RunningEndpoint

LENGTH = 800
MOST = 300
LINES = "\n\n".join(f"Line {number} of a long answer." for number in range(1, 81))

# Goes up, or down, a window's height at a time until this message is drawn; notes how many were drawn at most, and how
# far the first one in view was moved by anything but the scrolling itself.
WALK = """async ([step, text]) => {
    const box = document.querySelector("parley-transcript");
    const views = () => [...box.querySelectorAll("parley-message")];
    const top = (view) => view.getBoundingClientRect().top;
    const frame = () => new Promise(requestAnimationFrame);
    const until = performance.now() + 60000;
    let most = 0, moved = 0;
    while (!views().some((view) => view.textContent.includes(text))) {
        if (performance.now() > until) throw new Error("never reached " + text);
        box.dispatchEvent(new WheelEvent("wheel", {deltaY: step}));
        box.scrollTop += step;
        const read = views().find((view) => top(view) > 100);
        const before = read && top(read);
        await frame();
        await frame();
        if (read?.isConnected) moved = Math.max(moved, Math.abs(top(read) - before));
        most = Math.max(most, views().length);
    }
    return {most, moved};
}"""


@pytest.fixture
def address(site: object, alice: User) -> str:
    """A conversation of many messages, each of which says its number."""
    talk = store_talk(alice)
    version = talk.personality.published
    messages: list[Message] = []
    for number in range(1, LENGTH + 1):
        answer = number % 2 == 0
        message = Message(
            conversation=talk,
            parent_id=messages[-1].pk if messages else None,
            role=Role.ASSISTANT if answer else Role.USER,
            author=None if answer else alice,
            client_id=None if answer else uuid.uuid4(),
            text=f"This is number {number}. " + "It has a few words more. " * (number % 7),
            position=number,
            rev=number,
        )
        messages.append(message)
    ended = store_reply(store_talk(alice), Status.COMPLETE)
    Message.objects.bulk_create(messages)
    Reply.objects.bulk_create(
        Reply(
            message=message,
            conversation=talk,
            asked_by=alice,
            version=version,
            status=Status.COMPLETE,
            attempt=1,
            finished_at=ended.finished_at,
        )
        for message in messages[1::2]
    )
    talk.head, talk.length, talk.rev = messages[-1], LENGTH, LENGTH
    talk.save()
    return f"/c/{talk.pk}/"


@pytest.fixture
def window(windows: Windows, alice: User, address: str) -> Window:
    window = windows.open(alice, address)
    window.connected()
    return window


def walk(window: Window, step: int, number: int) -> None:
    walked = window.page.evaluate(WALK, [step, f"This is number {number}."])
    assert walked["most"] <= MOST
    assert walked["moved"] < 2, "what was read moved"


def test_up_to_the_beginning_and_down_again(window: Window) -> None:
    walk(window, -600, 1)
    expect(window.page.locator(".earlier")).to_have_count(0)
    expect(window.page.get_by_text(f"This is number {LENGTH}.")).to_have_count(0)
    walk(window, 600, LENGTH)
    expect(window.page.get_by_text("This is number 1.", exact=True)).to_have_count(0)


def test_far_up_nothing_jumps_while_an_answer_is_written_and_one_click_leads_to_it(
    window: Window, endpoint: RunningEndpoint
) -> None:
    endpoint.script(says(LINES, "piece=20 pace=20ms"))
    window.send("Write at length")
    expect(window.answers.last).to_contain_text("Line 2 of")
    walk(window, -600, 100)
    expect(window.pill).to_have_text("New text")
    window.pill.click()
    status(window.answers.last, "complete")
    expect(window.answers.last).to_contain_text("Line 80 of")
    expect(window.answers.last.locator(".prose > p").last).to_be_in_viewport()
    expect(window.pill).to_have_count(0)
    expect(window.composer).to_be_focused()


def test_ones_own_message_leads_to_the_end(window: Window) -> None:
    walk(window, -600, 100)
    window.send("And now this [[tokens=3]]")
    status(window.answers.last, "complete")
    expect(window.said.last).to_have_text("And now this [[tokens=3]]")
    expect(window.said.last).to_be_in_viewport()
    assert window.page.locator("parley-message").count() < MOST
