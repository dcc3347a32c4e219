"""What cannot be queued fails nothing: the sweeps find it."""

import uuid

import pytest
from celery import Task
from kombu.exceptions import OperationalError as BrokerDown

from conversations import tasks
from conversations.memory import catching_up, summaries
from conversations.writing import Answered


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were asked for, of which the broker heard nothing."""
    asked: list[str] = []

    def fail(self: Task, *args: str) -> None:
        asked.append(self.name)
        raise BrokerDown

    monkeypatch.setattr(Task, "delay", fail)
    return asked


def test_an_answer_still_ends_and_waits_once_for_a_broker_that_does_not_answer(asked: list[str]) -> None:
    tasks.follow(Answered(uuid.uuid4(), uuid.uuid4(), untitled=True, length=200))
    assert len(asked) == 1


def test_what_is_made_in_steps_is_left_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "summarise", lambda conversation: True)  # there is more to do
    monkeypatch.setattr(catching_up, "catch_up", lambda recap: True)
    tasks.summarise(str(uuid.uuid4()))
    tasks.make_recap(str(uuid.uuid4()))


def test_a_member_is_told_that_a_recap_is_being_made() -> None:
    tasks.recap_soon(sender=None, recap=uuid.uuid4())
