"""Which models an endpoint says it has. Some say nothing, or not all: what is not listed may answer all the same."""

import json
import logging
import time
from queue import Empty, SimpleQueue
from threading import Thread

from agents.client import client_of
from agents.endpoint import Endpoint

logger = logging.getLogger(__name__)

_MOST_BYTES = 4_000_000  # of a list; the longest we know has a tenth of it


def listed(endpoint: Endpoint, *, seconds: float) -> frozenset[str] | None:
    """The names of its models; None if it names none or cannot be reached. Blocks. Raises: TimeoutError.

    Another thread asks, and is left behind when it takes too long: the look-up of a host's name has no limit that we
    could set, and nobody can call it off.
    """
    found: SimpleQueue[frozenset[str] | None] = SimpleQueue()
    # A daemon: else the process could not end before the resolver has given up.
    Thread(target=lambda: found.put(_ask(endpoint, 2 * seconds)), name="models", daemon=True).start()
    try:
        return found.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None


def _ask(endpoint: Endpoint, seconds: float) -> frozenset[str] | None:
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
