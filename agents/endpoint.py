"""Where a model is, and what is asked of it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agents.errors import NotConfigured

Messages = Iterable[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible server. DigitalOcean's agents: `base_url` ends in /api/v1/ and `model` is "n/a".

    An empty `api_key` is fine where the server asks for none.
    """

    base_url: str
    api_key: str
    model: str

    def __repr__(self) -> str:  # the key must not get into a log by way of a traceback, nor credentials in the address
        return f"Endpoint(model={self.model!r})"


def asked(
    endpoint: Endpoint, messages: Messages, model: str | None, temperature: float | None, max_tokens: int | None
) -> dict[str, Any]:
    """The JSON body of one request. Raises: NotConfigured."""
    try:
        address = urlsplit(endpoint.base_url)
        host = (address.hostname or "").encode("idna")
        usable = address.scheme in ("http", "https") and bool(host) and b" " not in host and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise NotConfigured("the address is no http or https URL")
    if address.username or address.password:
        raise NotConfigured("the address holds credentials; the key has its own place")
    name = model or endpoint.model
    if not name:
        raise NotConfigured("no model name")
    optional = {"temperature": temperature, "max_tokens": max_tokens}
    body: dict[str, Any] = {"model": name, "messages": [dict(message) for message in messages]}
    return body | {key: value for key, value in optional.items() if value is not None}


def without(refused: set[str], request: dict[str, Any]) -> dict[str, Any]:
    """The request in the words this server knows. OpenAI's newer models take max_tokens by another name only."""
    kept = {key: value for key, value in request.items() if key not in refused}
    if "max_tokens" in request and "max_tokens" in refused:
        kept["max_completion_tokens"] = request["max_tokens"]
    return kept
