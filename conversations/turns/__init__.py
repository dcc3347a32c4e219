"""What a member can do in a conversation. Each use case is one transaction: find, check, write; it tells on commit.

All of them raise NotFound for what does not exist or is not shared with the member, without saying which.
"""

from conversations.turns.answers import continue_answer, regenerate, stop, stop_for_the_inactive
from conversations.turns.arranging import rename, select
from conversations.turns.leaving import delete, empty_trash, erase, remove_member, restore
from conversations.turns.reading import mark_read
from conversations.turns.sending import send
from conversations.turns.storing import LONGEST_LINE, Sent

__all__ = [
    "LONGEST_LINE",
    "Sent",
    "continue_answer",
    "delete",
    "empty_trash",
    "erase",
    "mark_read",
    "regenerate",
    "remove_member",
    "rename",
    "restore",
    "select",
    "send",
    "stop",
    "stop_for_the_inactive",
]
