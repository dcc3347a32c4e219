"""How things are called in Redis, and how an event is packed for those who hear of it."""

import uuid
from collections.abc import Mapping
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

WAKE = "parley.wake"
STOP = "parley.stop"


def group_of(conversation: uuid.UUID | str) -> str:
    return f"conversation.{conversation}"


def group_of_member(user: int) -> str:
    return f"member.{user}"


def channel_of(group: str) -> str:
    """As RedisPubSubChannelLayer names a group's channel: written here so that one script can append and publish."""
    return f"{settings.CHANNEL_PREFIX}__group__{group}"


def message_of(event: Mapping[str, Any]) -> bytes:
    """An event as the channel layer sends it."""
    layer = get_channel_layer()
    assert layer is not None
    packed: bytes = layer.serialize(event)
    return packed


def key_of(reply: uuid.UUID | str, attempt: int) -> str:
    """Of the log of this attempt."""
    return f"parley:reply:{reply}:{attempt}"
