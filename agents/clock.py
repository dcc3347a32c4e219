"""The three time limits of one streamed answer, at the price of one timer.

A timer per token would cost more than decoding the token. So a token only moves a deadline, a number, and the one
timer, when it rings, looks whether that deadline has really come; if not, it goes to sleep until it would.
"""

import asyncio

from agents.errors import Stalled, TimedOut, TimedOutBeforeFirst, TotalTimeout

_LOOK_AGAIN = 0.2  # seconds


class Clock:
    """Cancels the task that waits for the endpoint when a limit has passed.

    Only time spent waiting counts against the limits for the first token and between tokens, and only a waiting task
    is ever cancelled: while the reader of the stream works, the clock leaves it alone. Call `wait` before an await on
    the endpoint, `proceed` after it, `progress` for each sign of life, and `stop` at the end, always.
    """

    def __init__(self, *, first: float, between: float, total: float) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._between = between
        self._end = now + total
        self._due = now + first
        self._kind: type[TimedOut] = TimedOutBeforeFirst
        self._task: asyncio.Task[object] | None = None
        self._cancels = 0  # cancellations asked of the waiting task by others
        self._rang: TimedOut | None = None
        self._timer = self._loop.call_at(min(self._due, self._end), self._ring)

    def wait(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._cancels = task.cancelling()
        self._task = task

    def proceed(self) -> None:
        self._task = None

    def progress(self) -> None:
        """A token came: the next one has its full time from now.

        Raises: TotalTimeout, which a reader that never has to wait would otherwise escape.
        """
        now = self._loop.time()
        if now >= self._end:
            raise TotalTimeout
        self._due = now + self._between
        self._kind = Stalled

    def hurry(self, seconds: float) -> None:
        """Only so much longer from now."""
        self._end = min(self._end, self._loop.time() + seconds)
        self._timer.cancel()
        self._timer = self._loop.call_at(min(self._due, self._end), self._ring)

    def stop(self) -> None:
        self._timer.cancel()

    def cancelled(self) -> TimedOut | None:
        """On a CancelledError: the limit that caused it, or None if somebody else cancelled the task."""
        task, self._task = self._task, None
        if self._rang is None or task is None:
            return None
        # As asyncio.timeout does it: take our own cancellation back, and see whether another is left.
        return self._rang if task.uncancel() <= self._cancels else None

    def _ring(self) -> None:
        now = self._loop.time()
        when = min(self._due, self._end)
        if now < when:
            self._timer = self._loop.call_at(when, self._ring)
        elif self._task is None:
            self._timer = self._loop.call_at(now + _LOOK_AGAIN, self._ring)
        else:
            self._rang = TotalTimeout() if now >= self._end else self._kind()
            self._task.cancel()
