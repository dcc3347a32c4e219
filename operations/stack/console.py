"""Lines on the terminal, each marked with the part it comes from."""

import contextlib
import io
import os
import sys
from typing import TextIO

OURS = "parley"
WIDTH = 8  # characters: the longest name of a part
_COLOURS = {
    OURS: "1",
    "postgres": "34",
    "valkey": "31",
    "model": "35",
    "prepare": "33",
    "web": "32",
    "worker": "36",
    "beat": "90",
}


class Console:
    """Writes whole lines. Colour only on a terminal, and never where NO_COLOR is set."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._coloured = self._stream.isatty() and not os.environ.get("NO_COLOR")
        self._gone = False
        if isinstance(self._stream, io.TextIOWrapper):
            self._stream.reconfigure(errors="replace")  # a terminal of another time may lack our signs

    def line(self, part: str, text: str) -> None:
        """Write one line of a part's."""
        name = f"{part:<{WIDTH}} │"
        if self._coloured:
            name = f"\x1b[{_COLOURS.get(part, '37')}m{name}\x1b[0m"
        self.plain(f"{name} {text}")

    def say(self, text: str) -> None:
        """Write one line of our own."""
        self.line(OURS, text)

    def plain(self, text: str) -> None:
        """Write a line as it is."""
        if self._gone:
            return
        try:
            self._stream.write(f"{text}\n")
            self._stream.flush()
        except (OSError, ValueError):
            # Whoever read our output has left (a closed terminal, a pipe cut by Ctrl-C). Stopping in
            # good order matters more than telling of it.
            self._gone = True
            # What is still buffered would fail once more when Python ends, and change the exit code.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
