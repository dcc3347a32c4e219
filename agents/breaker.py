"""A circuit breaker: an endpoint that is down is left in peace, and asked now and then whether it is back.

It opens after so many failures in a row within so many seconds, as they come when a server is down: refused lines,
5xx, silence. What is our own fault, or a limit the server names, shows that it lives. While it is open nobody asks;
then one may try, and all others wait for what becomes of it.
"""

import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from agents.errors import AgentError, EndpointResting
from agents.stream import Event

logger = logging.getLogger(__name__)


class Breaker:
    """Of one endpoint, as one process sees it."""

    def __init__(
        self, clock: Callable[[], float], *, failures: int = 5, within: float = 30.0, rest: float = 10.0
    ) -> None:
        """`clock` tells seconds. Opens after `failures` within `within` seconds, for `rest` seconds at a time."""
        self._clock = clock
        self._rest = rest
        self._within = within
        self._failed: deque[float] = deque(maxlen=failures)  # when; none of them before the last success
        self._until: float | None = None  # when one may try; None: it is closed
        self._trying = False

    async def watch(self, answer: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """The same answer, and what it tells of the endpoint. Raises EndpointResting when it should not be asked."""
        trial = self.admit()
        told = False
        try:
            async with aclosing(answer) as events:
                async for event in events:
                    if not told:
                        told = True
                        self.succeeded()
                    yield event
        except AgentError as error:
            told = True
            if error.outage:
                self.failed(trial=trial)
            else:
                self.succeeded()
            raise
        finally:
            if trial and not told:
                self._trying = False  # it was broken off before anybody knew: the next one tries

    def admit(self) -> bool:
        """Whether this is the one that tries. Raises EndpointResting when nobody should ask now."""
        if self._until is None:
            return False
        left = self._until - self._clock()
        if left > 0 or self._trying:
            raise EndpointResting(retry_after=left if left > 0 else self._rest)
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The endpoint lives."""
        if self._until is not None:
            logger.info("the model's server answers again")
        self._until, self._trying = None, False
        self._failed.clear()

    def failed(self, *, trial: bool = False) -> None:
        """The endpoint seems to be down. What began before it was found so says nothing new, but a trial does."""
        now = self._clock()
        if self._until is not None:
            if trial:
                self._until, self._trying = now + self._rest, False
            return
        self._failed.append(now)
        if len(self._failed) == self._failed.maxlen and now - self._failed[0] <= self._within:
            self._until = now + self._rest
            logger.warning("the model's server is down: it is asked once in %g s from now on", self._rest)
