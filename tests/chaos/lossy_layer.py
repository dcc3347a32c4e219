"""A channel layer that loses, doubles and delays a fifth of all events each, so that many come out of order."""

import asyncio
import logging
import random
from typing import Any

from conversations.layer import ChannelLayer, Line

logger = logging.getLogger(__name__)

LATEST = 0.3  # seconds


class LossyLine(Line):
    chance = random.Random(24)

    def _heard(self, message: dict[str, Any]) -> None:
        if message["type"] != "message":
            super()._heard(message)
            return
        fate = self.chance.random()
        if fate < 0.2:
            return
        if fate < 0.6:
            asyncio.get_running_loop().call_later(self.chance.uniform(0, LATEST), super()._heard, message)
        if not 0.4 <= fate < 0.6:
            super()._heard(message)


class LossyLayer(ChannelLayer):
    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not all(isinstance(shard, LossyLine) for shard in layer._shards):
            layer._shards = [LossyLine(shard.host, layer) for shard in layer._shards]
            logger.info("a lossy bus")
        return layer
