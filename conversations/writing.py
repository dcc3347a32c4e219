"""One answer, from the first look at its branch to its end in the database and in the log."""

import asyncio
import enum
import logging
import random
import time
import uuid
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from django.conf import settings

from agents.breaker import Breaker
from agents.client import Finish, ModelClient, Text, Usage
from agents.continuing import Seam
from agents.errors import AgentError, EndpointResting
from conversations import briefs, wire
from conversations.database import patiently
from conversations.draft import Draft, Press
from conversations.endings import end, forget_if_gone, hand_back
from conversations.models import Status
from conversations.states import Claim, Outcome
from conversations.usage import Call, Spent, learn

logger = logging.getLogger(__name__)

TRIES = 3  # requests for one answer, as long as it has no token
LONGEST_WAIT = 20.0  # seconds an endpoint may make us wait before another try


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of a complete answer to whoever decides what follows it."""

    conversation: uuid.UUID
    reply: uuid.UUID
    untitled: bool
    length: int  # messages of the conversation


class Why(enum.Enum):
    """Why the writing of an answer was broken off from here."""

    STOP = "a member asked"
    LOST = "another writer has it"
    DRAIN = "this process is going away"
    STORAGE = "what was written could not be saved for too long"


@dataclass(slots=True, eq=False)
class Writing:
    """One answer that this runner writes."""

    claim: Claim
    draft: Draft
    since: float = field(default_factory=time.monotonic)
    first: float | None = None
    task: "asyncio.Task[None] | None" = None
    why: Why | None = None
    ending: bool = False
    usage: Usage | None = None
    brief: briefs.Brief | None = None
    call: Call | None = None
    spent: list[Spent] = field(default_factory=list)

    def break_off(self, why: Why) -> None:
        """Stop asking the model. What is past that point already ends on its own terms."""
        if not self.ending and self.why is None and self.task is not None:
            self.why = why
            self.task.cancel()

    @property
    def answered(self) -> Answered | None:
        """For what follows a complete answer; None before the model was asked."""
        if self.brief is None:
            return None
        return Answered(self.claim.conversation, self.claim.reply, self.brief.untitled, self.brief.length)

    def end_call(self, status: Status, error: AgentError | None = None) -> None:
        """Note what the call that is under way has cost."""
        if self.call is not None and not isinstance(error, EndpointResting):  # then nobody was called
            self.spent.append(self.call.end(status, reported=self.usage, error=error))
        self.call = None

    def milliseconds(self, moment: float | None) -> int | None:
        return round((moment - self.since) * 1000) if moment is not None else None


class Writer:
    """Writes answers: asks the model, brings what it says to the press, and ends what it began."""

    def __init__(self, client: ModelClient, press: Press, breaker: Breaker) -> None:
        self._client = client
        self._breaker = breaker
        self._press = press

    async def write(self, writing: Writing) -> Status | None:
        """Write one answer to its end. Returns how it ended; None when it was handed back, or is another writer's."""
        try:
            outcome = await self._ask(writing)
        except asyncio.CancelledError:
            if writing.why is None:
                raise
            outcome = None
        writing.ending = True
        try:
            return await self._end(writing, outcome)
        finally:
            if writing.why in (Why.LOST, Why.STOP):
                await forget_if_gone(self._press.log, writing.claim)

    async def _end(self, writing: Writing, outcome: Outcome | None) -> Status | None:
        if writing.why is Why.LOST:
            self._press.drop(writing.draft)
            return None
        outcome = outcome or self._broken_off(writing)
        writing.end_call(outcome.status)
        if writing.why is Why.DRAIN and writing.first is None and await hand_back(writing.claim, writing.spent):
            return None
        await self._press.finish(writing.draft)
        if writing.draft.refused:
            return None  # readers have what the other one took over, and no more may be stored
        return outcome.status if await end(self._press.log, writing.draft, outcome, writing.spent) else None

    async def _ask(self, writing: Writing) -> Outcome | None:
        """Ask the model until it has answered; None when the reply turned out not to be ours."""
        brief = await patiently(partial(briefs.prepare, writing.claim, default_model=settings.OPENAI_MODEL))
        if brief is None:
            writing.why = Why.LOST
            return None
        writing.brief = brief
        writing.draft.begin(brief.rev)
        self._press.ready(writing.draft)
        for tries in count(1):
            try:
                reason = await self._stream(writing, brief)
            except AgentError as error:
                writing.end_call(Status.FAILED if writing.first is None else Status.INTERRUPTED, error)
                wait = wait_before_retry(error, tries) if writing.first is None else None
                logger.info("reply %s: %s %s, try %d", writing.claim.reply, error.code, error.detail, tries)
                if wait is None:
                    return self._failed(writing, error)
                writing.draft.announce("queued", wire.Wait(code=error.code, message=error.sentence, seconds=wait))
                self._press.ready(writing.draft)
                await asyncio.sleep(wait)
                writing.draft.announce("streaming")
                self._press.ready(writing.draft)
            else:
                if writing.usage is not None:
                    reported = writing.usage.prompt_tokens
                    learn(brief.model, brief.counter, counted=brief.counted_tokens, reported=reported)
                return self._outcome(writing, Status.COMPLETE, finish_reason=reason)
        raise AssertionError

    async def _stream(self, writing: Writing, brief: briefs.Brief) -> str:
        """The answer, as it comes. Returns the finish reason."""
        answer = self._client.stream(
            brief.messages, model=brief.model, temperature=brief.temperature, max_tokens=brief.max_tokens
        )
        writing.call = call = Call(brief.counted_tokens, brief.counter)
        seam = Seam(writing.claim.text)
        try:
            async with aclosing(self._breaker.watch(answer)) as events:
                async for event in events:
                    if isinstance(event, Text):
                        writing.first = writing.first or time.monotonic()
                        call.received.append(event.text)
                        self._show(writing.draft, seam.add(event.text))
                    elif isinstance(event, Usage):
                        writing.usage = event
                    elif isinstance(event, Finish):
                        return event.reason
        finally:
            self._show(writing.draft, seam.end())
        raise AssertionError("the client ends an answer with Finish or raises")

    def _show(self, draft: Draft, text: str) -> None:
        if text:
            urgent = draft.empty
            draft.add(text)
            self._press.ready(draft, urgent=urgent)

    def _failed(self, writing: Writing, error: AgentError) -> Outcome:
        return self._outcome(
            writing,
            _cut(writing),
            error_code=error.code,
            error_message=error.sentence,
            error_retryable=error.retryable,
            retry_after=error.retry_after,
        )

    def _outcome(
        self,
        writing: Writing,
        status: Status,
        *,
        finish_reason: str = "",
        error_code: str = "",
        error_message: str = "",
        error_retryable: bool = False,
        retry_after: float | None = None,
    ) -> Outcome:
        return Outcome(
            status=status,
            finish_reason=finish_reason,
            error_code=error_code,
            error_message=error_message,
            error_retryable=error_retryable,
            retry_after=retry_after,
            prompt_tokens=writing.usage.prompt_tokens if writing.usage else None,
            completion_tokens=writing.usage.completion_tokens if writing.usage else None,
            first_token_ms=writing.milliseconds(writing.first),
            total_ms=writing.milliseconds(time.monotonic()),
        )

    def _broken_off(self, writing: Writing) -> Outcome:
        if writing.why is Why.STOP:
            return self._outcome(writing, Status.STOPPED)
        if writing.why is Why.STORAGE:
            return self._outcome(
                writing,
                _cut(writing),
                error_code="storage",
                error_message="Parley could not store this answer for a while. What had arrived by then is kept.",
                error_retryable=True,
            )
        return self._outcome(
            writing,
            Status.INTERRUPTED,
            error_code="restart",
            error_message="Parley was restarted in the middle of this answer. What had arrived is kept.",
            error_retryable=True,
        )


def _cut(writing: Writing) -> Status:
    """How an answer has ended that did not come to its end: with words, or without."""
    return Status.INTERRUPTED if writing.claim.text or not writing.draft.empty else Status.FAILED


def wait_before_retry(error: AgentError, tries: int) -> float | None:
    """Seconds to wait before the endpoint is asked again (full jitter); None when it is no use or too far off."""
    if not error.retryable or tries >= TRIES:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_WAIT else None
    return random.uniform(0, min(LONGEST_WAIT, 0.5 * 2**tries))  # noqa: S311 - jitter is no secret
