"""Every line says which part it comes from, whole and in order, whatever the part writes."""

import io
from pathlib import Path

import pytest

from operations.stack.console import Console
from tests.operations.small_stack import SmallStack


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(tmp_path: Path, code: str) -> list[str]:
    """What a part that runs this code, and then ends, is shown to have written."""
    stack = SmallStack(tmp_path, {"name": "part", "code": f"import os\n{code}"})
    assert stack.ended() == 1
    lines = stack.said[: next(index for index, line in enumerate(stack.said) if line.startswith("parley"))]
    return [line.removeprefix("part     │ ") for line in lines]


def test_lines_of_both_streams_are_marked(tmp_path: Path) -> None:
    assert shown(tmp_path, r"os.write(1, b'out\n'); os.write(2, b'err\n')") == ["out", "err"]


def test_a_line_written_in_pieces_is_shown_whole(tmp_path: Path) -> None:
    assert shown(tmp_path, r"import time; os.write(1, b'one '); time.sleep(.2); os.write(1, b'line\n')") == ["one line"]


def test_a_last_line_without_an_end_is_shown(tmp_path: Path) -> None:
    assert shown(tmp_path, "os.write(1, b'no end')") == ["no end"]


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    assert shown(tmp_path, r"os.write(1, b'\xff\xfe caf\xc3\xa9\n')") == ["\ufffd\ufffd café"]


def test_a_line_without_end_does_not_pile_up(tmp_path: Path) -> None:
    lines = shown(tmp_path, "[os.write(1, b'x' * 10_000) for _ in range(30)]")
    assert sum(map(len, lines)) == 300_000
    assert len(lines) > 3


def test_colour_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal, file = Terminal(), io.StringIO()
    Console(terminal).line("web", "text")
    Console(file).line("web", "text")
    assert terminal.getvalue() == "\x1b[32mweb      │\x1b[0m text\n"
    assert file.getvalue() == "web      │ text\n"


def test_signs_that_a_terminal_lacks_are_replaced() -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(terminal).line("web", "café")
    terminal.seek(0)
    assert terminal.read() == "web      ? caf?\n"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    Console(terminal).line("web", "text")
    assert terminal.getvalue() == "web      │ text\n"
