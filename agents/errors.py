"""Everything that can go wrong between us and a model, as one tree.

AgentError
 ├─ Misconfigured           (staff must act; trying again does not help)
 │   ├─ NotConfigured          not_configured     no address, no model, or an address that is no URL
 │   ├─ Unauthorized           unauthorized       401
 │   ├─ Forbidden              forbidden          403
 │   ├─ ModelNotFound          model_not_found    404
 │   ├─ OutOfQuota             out_of_quota       the account behind the key is used up
 │   └─ Rejected               rejected           any other 4xx
 ├─ Unavailable             (the endpoint, for now)
 │   ├─ RateLimited            rate_limited       429, with `retry_after` where the endpoint names it
 │   ├─ EndpointDown           endpoint_down      refused, reset, no such host, no TLS
 │   ├─ EndpointResting        endpoint_resting   not asked, since it was down a moment ago
 │   ├─ EndpointFailed         endpoint_failed    5xx, or an error event within the stream
 │   │   └─ Overloaded         overloaded         503, 529
 │   ├─ TimedOut
 │   │   ├─ TimedOutBeforeFirst   first_token_timeout
 │   │   ├─ Stalled               stalled             silence between two tokens
 │   │   └─ TotalTimeout          total_timeout
 │   └─ BadAnswer              bad_answer         HTML, garbage, a redirect, a line without end
 ├─ Unfinished              (it answered, but not whole)
 │   ├─ CutOff                 cut_off            ended without saying why
 │   └─ EmptyAnswer            empty_answer       ended without one character
 └─ Refused                 (this very question)
     ├─ ContextTooLong         context_too_long
     └─ ContentFiltered        content_filtered

A sentence is fixed text: nothing the endpoint sent, no key and no address ever gets into it. What may help whoever
reads the logs is in `detail`, which holds only our own words, exception class names, status numbers and error codes.
"""

import re
from typing import ClassVar

_SAFE_CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")


class AgentError(Exception):
    """A model could not be asked, or did not answer whole.

    `code` is for programs, `sentence` for people, `status` is what our own HTTP door should say, `retryable` tells
    whether trying the same again may help (asking again by itself is only fit before the first token),
    `retry_after` is in seconds, where the endpoint named it, `outage` tells whether it is a sign of an endpoint that is
    down for everybody, and `detail` is for the log.
    """

    code: ClassVar[str] = "agent_error"
    sentence: ClassVar[str] = "The model could not answer."
    status: ClassVar[int] = 502
    retryable: ClassVar[bool] = False
    outage: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(self.sentence)
        self.detail = detail
        self.retry_after = retry_after


class Misconfigured(AgentError):
    """Somebody with the right to change settings has to act."""


class NotConfigured(Misconfigured):
    code = "not_configured"
    sentence = "No model is set up here yet. Staff need to set its address and its name."
    status = 503


class Unauthorized(Misconfigured):
    code = "unauthorized"
    sentence = "The model's server did not accept our key. Staff need to check it."


class Forbidden(Misconfigured):
    code = "forbidden"
    sentence = "Our key is not allowed to use this model. Staff need to check it."


class ModelNotFound(Misconfigured):
    code = "model_not_found"
    sentence = "The model's server does not know this model. Staff need to check its name and address."


class OutOfQuota(Misconfigured):
    code = "out_of_quota"
    sentence = "The account that pays for this model is used up. Staff need to look at it."


class Rejected(Misconfigured):
    code = "rejected"
    sentence = "The model's server did not accept the request. Staff can find the reason in the log."


class Unavailable(AgentError):
    """The endpoint does not serve us now and may do so later."""

    status = 503
    retryable = True


class RateLimited(Unavailable):
    code = "rate_limited"
    sentence = "The model is asked too often right now. Try again in a moment."


class EndpointDown(Unavailable):
    code = "endpoint_down"
    sentence = "The model's server cannot be reached. Try again in a moment."
    outage = True


class EndpointResting(Unavailable):
    """`retry_after` says when it is asked again."""

    code = "endpoint_resting"
    sentence = "The model's server did not answer for a while and is left in peace. Try again in a moment."


