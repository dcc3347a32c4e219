"""How many frames a socket may send: a bucket that fills again with time."""

from conversations.errors import rate_limited

BURST, PER_SECOND = 60, 20  # frames


class Allowance:
    """Of one socket. `now` is in seconds, by any one clock."""

    def __init__(self, now: float) -> None:
        self._left = float(BURST)
        self._counted = now

    def take(self, now: float) -> None:
        """One frame came. Raises TryLater when they come faster than a person and a program together could mean."""
        self._left = min(BURST, self._left + (now - self._counted) * PER_SECOND) - 1
        self._counted = now
        if self._left < 0:
            raise rate_limited(1.0)

    @property
    def abused(self) -> bool:
        """Whether they go on coming although they are refused."""
        return self._left < -BURST
