"""Whatever ends the supervisor, its parts end too, and the next start finds its way."""

import signal
from pathlib import Path

from tests.operations.small_stack import STUBBORN, WAITS, SmallStack, left_behind, nothing_left

ONE = {"name": "one", "code": WAITS}


def test_parts_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    stack = SmallStack(tmp_path, ONE, {"name": "deaf", "code": STUBBORN})
    stack.until("all ready")

    stack.process.send_signal(signal.SIGKILL)
    stack.process.wait()

    assert nothing_left(tmp_path)


def test_the_next_start_after_a_kill_works(tmp_path: Path) -> None:
    killed = SmallStack(tmp_path, ONE)
    killed.until("all ready")
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait()

    again = SmallStack(tmp_path, ONE)
    again.until("all ready")
    again.process.send_signal(signal.SIGTERM)

    assert again.ended() == 128 + signal.SIGTERM


def test_the_next_start_waits_for_parts_that_take_their_time(tmp_path: Path) -> None:
    lingers = (
        "import signal, time; signal.signal(15, lambda *_: (time.sleep(2), print('done'), exit())); "
        "print('up', flush=True); signal.pause()"
    )
    killed = SmallStack(tmp_path, {"name": "tardy", "code": lingers, "orphan_stop": signal.SIGTERM})
    killed.until("all ready")
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait()
    assert left_behind(tmp_path)

    again = SmallStack(tmp_path, ONE)
    again.until("all ready")

    assert len(left_behind(tmp_path)) == 2  # the new supervisor and its part: the tardy one is gone
    again.process.send_signal(signal.SIGTERM)
    again.ended()


def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first = SmallStack(tmp_path, ONE)
    first.until("all ready")

    second = SmallStack(tmp_path, ONE)

    assert second.ended() == 1
    assert f"Parley already runs from {tmp_path} (process {first.process.pid})" in second.text
    assert first.process.poll() is None
    first.process.send_signal(signal.SIGTERM)
    assert first.ended() == 128 + signal.SIGTERM


def test_two_folders_run_side_by_side(tmp_path: Path) -> None:
    both = [SmallStack(tmp_path / name, ONE) for name in ("here", "there")]
    for stack in both:
        stack.until("all ready")
    for stack in both:
        stack.process.send_signal(signal.SIGTERM)
        assert stack.ended() == 128 + signal.SIGTERM
