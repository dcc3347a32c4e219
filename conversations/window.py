"""What a socket was sent and has not yet said it has taken. Bounded, so that who never reads cannot make us grow.

A browser that acknowledges is judged by what it took, whatever stands between us. One that never does is judged by
what our own end of its line cannot get rid of (`operations/lines.py`).
"""

from collections import deque

MOST_FRAMES = 256
MOST_BYTES = 1_000_000


class Window:
    """Of one socket. It is open until its browser acknowledges for the first time: an old page never does."""

    def __init__(self) -> None:
        self._sent = 0  # frames, ever
        self._sizes: deque[int] | None = None  # of those not acknowledged, oldest first, in bytes
        self._bytes = 0

    def add(self, text: str) -> None:
        """A frame is sent."""
        self._sent += 1
        if self._sizes is not None:
            size = len(text) if text.isascii() else len(text.encode())
            self._sizes.append(size)
            self._bytes += size

    def acknowledge(self, frames: int) -> bool:
        """The browser has taken so many frames since it was let in. False: it was not sent that many."""
        if frames > self._sent:
            return False
        if self._sizes is None:
            self._sizes = deque()  # what it has not taken of the time before is not counted
        while self._sizes and self._sent - len(self._sizes) < frames:
            self._bytes -= self._sizes.popleft()
        return True

    @property
    def busy(self) -> bool:
        """Whether so much is on its way that nothing large should be added."""
        return self._bytes > MOST_BYTES

    @property
    def full(self) -> bool:
        """Whether the reader is too slow. The largest frame is not counted: it may alone be more than the bound."""
        if self._sizes is None:
            return False
        return len(self._sizes) >= MOST_FRAMES or (self.busy and self._bytes - max(self._sizes) > MOST_BYTES)
