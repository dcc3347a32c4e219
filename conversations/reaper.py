"""Takes over the answers of writers who died, froze or lost their way: what was shown is kept, and says so."""

import logging
import time
import uuid

from django.conf import settings

from conversations import live, states
from conversations.database import DatabaseDown, for_leases, in_database, was_down_within
from conversations.draft import Draft
from conversations.endings import end, hand_back
from conversations.models import Status
from conversations.relay import fold
from conversations.snapshots import OpenReply
from conversations.states import Claim, Outcome, Saved
from conversations.usage import left_behind

logger = logging.getLogger(__name__)

# Seconds for which the log of an answer, which may hold its last second or more, is asked for before it is ended
# without it. Not from when its writer died: Postgres may have been away until now.
REDIS_PATIENCE = 60.0
_unread_since: dict[uuid.UUID, float] = {}  # by the clock of this machine's uptime

TAKEN_OVER = Outcome(
    status=Status.INTERRUPTED,
    error_code="writer_lost",
    error_message="The answer was cut off in the middle. What had arrived is kept.",
    error_retryable=True,
)
STOPPED = Outcome(status=Status.STOPPED)  # a member had asked for it; that the writer died makes no difference to them


async def reap(log: live.Log) -> int:
    """End or hand back every answer whose lease ran out, and move up lines that nobody moved. Returns how many.

    May run anywhere, any number of times at once: each change is conditional, and the log lets one reaper through.
    """
    overdue = await for_leases(states.expired)
    if was_down_within(settings.LEASE_SECONDS):
        return 0  # nobody could renew a lease meanwhile: those who live get the time to do so first
    for reply in _unread_since.keys() - {claim.reply for claim in overdue}:
        del _unread_since[reply]
    reaped = 0
    for claim in overdue:
        try:
            reaped += await _take_over(log, claim)
        except live.RedisError as error:
            logger.warning("the log of %s cannot be read: %s", claim.reply, type(error).__name__)
            if time.monotonic() - _unread_since.setdefault(claim.reply, time.monotonic()) > REDIS_PATIENCE:
                reaped += await _end_from_row(log, claim)
        except DatabaseDown:
            raise
        except Exception:
            logger.exception("reply %s could not be taken over", claim.reply)  # which keeps none of the others waiting
    for conversation, rev in await in_database(states.unblock):
        logger.warning("the line of conversation %s stood still", conversation)
        live.tell_changed(conversation, first=rev, rev=rev)
        live.wake()
    return reaped


async def _take_over(log: live.Log, claim: Claim) -> bool:
    saved = await in_database(states.saved, claim)
    if saved is None:
        return False
    events = dict(await log.read(claim.reply, claim.attempt, after=0))
    _unread_since.pop(claim.reply, None)
    seq, text = fold(OpenReply(str(claim.reply), claim.attempt, saved.seq, saved.text), events)
    # One entry after the last: from here on Redis refuses a writer who only slept. If he was faster, look again later.
    draft = Draft(claim, seq=max([seq, *events]), text=text)
    draft.whole = True
    if (await log.append([draft.form()]))[0] is not live.Append.TAKEN:
        return False
    return await _end_or_hand_back(log, draft, saved)


async def _end_from_row(log: live.Log, claim: Claim) -> bool:
    saved = await in_database(states.saved, claim)
    if saved is None:
        return False
    return await _end_or_hand_back(log, Draft(claim, seq=saved.seq, text=saved.text), saved)


async def _end_or_hand_back(log: live.Log, draft: Draft, saved: Saved) -> bool:
    """As it was seen: what a writer who woke up has saved since is not written over."""
    claim = draft.claim
    spent = await in_database(left_behind, claim.reply, draft.text[len(claim.text) :])
    if draft.text == claim.text and await hand_back(claim, spent, seen=saved.seq):
        return True
    stopped = await in_database(states.stopping, replies=[claim.reply])
    return await end(log, draft, STOPPED if stopped else TAKEN_OVER, spent, seen=saved.seq)
