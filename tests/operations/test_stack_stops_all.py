"""The supervisor stops its parts in reverse order, and leaves no process behind."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.operations.small_stack import STUBBORN, WAITS, SmallStack, command, left_behind


def waits(name: str) -> dict[str, object]:
    return {"name": name, "code": WAITS}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_last_started_first(tmp_path: Path, number: signal.Signals) -> None:
    stack = SmallStack(tmp_path, waits("one"), waits("two"), waits("three"))
    stack.until("all ready")
    assert len(left_behind(tmp_path)) == 4  # three parts and the supervisor

    stack.process.send_signal(number)

    assert stack.ended() == 128 + number
    stopped = [line.split()[0] for line in stack.said if "told to stop" in line]
    assert stopped == ["three", "two", "one"]
    assert left_behind(tmp_path) == []


def test_a_signal_while_parts_are_starting_stops_those_that_run(tmp_path: Path) -> None:
    stack = SmallStack(tmp_path, waits("one"), {"name": "slow", "code": STUBBORN, "ready_line": "never", "grace": 0.2})
    stack.until("slow     │ up")

    stack.process.send_signal(signal.SIGTERM)

    assert stack.ended() == 128 + signal.SIGTERM
    assert "one      │ told to stop" in stack.text
    assert left_behind(tmp_path) == []


def test_a_part_that_does_not_stop_in_its_time_is_killed(tmp_path: Path) -> None:
    stack = SmallStack(tmp_path, waits("one"), {"name": "deaf", "code": STUBBORN, "grace": 0.3})
    stack.until("all ready")

    stack.process.send_signal(signal.SIGTERM)

    assert stack.ended() == 128 + signal.SIGTERM
    assert "deaf     │ is stopped by SIGKILL" in stack.text
    assert "one      │ told to stop" in stack.text
    assert left_behind(tmp_path) == []


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    stack = SmallStack(tmp_path, {"name": "deaf", "code": STUBBORN, "grace": 50})
    stack.until("all ready")
    stack.process.send_signal(signal.SIGINT)
    stack.until("stopping")

    asked = time.monotonic()
    stack.process.send_signal(signal.SIGINT)

    assert stack.ended() == 128 + signal.SIGINT
    assert time.monotonic() - asked < 10
    assert left_behind(tmp_path) == []


def test_what_a_part_started_itself_ends_with_it(tmp_path: Path) -> None:
    forks = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}], close_fds=False); " + WAITS
    stack = SmallStack(tmp_path, {"name": "parent", "code": forks})
    stack.until("all ready")
    stack.until("up")

    stack.process.send_signal(signal.SIGTERM)

    assert stack.ended() == 128 + signal.SIGTERM
    assert left_behind(tmp_path) == []


def test_stopping_goes_on_when_nobody_reads_any_more(tmp_path: Path) -> None:
    stack = subprocess.Popen(command(tmp_path, waits("one"), waits("two")), stdout=subprocess.PIPE, text=True)
    with stack:
        assert stack.stdout
        assert any("all ready" in line for line in stack.stdout)  # reads no further than that
        stack.stdout.close()

        stack.send_signal(signal.SIGTERM)

        assert stack.wait(30) == 128 + signal.SIGTERM
    assert left_behind(tmp_path) == []
