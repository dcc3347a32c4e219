"""The scripted endpoint's HTTP/1.1: just enough of it, and cheap, since it feeds hundreds of streams in the benches."""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.endpoint.answer import Answer
from tests.endpoint.script import Script, last_user_text, read

API_KEY = "scripted-key"
_ERRORS: dict[str, tuple[int, str, str | None, str]] = {
    "context": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 4096.",
    ),
    "filter": (400, "invalid_request_error", "content_filter", "The response was filtered."),
    "quota": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    "refuse": (400, "invalid_request_error", "unknown_parameter", "Unknown parameter: 'stream_options'."),
    "refuse_max_tokens": (
        400,
        "invalid_request_error",
        "unsupported_parameter",
        "Unsupported parameter: 'max_tokens'.",
    ),
}
_REFUSED = {"refuse": "stream_options", "refuse_max_tokens": "max_tokens"}


class State:
    """What the endpoint remembers between requests."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.waiting: deque[Script] = deque()
        self.used: Counter[str] = Counter()
        self.titles = 0
        self.open = 0
        self.connections = 0
        self.watchers: list[Callable[[], None]] = []

    def script_for(self, body: dict[str, Any]) -> Script:
        streamed = bool(body.get("stream"))
        script = read(last_user_text(body.get("messages", []))) if streamed else None
        if script is None:
            script = next((waiting for waiting in self.waiting if waiting.whole != streamed), None)
            if script:
                self.waiting.remove(script)
        script = script or Script()
        self.used[script.source] += 1
        if script.times and self.used[script.source] > script.times:
            script.fault = ""
        return script

    def ended(self, record: dict[str, Any], *, gone: bool) -> None:
        if record["ended"] is None:
            record["ended"], record["gone"] = time.time(), gone
            self.open -= 1
            if not self.open:
                for watcher in self.watchers:
                    watcher()


class Connection(asyncio.Protocol):
    def __init__(self, state: State) -> None:
        self.state = state
        self.loop = asyncio.get_running_loop()
        self.buffer = b""
        self.record: dict[str, Any] | None = None  # of the request being answered
        self.answer: Answer | None = None
        state.connections += 1
        self.number = state.connections

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer:
            self.answer.stop()
        if self.record:
            self.state.ended(self.record, gone=True)

    def pause_writing(self) -> None:
        if self.answer:
            self.answer.paused = True

    def resume_writing(self) -> None:
        if self.answer:
            self.answer.resume()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._next_request()

    # Requests

    def _next_request(self) -> None:
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if self.record or not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        method, target, _ = first.split(" ", 2)
        self._route(method, urlsplit(target).path, parse_qs(urlsplit(target).query), headers, rest[:length])

    def _route(self, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes) -> None:
        state = self.state
        if method == "POST" and path.endswith("/chat/completions"):
            self._completion(path, headers, json.loads(body))
        elif path.endswith("/models"):
            self._reply(200, {"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": "tests"}]})
        elif path == "/log":
            self._settled(float(query.get("settled", ["0"])[0]))
        elif path == "/script":
            asked = json.loads(body)
            try:
                scripts = [read(text) for text in (asked if isinstance(asked, list) else [asked])]
            except ValueError as error:
                return self._reply(422, {"error": str(error)})
            state.waiting.extend(script for script in scripts if script)
            self._reply(200, {"waiting": len(state.waiting)})
        elif path == "/reset":
            for waiting in (state.log, state.waiting, state.used):
                waiting.clear()
            state.titles = 0
            self._reply(200, {})
        else:
            self._reply(404, {"error": {"message": "no such path", "type": "invalid_request_error", "code": None}})
        return None

    def _settled(self, seconds: float) -> None:
        """Send the log: now if no request is open, else when none is, or when the time is up."""

        def send() -> None:
            timer.cancel()
            if send in self.state.watchers:
                self.state.watchers.remove(send)
            self._reply(200, self.state.log)

        timer = self.loop.call_later(seconds if self.state.open else 0, send)
        self.state.watchers.append(send)

    def _completion(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> None:
        state = self.state
        known = ("model", "messages", "stream")
        authorization = headers.pop("authorization", "")
        record: dict[str, Any] = {
            "id": len(state.log) + 1,
            "path": path,
            "model": str(body.get("model")),
            "stream": bool(body.get("stream")),
            "messages": body.get("messages"),
            "options": {name: value for name, value in body.items() if name not in known},
            "headers": headers,
            "connection": self.number,
            "key_ok": authorization == f"Bearer {API_KEY}",
            "script": "",
            "status": 200,
            "tokens": 0,
            "started": time.time(),
            "first": None,
            "ended": None,
            "gone": None,
        }
        state.log.append(record)
        state.open += 1
        self.record = record
        try:
            script = state.script_for(body)
        except ValueError as error:
            return self._refuse(record, 422, "invalid_request_error", "bad_script", str(error))
        record["script"] = script.source
        if not record["key_ok"]:
            return self._refuse(record, 401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
        if record["model"].startswith("missing"):
            return self._refuse(record, 404, "invalid_request_error", "model_not_found", "No such model.")
        if self._failed(record, script):
            return None
        if script.fault == "json" or not (record["stream"] or script.fault == "sse"):
            return self._whole(record, script)
        usage = bool((record["options"].get("stream_options") or {}).get("include_usage"))
        self.answer = Answer(self.transport, script, record, usage=usage, done=self._done)
        return self.answer.start()

    def _failed(self, record: dict[str, Any], script: Script) -> bool:
        """The faults that come instead of an answer."""
        fault = script.fault
        extra = f"retry-after: {script.retry_after}\r\n" if script.retry_after else ""
        if fault.isdecimal():
            kind = "rate_limit_error" if fault == "429" else "server_error"
            self._refuse(record, int(fault), kind, None, "So the script has it.", extra)
        elif fault in _ERRORS and _REFUSED.get(fault, "model") in ("model", *record["options"]):
            self._refuse(record, *_ERRORS[fault], extra)
        elif fault == "redirect":
            record["status"] = 302
            self._send(302, b"", "text/plain", "location: /v1/elsewhere\r\n")
        elif fault == "html":
            self._send(200, b"<!doctype html><h1>Welcome to the gateway</h1>", "text/html; charset=utf-8")
        elif fault == "nonhttp":
            self.transport.write(b"220 mail.example ESMTP\r\n\r\n")
            self._done()
            self.transport.close()
        elif fault == "drop":
            self._done()
            self.transport.abort()
        else:
            return fault == "hang"
        return True

    def _whole(self, record: dict[str, Any], script: Script) -> None:
        if script.source:
            text = "".join(script.pieces())
        else:
            self.state.titles += 1
            text = f"Title {self.state.titles}"
        record["tokens"] = len(text.split())
        reason = script.fault if script.fault in ("length", "content_filter") else "stop"
        usage = {
            "prompt_tokens": script.prompt,
            "completion_tokens": record["tokens"],
            "total_tokens": script.prompt + record["tokens"],
        }
        answer: dict[str, Any] = {
            "id": f"chatcmpl-{record['id']}",
            "object": "chat.completion",
            "created": 1700000000,
            "model": record["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}],
        } | ({} if script.fault == "no_usage" else {"usage": usage})
        self.loop.call_later(script.headers + script.first, self._reply, 200, answer)

    # Responses

    def _refuse(
        self, record: dict[str, Any], status: int, kind: str, code: str | None, message: str, extra: str = ""
    ) -> None:
        record["status"] = status
        self._reply(status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, extra)

    def _reply(self, status: int, body: object, extra: str = "") -> None:
        self._send(status, json.dumps(body).encode(), "application/json", extra)

    def _send(self, status: int, body: bytes, kind: str, extra: str = "") -> None:
        if self.transport.is_closing():
            return
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
        self.transport.write(head.encode() + body)
        self._done()

    def _done(self) -> None:
        """The response is complete; a request that already waits is next."""
        if self.record:
            self.state.ended(self.record, gone=False)
        self.record = self.answer = None
        if self.buffer:
            self.loop.call_soon(self._next_request)
