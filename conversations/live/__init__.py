"""All that is ephemeral, in Redis: the log of running answers, the groups' events, wake-ups and hints to stop.

Nothing here is the truth. The log is the stream, a group event a hint that something is new, and the row what counts;
Redis may vanish at any moment and take nothing with it but a second of speed.
"""

from conversations.live.names import STOP, WAKE, group_of, group_of_member
from conversations.live.reply_log import (
    LINES,
    LOG_SECONDS,
    LOG_SECONDS_AFTER_END,
    Append,
    Away,
    Event,
    Log,
    RedisError,
    log,
)
from conversations.live.telling import (
    Teller,
    forget,
    hint_stop,
    tell_changed,
    tell_gone,
    tell_members,
    tell_sent,
    tell_session_ended,
    wake,
)

__all__ = [
    "LINES",
    "LOG_SECONDS",
    "LOG_SECONDS_AFTER_END",
    "STOP",
    "WAKE",
    "Append",
    "Away",
    "Event",
    "Log",
    "RedisError",
    "Teller",
    "forget",
    "group_of",
    "group_of_member",
    "hint_stop",
    "log",
    "tell_changed",
    "tell_gone",
    "tell_members",
    "tell_sent",
    "tell_session_ended",
    "wake",
]
