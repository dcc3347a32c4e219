"""A part that ends by itself is named, with how it ended and what it said last, and takes everything with it."""

from pathlib import Path

from tests.operations.small_stack import WAITS, SmallStack, left_behind

LASTING = {"name": "lasting", "code": WAITS}


def test_a_part_that_dies_stops_the_rest(tmp_path: Path) -> None:
    dies = "import sys, time; print('up', flush=True); time.sleep(0.5); print('alas'); sys.exit(3)"
    stack = SmallStack(tmp_path, LASTING, {"name": "weak", "code": dies})

    assert stack.ended() == 1
    assert "parley   │ weak ended with exit code 3: everything is stopped." in stack.text
    assert "weak     │   alas" in stack.text
    assert "lasting  │ told to stop" in stack.text
    assert left_behind(tmp_path) == []


def test_a_part_killed_by_a_signal_is_told_of_by_its_name(tmp_path: Path) -> None:
    killed = "import os, time; print('up', flush=True); time.sleep(0.5); os.kill(os.getpid(), 9)"
    stack = SmallStack(tmp_path, {"name": "weak", "code": killed})

    assert stack.ended() == 1
    assert "weak was ended by SIGKILL: everything is stopped." in stack.text


def test_a_part_that_ends_before_it_was_ready_comes_with_advice(tmp_path: Path) -> None:
    stack = SmallStack(
        tmp_path, LASTING, {"name": "weak", "code": "raise SystemExit('no such data')", "advice": "Restore a backup."}
    )

    assert stack.ended() == 1
    assert "weak ended with exit code 1: everything is stopped. Restore a backup." in stack.text
    assert "weak     │   no such data" in stack.text
    assert "all ready" not in stack.text
    assert left_behind(tmp_path) == []


def test_a_part_that_never_becomes_ready_is_given_up(tmp_path: Path) -> None:
    stack = SmallStack(tmp_path, LASTING, {"name": "slow", "code": WAITS, "ready_line": "never", "patience": 0.5})

    assert stack.ended() == 1
    assert "parley   │ slow was not ready in 0.5 s." in stack.text
    assert "lasting  │ told to stop" in stack.text
    assert left_behind(tmp_path) == []
