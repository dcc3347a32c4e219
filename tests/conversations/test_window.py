"""What a socket was sent and has not said it has taken is counted, and there is an end to it."""

import pytest

from conversations.window import MOST_BYTES, MOST_FRAMES, Window


@pytest.fixture
def window() -> Window:
    """Of a browser that acknowledges."""
    window = Window()
    window.add("hello")
    assert window.acknowledge(1)
    return window


def state(window: Window) -> tuple[bool, bool]:
    return window.busy, window.full


def test_who_acknowledges_in_time_is_never_too_slow(window: Window) -> None:
    for sent in range(2, 5000):
        window.add("x" * 1000)
        assert not state(window)[1]
        if sent % 64 == 1:
            assert window.acknowledge(sent)


def test_so_many_frames_and_no_more(window: Window) -> None:
    for _ in range(MOST_FRAMES - 1):
        window.add("x")
        assert state(window) == (False, False)
    window.add("x")
    assert state(window) == (False, True)
    window.acknowledge(2)
    assert state(window) == (False, False)


def test_so_many_bytes_besides_the_largest_frame(window: Window) -> None:
    window.add("x" * 5 * MOST_BYTES)
    assert state(window) == (True, False), "one frame may be larger than the bound"
    window.add("é" * (MOST_BYTES // 2))
    assert not state(window)[1]
    window.add("x")
    assert state(window)[1]
    window.acknowledge(2)
    assert state(window) == (True, False)
    window.acknowledge(4)
    assert not state(window)[0]


def test_one_who_never_acknowledges_is_judged_elsewhere() -> None:
    window = Window()
    for _ in range(3 * MOST_FRAMES):
        window.add("x" * MOST_BYTES)
    assert state(window) == (False, False)
    window.acknowledge(1)
    assert not window.full, "what it was sent before it first spoke is not held against it"


def test_nobody_has_taken_what_was_not_sent(window: Window) -> None:
    assert not window.acknowledge(2)
    for _ in range(MOST_FRAMES):
        window.add("x")
    assert not window.acknowledge(MOST_FRAMES + 2)
    assert state(window)[1]
    assert window.acknowledge(100)
    assert window.acknowledge(1), "an older one changes nothing"
    assert not state(window)[1]
