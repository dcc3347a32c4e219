"""Celery's names for small work. Tasks take ids, fetch, call and retry; what they do is safe to do twice."""

import asyncio
import logging
import uuid

from celery import Task, shared_task
from django.dispatch import receiver
from kombu.exceptions import OperationalError as BrokerDown

from agents.errors import AgentError
from conversations import live, turns
from conversations.database import DatabaseDown
from conversations.memory import catching_up, findings, follow_ups, summaries, titles
from conversations.reaper import reap
from conversations.summaries import recaps
from conversations.writing import Answered

logger = logging.getLogger(__name__)


class Work(Task):  # type: ignore[misc]
    """What Postgres may be away for: one warning, where Celery would show a traceback. The sweeps come again."""

    throws = DatabaseDown

    def on_failure(self, exc: Exception, task_id: str, args: object, kwargs: object, einfo: object) -> None:
        if isinstance(exc, DatabaseDown):
            logger.warning("%s could not be done without Postgres: %s", self.name, type(exc).__name__)


def queue(*wanted: tuple[Task, uuid.UUID]) -> None:
    """Ask for these tasks, each about a row. Never fails: what could not be queued is found by the sweeps."""
    try:
        for task, row in wanted:
            task.delay(str(row))
    except BrokerDown as error:  # to ask for the next ones would only take as long again
        logger.warning("work was not queued: %s", type(error).__name__)


def follow(answered: Answered) -> None:
    """Queue what follows an answer."""
    wanted = [(look_back, answered.reply)]
    if answered.untitled:
        wanted.insert(0, (title, answered.conversation))
    if answered.length >= summaries.VERBATIM + summaries.AT_LEAST:
        wanted.append((summarise, answered.conversation))
    queue(*wanted)


@shared_task(base=Work, bind=True, max_retries=3)
def title(self, conversation: str) -> None:  # type: ignore[no-untyped-def]
    try:
        titles.write_title(uuid.UUID(conversation))
    except AgentError as error:
        if error.retryable:
            raise self.retry(countdown=5 * 2**self.request.retries, exc=error) from None
        logger.warning("no title for %s: %s", conversation, error.code)


@shared_task(base=Work, bind=True, max_retries=1)
def look_back(self, reply: str) -> None:  # type: ignore[no-untyped-def]
    """What an answer is looked over for: whether it keeps to its personality, and what may follow it."""
    findings.review(uuid.UUID(reply))
    try:
        follow_ups.suggest(uuid.UUID(reply))
    except AgentError as error:
        if error.retryable:
            raise self.retry(countdown=5, exc=error) from None
        logger.warning("no follow-up questions for %s: %s", reply, error.code)


@shared_task(base=Work)
def sweep_titles() -> None:
    for conversation in titles.untitled():
        title.delay(str(conversation))


@shared_task(base=Work)
def summarise(conversation: str) -> None:
    if summaries.summarise(uuid.UUID(conversation)):
        queue((summarise, uuid.UUID(conversation)))


@receiver(recaps.recap_wanted)
def recap_soon(sender: object, recap: uuid.UUID, **kwargs: object) -> None:
    """Queue a recap that a member waits for."""
    queue((make_recap, recap))


@shared_task(base=Work)
def make_recap(recap: str) -> None:
    if catching_up.catch_up(uuid.UUID(recap)):
        queue((make_recap, uuid.UUID(recap)))


@shared_task(base=Work)
def sweep_summaries() -> None:
    """Also what brings a failed one back when its time has come."""
    for conversation in summaries.sweep():
        summarise.apply_async((str(conversation),), expires=60)  # by then the next sweeps have asked for it again
    for recap in recaps.ready():
        make_recap.apply_async((str(recap),), expires=60)


@shared_task(base=Work)
def sweep_trash() -> None:
    turns.empty_trash()


@shared_task(base=Work)
def sweep_replies() -> None:
    """A second pair of hands for the runners' own reapers."""
    asyncio.run(_reap())


async def _reap() -> None:
    log = live.log()
    try:
        await reap(log)
    finally:
        await log.aclose()
