"""A tab that was left open for days is still told what happens."""

import time

import pytest

from operations.lines import Line
from operations.server import DrainingServer


class Recorded(Line):
    """A socket that is open, whatever it is connected to."""

    def __init__(self, server: DrainingServer) -> None:
        super().__init__()
        self.server = server._server
        self.state = self.STATE_OPEN
        self.socket_opened = self.last_ping = time.time()
        self.closed_with: list[int | None] = []

    def serverClose(self, code: int | None = None) -> None:
        self.closed_with.append(code)


@pytest.mark.parametrize("days", [0, 1.01, 400])
def test_no_age_closes_it(days: float) -> None:
    line = Recorded(DrainingServer(None, host="127.0.0.1", port=0, runner=None))
    line.socket_opened -= days * 86_400
    line.check_timeouts()
    assert line.closed_with == []
