"""The rows behind what a tab was told, fresh from the database."""

import uuid

from conversations.models import Conversation, Message, Reply


def message_row(message: str) -> Message:
    return Message.objects.select_related("author", "parent").get(pk=uuid.UUID(message))


def reply_row(reply: str) -> Reply:
    return Reply.objects.select_related("message__parent", "version").get(pk=uuid.UUID(reply))


def conversation_row(conversation: str) -> Conversation:
    return Conversation.objects.select_related("owner", "personality").get(pk=uuid.UUID(conversation))
