"""The faults that Parley promises to survive, one row each, and the count of those that were seen to be survived."""

import enum
from collections.abc import Callable, Generator
from typing import TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., object])


class Row(enum.Enum):
    """One fault, in the words of docs/reliability.md."""

    WEB_KILLED = "a web process is killed in the middle of an answer"
    WRITER_KILLED = "the writer of an answer is killed"
    WRITER_FROZEN = "the writer of an answer is frozen for longer than its lease, and wakes up"
    CELERY_KILLED = "a Celery worker is killed in the middle of a summary"
    DRAIN = "processes are told to go in the middle of answers"
    CLOCK_OFF = "the clock of a process is ten minutes ahead"
    REDIS_RESTARTS = "Redis restarts, with or without what it knew, or forgets everything"
    REDIS_AWAY = "Redis is gone or silent for a while"
    BUS_LOSSY = "the bus loses, doubles and reorders events"
    POSTGRES_RESTARTS = "Postgres crashes and comes back"
    POSTGRES_AWAY = "Postgres is away for longer than a lease, or than memory lasts"
    POSTGRES_READ_ONLY = "Postgres takes no writes, as after a failover to a standby, or has no room on its disk"
    ENDPOINT_REFUSES = "the model's endpoint refuses: 401, 403, 404"
    ENDPOINT_LIMITS = "the endpoint says 429, with or without Retry-After"
    ENDPOINT_FAILS = "the endpoint fails: 500, nobody there, no such name"
    ENDPOINT_STALLS = "the endpoint sends no first token, or stalls, or only keeps the line alive"
    ENDPOINT_BREAKS_OFF = "the endpoint breaks off, or sends an error or rubbish in the middle"
    READER_VANISHES = "a reader is gone without a word"
    READER_SLOW = "a reader does not read"
    SENDS_AT_ONCE = "the same message is sent many times, and two tabs send at once"
    STOP_RACES_END = "stop races the end of the answer"
    FRAMES_NOT_UNDERSTOOD = "frames are broken, hostile, of the wrong type, or an old page's"
    NOT_THEIRS = "a conversation is somebody else's, does not exist, or is deleted in the middle"
    SESSION_OVER = "a member signs out, is made inactive, or loses their place in the middle"


def survives(row: Row) -> Callable[[F], F]:
    """Mark a test as one that shows this row. A row is shown when all its tests pass."""
    return pytest.mark.row(row)


class Matrix:
    """A pytest plugin that counts rows."""

    def __init__(self) -> None:
        self.passed: set[Row] = set()
        self.failed: set[Row] = set()

    @property
    def shown(self) -> int:
        return len(self.passed - self.failed)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        for mark in item.iter_markers("row"):
            if report.failed:
                self.failed.add(mark.args[0])
            elif report.when == "teardown" and not report.skipped:
                self.passed.add(mark.args[0])
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("faults")
        for row in Row:
            verdict = "FAILED" if row in self.failed else "survived" if row in self.passed else "not shown"
            terminalreporter.line(f"{verdict:10} {row.value}")
