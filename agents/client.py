"""Asks a model. The one place that imports the official OpenAI client.

The official client makes the request: it knows addresses, keys, TLS, proxies and status codes. The bytes of the
answer are read by `agents.stream`, and the waiting is timed by `agents.clock`. Whatever goes wrong on the way, in the
client's code or in aiohttp's and httpx's below it, leaves as one of `agents.errors`; nothing else does, except a
cancellation.

Nothing is asked twice from here (`max_retries=0`): only the caller knows whether text is out already and who waits
for it. The one exception is a server that refuses a parameter it does not know. That is a refusal to begin, so it
costs nothing, and it is remembered.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import aiohttp
import httpx2
import openai

from agents.clock import Clock
from agents.endpoint import Endpoint, Messages, asked, without
from agents.errors import (
    AgentError,
    BadAnswer,
    CutOff,
    EndpointDown,
    EndpointFailed,
    NotConfigured,
    TotalTimeout,
    refusal,
)
from agents.stream import MAX_CHARS, Decoder, Event, Finish, Text, Usage

__all__ = ["Completion", "Endpoint", "Event", "Finish", "ModelClient", "Text", "Timeouts", "Usage", "complete"]

# Streams above it wait in line. "No limit" would be worse: the transport then says nothing to aiohttp, which means 100.
MAX_CONNECTIONS = 4096
# Shorter than the 5 s after which uvicorn, and so vLLM, drops an idle connection: never race with it for one.
_IDLE_SECONDS = 4.0
# After its finish reason an answer is whole. The server gets this long to say its usage, and after [DONE] this long to
# end the response: only then can the connection serve another request.
_AFTERMATH_SECONDS = 3.0
_DONE_SECONDS = 0.1

# How servers word it that they do not know a parameter.
_UNKNOWN = ("unsupported", "not support", "unknown", "unrecognized", "unexpected", "not permitted", "extra")
_ADDRESS = (aiohttp.InvalidURL, httpx2.InvalidURL, httpx2.UnsupportedProtocol)
_GARBAGE = (
    aiohttp.ClientResponseError,
    httpx2.DecodingError,
    openai.APIResponseValidationError,
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. Between tokens only what the model makes counts: a server's keep-alive comments do not."""

    connect: float = 5.0
    first_token: float = 60.0
    between_tokens: float = 30.0
    total: float = 600.0


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer, not streamed. `usage` is None where the server does not tell."""

    text: str
    usage: Usage | None
    finish_reason: str


class ModelClient:
    """Streams answers from one endpoint. One for each endpoint and event loop."""

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts | None = None, *, max_chars: int = MAX_CHARS) -> None:
        self._endpoint = endpoint
        self._timeouts = timeouts or Timeouts()
        self._max_chars = max_chars
        self._sdk: openai.AsyncOpenAI | None = None
        self._refused: set[str] = set()

    async def stream(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Ask, and yield the answer as it comes: Text, any number of times, then perhaps Usage, then Finish.

        An answer is whole if and only if Finish came; else an AgentError is raised. Use it under
        `contextlib.aclosing`: to leave early or to be cancelled closes the connection at once, and that is what stops
        the model. `model` and what else is None are left to the endpoint's default.
        """
        limits = self._timeouts
        clock = Clock(first=limits.first_token, between=limits.between_tokens, total=limits.total)
        decoder = Decoder(max_chars=self._max_chars)
        fault: AgentError | None = None
        try:
            request = asked(self._endpoint, messages, model, temperature, max_tokens)
            request |= {"stream": True, "stream_options": {"include_usage": True}}
            async with AsyncExitStack() as stack:
                clock.wait()
                async for data in await self._begin(stack, request):
                    clock.proceed()
                    before = decoder.progress
                    if text := decoder.feed(data):
                        yield Text(text)
                    if decoder.progress != before:
                        clock.progress()
                    if decoder.done or decoder.reason:
                        clock.hurry(_DONE_SECONDS if decoder.done else _AFTERMATH_SECONDS)
                    clock.wait()
                clock.proceed()
        except asyncio.CancelledError:
            fault = clock.cancelled()
            if fault is None:
                raise
        except Exception as error:
            fault = clock.cancelled() or _ours(error, begun=decoder.progress > 0)
        finally:
            clock.stop()
        # Raised out here, where no exception of the client's, with request and key in it, can cling to ours.
        if fault and not (decoder.done or decoder.reason):
            raise fault
        if text := decoder.end():
            yield Text(text)
        reason = decoder.verdict()
        if decoder.usage:
            yield decoder.usage
        yield Finish(reason)

    async def aclose(self) -> None:
        """Close all connections. Leave your streams first: one still open would hear nothing more, until its clock."""
        sdk, self._sdk = self._sdk, None
        if sdk:
            await sdk.close()

    async def _begin(self, stack: AsyncExitStack, request: dict[str, Any]) -> AsyncIterator[bytes]:
        """Send the request and return the bytes of the answer, both closed with the stack."""
        if self._sdk is None:
            limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=_IDLE_SECONDS)
            transport = openai.DefaultAioHttpClient(limits=limits, follow_redirects=False)
            # No read timeout here: it would cost a timer per token, and comments would reset it.
            timeout = httpx2.Timeout(None, connect=self._timeouts.connect)
            self._sdk = openai.AsyncOpenAI(**_account(self._endpoint), timeout=timeout, http_client=transport)
        ask = self._sdk.chat.completions.with_streaming_response.create
        response = None
        while response is None:
            sent = without(self._refused, request)
            try:
                response = await stack.enter_async_context(ask(**_carried(sent)))
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                self._refused.add(_refused(error, sent))
        _check_kind(response.headers)
        packed = "content-encoding" in response.headers  # we ask for plain bytes, but a proxy may know better
        body = response.http_response.aiter_bytes() if packed else response.http_response.aiter_raw()
        return await stack.enter_async_context(aclosing(body))


