"""Which models an endpoint says it has. Some say nothing, or not all: what is not listed may answer all the same."""

import json
import logging
import time

from agents.client import client_of
from agents.endpoint import Endpoint

logger = logging.getLogger(__name__)

_MOST_BYTES = 4_000_000  # of a list; the longest we know has a tenth of it


def listed(endpoint: Endpoint, *, seconds: float = 3.0) -> frozenset[str] | None:
    """The names of its models; None if it names none, cannot be reached or takes longer than that. Blocks."""
    deadline = time.monotonic() + seconds
    data = b""
    try:
        asked = client_of(endpoint).with_options(timeout=seconds).models.with_streaming_response
        with asked.list() as response:
            for piece in response.iter_bytes():
                data += piece
                if len(data) > _MOST_BYTES or time.monotonic() > deadline:
                    return None
        names = frozenset(str(model["id"]) for model in json.loads(data)["data"])
    except Exception as error:  # of the client, of the network, or of what was sent: the answer is the same
        logger.info("no list of models: %s", type(error).__name__)
        return None
    return names or None
