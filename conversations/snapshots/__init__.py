"""What a reader sees: objects, pages and snapshots, read from Postgres. Used by the page, the socket and the relay.

Every function here is one short visit to the database and costs the size of a page, never that of the thread.
"""

from conversations.snapshots.lists import (
    LIST_PAGE,
    ConversationItem,
    ConversationPage,
    list_conversations,
    list_personalities,
)
from conversations.snapshots.objects import conversation_object, face, message_object, message_objects, usage_object
from conversations.snapshots.threads import (
    PAGE,
    Mark,
    MessagePage,
    OpenReply,
    View,
    is_in_trash,
    marks,
    read,
    read_before,
)

__all__ = [
    "LIST_PAGE", "PAGE", "ConversationItem", "ConversationPage", "Mark", "MessagePage", "OpenReply", "View",
    "conversation_object", "face", "is_in_trash", "list_conversations", "list_personalities", "marks",
    "message_object", "message_objects", "read", "read_before", "usage_object",
]  # fmt: skip
