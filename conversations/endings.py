"""The end of an answer: first stored, then told. Every event is in the log before the row is final, and the row before
the end is told, so that whoever reads after a crash finds either the whole story or what can be taken up.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from conversations import live, states, wire
from conversations.database import patiently
from conversations.draft import Draft
from conversations.models import Status
from conversations.snapshots import usage_object
from conversations.states import Claim, Outcome
from conversations.usage import Spent

logger = logging.getLogger(__name__)

R = TypeVar("R")


async def end(
    log: live.Log, draft: Draft, outcome: Outcome, spent: Sequence[Spent], *, seen: int | None = None
) -> bool:
    """Store the end of this attempt with what it `spent`, and tell it. False: another writer has it, nothing changed.

    `seen` is for who ends what another wrote: the last event that was saved when it looked. While Postgres is away it
    waits.
    """
    claim = draft.claim
    ended = await patiently(
        partial(
            states.finish,
            reply=claim.reply,
            conversation=claim.conversation,
            attempt=claim.attempt,
            frm=[Status.STREAMING],
            text=draft.text,
            seq=draft.seq,
            outcome=outcome,
            spent=spent,
            seen=seen,
        )
    )
    if ended is None:
        return False
    try:
        await log.append([draft.end(ended.rev, outcome_frame(outcome, ended.tokens))])
    except live.RedisError as error:
        logger.warning("the end of %s is not in the log: %s", claim.reply, type(error).__name__)
    if ended.line_rev is not None:
        await in_thread(partial(live.tell_changed, claim.conversation, first=ended.line_rev, rev=ended.line_rev))
        await in_thread(live.wake)
    return True


async def forget_if_gone(log: live.Log, claim: Claim) -> None:
    """Remove the log of an attempt whose conversation was deleted meanwhile: what was said goes with it."""
    if not await patiently(partial(states.is_gone, claim.conversation)):
        return
    for pause in (1, 2, 4, 0):
        try:
            await log.remove(claim.reply, claim.attempt)
            return
        except live.RedisError as error:
            logger.warning("the log of %s is still there: %s", claim.reply, type(error).__name__)
            await asyncio.sleep(pause)


async def hand_back(claim: Claim, spent: Sequence[Spent], *, seen: int | None = None) -> bool:
    """Put an answer to which nothing was added back into the queue, once. False: tried twice, or not ours.

    `seen` as in `end`.
    """
    rev = await patiently(
        partial(
            states.hand_back,
            reply=claim.reply,
            conversation=claim.conversation,
            attempt=claim.attempt,
            spent=spent,
            seen=seen,
        )
    )
    if rev is None:
        return False
    await in_thread(partial(live.tell_changed, claim.conversation, first=rev, rev=rev))
    await in_thread(live.wake)
    return True


def outcome_frame(
    outcome: Outcome, tokens: tuple[int | None, int | None] = (None, None)
) -> Callable[[wire.Numbers, int], wire.End]:
    """What readers are told of an outcome and of the tokens the answer took, once its numbers are known."""

    def frame(numbers: wire.Numbers, rev: int) -> wire.End:
        error = None
        if outcome.error_code:
            error = wire.ErrorObject(
                code=outcome.error_code,
                message=outcome.error_message,
                retryable=outcome.error_retryable,
                retry_after=outcome.retry_after,
            )
        return wire.End(
            type="end",
            **numbers,
            rev=rev,
            status=outcome.status.value,
            error=error,
            finish_reason=outcome.finish_reason,
            usage=usage_object(*tokens),
        )

    return frame


async def in_thread(work: Callable[[], R]) -> R:
    """Run a short call that may wait for the network outside the event loop and outside the database's threads."""
    return await asyncio.get_running_loop().run_in_executor(None, work)