class EndpointFailed(Unavailable):
    code = "endpoint_failed"
    sentence = "The model's server had a fault. Try again in a moment."
    status = 502
    outage = True


class Overloaded(EndpointFailed):
    code = "overloaded"
    sentence = "The model's server is too busy. Try again in a moment."
    status = 503


class TimedOut(Unavailable):
    """One of our own clocks ran out."""

    status = 504


class TimedOutBeforeFirst(TimedOut):
    code = "first_token_timeout"
    sentence = "The model did not begin to answer in time. Try again."
    outage = True


class Stalled(TimedOut):
    code = "stalled"
    sentence = "The model fell silent in the middle of its answer. Try again."
    outage = True


class TotalTimeout(TimedOut):
    code = "total_timeout"
    sentence = "The answer took longer than allowed. Try again, or ask for less at once."


class BadAnswer(Unavailable):
    code = "bad_answer"
    sentence = "The model's server sent something that is not an answer. Try again; if it stays, tell staff."
    status = 502
    outage = True


class Unfinished(AgentError):
    """An answer came, but cannot pass for a whole one."""

    retryable = True


class CutOff(Unfinished):
    code = "cut_off"
    sentence = "The answer broke off before its end. Try again."


class EmptyAnswer(Unfinished):
    code = "empty_answer"
    sentence = "The model ended its answer without writing anything. Try again, or put it another way."


class Refused(AgentError):
    """The endpoint works, but not with this question."""

    status = 422


class ContextTooLong(Refused):
    code = "context_too_long"
    sentence = "The conversation is longer than this model can read. Staff can lower the context budget."


class ContentFiltered(Refused):
    code = "content_filtered"
    sentence = "The model's server refused this text under its content rules. Put it another way."


# Servers agree on no code for "too long". These are the words of OpenAI, Azure, vLLM, llama.cpp, TGI, Groq, Mistral.
_TOO_LONG = (
    "context_length",
    "context length",
    "context size",
    "context window",
    "exceed_context",
    "prompt is too long",
    "reduce the length of the messages",
    "inputs` tokens + `max_new_tokens",
)
_FILTERED = ("content_filter", "content_policy", "content management policy", "moderation_blocked")
_QUOTA = ("insufficient_quota", "billing_hard_limit", "billing_not_active", "insufficient_balance")
_BUSY = ("overloaded", "engine_overloaded", "server_busy")


def refusal(
    status: int | None, *, code: str = "", kind: str = "", message: str = "", retry_after: float | None = None
) -> AgentError:
    """The error for what an endpoint said against a request.

    `status` is the HTTP status, or None for an error event within a stream; `code`, `kind` and `message` are the
    fields `code`, `type` and `message` of its error object. Only a well-formed code gets into `detail`.
    """
    said = f"{code} {kind} {message}".lower()
    label = code or kind
    named = f" {label}" if _SAFE_CODE.fullmatch(label) else ""
    detail = f"status {status}{named}" if status else f"error event{named}"
    if status is None and code.isdecimal() and len(code) == 3:
        status = int(code)  # some proxies put the status they met into the event
    return _class_of(status, said)(detail, retry_after=retry_after)


def _class_of(status: int | None, said: str) -> type[AgentError]:
    if status in (None, 400, 403, 413, 422, 500):
        # llama.cpp has answered 500 to a prompt that is too long; Azure filters with 400; others use 403.
        if any(words in said for words in _TOO_LONG):
            return ContextTooLong
        if any(words in said for words in _FILTERED):
            return ContentFiltered
    if status in (None, 402, 403, 429) and (status == 402 or any(words in said for words in _QUOTA)):
        return OutOfQuota
    known: dict[int | None, type[AgentError]] = {
        401: Unauthorized,
        403: Forbidden,
        404: ModelNotFound,
        408: EndpointFailed,
        409: EndpointFailed,
        413: ContextTooLong,
        429: RateLimited,
        503: Overloaded,
        529: Overloaded,
    }
    if status in known:
        return known[status]
    if status is not None and 300 <= status < 400:
        return BadAnswer
    if status is not None and 400 <= status < 500:
        return Rejected
    if "rate_limit" in said:
        return RateLimited
    return Overloaded if any(words in said for words in _BUSY) else EndpointFailed