def complete(
    endpoint: Endpoint,
    messages: Messages,
    *,
    model: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    timeout: float = 60.0,
) -> Completion:
    """Ask for one whole answer and wait for it, at most `timeout` seconds. Blocks: for background work only.

    Raises: AgentError.
    """
    deadline = time.monotonic() + timeout
    decoder = Decoder()
    fault: AgentError | None = None
    text = ""
    try:
        request = asked(endpoint, messages, model, temperature, max_tokens)
        limits = httpx2.Timeout(timeout, connect=min(timeout, Timeouts().connect))
        text = _read(client_of(endpoint).with_options(timeout=limits), request, decoder, deadline)
    except Exception as error:
        fault = _ours(error, begun=decoder.progress > 0)
    if fault:
        raise fault
    text += decoder.end()
    return Completion(text, finish_reason=decoder.verdict(), usage=decoder.usage)


@lru_cache(maxsize=8)
def client_of(endpoint: Endpoint) -> openai.OpenAI:
    """One for each endpoint and process: to read the TLS certificates for each call would cost more than the call."""
    # No connection is kept: minutes may pass between two calls, and a worker forks.
    transport = openai.DefaultHttpxClient(follow_redirects=False, limits=httpx2.Limits(max_keepalive_connections=0))
    return openai.OpenAI(**_account(endpoint), http_client=transport)


def _read(sdk: openai.OpenAI, request: dict[str, Any], decoder: Decoder, deadline: float) -> str:
    refused: set[str] = set()
    while True:
        sent = without(refused, request)
        try:
            with sdk.chat.completions.with_streaming_response.create(**_carried(sent)) as response:
                _check_kind(response.headers)
                text = ""
                for data in response.iter_bytes():
                    text += decoder.feed(data)
                    if decoder.done:
                        break
                    if time.monotonic() >= deadline:  # httpx limits each read, but not their sum
                        raise TotalTimeout
                return text
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            refused.add(_refused(error, sent))


def _account(endpoint: Endpoint) -> dict[str, Any]:
    # The client insists on a key, also where the server asks for none. It would retry by itself if we let it.
    return {"base_url": endpoint.base_url, "api_key": endpoint.api_key or "none", "max_retries": 0}


def _carried(body: dict[str, Any]) -> dict[str, Any]:
    """The arguments that make the client send this body as it is.

    Given messages as messages, it fits each one to its types, at 0.2 ms of CPU a message: for a long thread that is
    more than the whole answer takes to read. What comes by `extra_body` it takes as it comes.
    """
    headers = {"Accept-Encoding": "identity"}  # to unpack three bytes at a time costs more than it saves
    stream = body.get("stream", False)
    return {"model": body["model"], "messages": (), "stream": stream, "extra_body": body, "extra_headers": headers}


def _refused(error: openai.APIStatusError, sent: dict[str, Any]) -> str:
    """The parameter this refusal is about, if we can do without it. Raises: the refusal itself, if not."""
    said = f"{error.param} {error.body}".lower()
    if any(words in said for words in _UNKNOWN):
        for name in ("stream_options", "max_tokens"):
            if name in sent and name in said:
                return name
    raise error


# The answer's failures, in our words


def _check_kind(headers: httpx2.Headers) -> None:
    if "html" in headers.get("content-type", ""):
        raise BadAnswer("an HTML page")


def _ours(error: Exception, *, begun: bool) -> AgentError:
    """Our error for any exception of the client or of the libraries below it. `begun`: part of the answer is here."""
    if isinstance(error, AgentError):
        return error
    names = " < ".join(type(cause).__name__ for cause in _causes(error))
    if isinstance(error, openai.APIStatusError):
        after = _retry_after(error.response.headers)
        body = error.body if isinstance(error.body, dict) else {"message": error.body}
        code, kind = (str(body.get(name) or "") for name in ("code", "type"))
        return refusal(error.status_code, code=code, kind=kind, message=str(body)[:4000], retry_after=after)
    causes = tuple(_causes(error))
    if any(isinstance(cause, _ADDRESS) for cause in causes):
        return NotConfigured(names)
    if any(isinstance(cause, _GARBAGE) for cause in causes):
        return BadAnswer(names)
    if any(isinstance(cause, httpx2.ReadTimeout) for cause in causes):
        return TotalTimeout(names)
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError | aiohttp.ClientError | OSError):
        return CutOff(names) if begun else EndpointDown(names)
    return EndpointFailed(names)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause:
        yield cause
        cause = cause.__cause__


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds to wait, from a Retry-After of either form; a day at most."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), 86_400.0) if seconds == seconds else None
