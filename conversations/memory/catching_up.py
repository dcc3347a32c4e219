"""How a member is told what was said since they last read: in short, in steps, on a row of their own.

All steps but the last gather what was said in a running summary; the last one makes points of it. So a long absence
costs one call for every so many messages, and no call grows with it.
"""

import logging
import uuid

from django.conf import settings

from agents.context import Turn
from agents.endpoint import Messages
from agents.errors import AgentError
from agents.summaries import (
    CATCH_UP_TOKENS,
    SUMMARY_TOKENS,
    TEMPERATURE,
    catch_up_messages,
    clean_summary,
    summary_messages,
)
from conversations.memory.asking import ask
from conversations.memory.steps import STEP_MESSAGES, read, settled, turn
from conversations.memory.summaries import LEASE_BEYOND
from conversations.models import Kind, Message, Recap, Role
from conversations.summaries import recaps
from conversations.summaries.recall import newest

logger = logging.getLogger(__name__)


def catch_up(recap: uuid.UUID) -> bool:
    """Make the next step of a recap. True: it was made, and another is left.

    Any number of these may run at once: one of them does it. Failures are noted on the row.
    """
    claim = recaps.claim(recap, seconds=settings.SUMMARY_SECONDS + LEASE_BEYOND)
    if claim is None:
        return False
    left = recaps.left(claim)
    messages = settled(read(left[:STEP_MESSAGES]))
    done = len(messages) == len(left)
    try:
        answer = ask(
            kind=Kind.RECAP,
            conversation=claim.conversation,
            user=claim.user,
            messages=_points(claim, messages) if done else summary_messages(claim.text, map(turn, messages)),
            model=settings.SUMMARY_MODEL,
            temperature=TEMPERATURE,
            max_tokens=CATCH_UP_TOKENS if done else SUMMARY_TOKENS,
            seconds=settings.SUMMARY_SECONDS,
        )
    except AgentError as error:
        logger.warning("no recap of %s: %s, attempt %d", claim.conversation_id, error.code, claim.attempt)
        recaps.put_off(
            claim, code=error.code, message=error.sentence, retryable=error.retryable, retry_after=error.retry_after
        )
        return False
    text = clean_summary(answer.text)
    if text is None:
        recaps.put_off(claim, code="no_summary", message="The model had nothing to say about it.", retryable=True)
        return False
    model = settings.SUMMARY_MODEL or settings.OPENAI_MODEL
    kept = recaps.keep(claim, text=text, told=messages[-1].position, covers=len(messages), model=model, done=done)
    return kept and not done


def _points(recap: Recap, messages: list[Message]) -> Messages:
    """What to ask for the points: of what was gathered so far, and the last messages."""
    gathered = [Turn(id="", role=Role.ASSISTANT, text=recap.text, author="Before that")] if recap.text else []
    known = newest(messages[0].parent_id) if not gathered else None
    return catch_up_messages(
        [*gathered, *map(turn, messages)], before=known.text if known else "", reader=recap.user.display_name
    )
