"""The numbers of the protocol."""

VERSION = 1
MAX_FRAME = 64 * 1024  # bytes
MAX_TEXT = 32_000  # characters
MAX_TITLE = 120  # characters
HEARTBEAT = 25  # seconds between pings
PONG_WITHIN = 60  # seconds

# Close codes. Those from 4000 on are ours; daphne itself refuses to send 1012.
TOO_SLOW, DRAINING = 4008, 4012
BAD_PROTOCOL, SESSION_OVER, FORBIDDEN, NO_PONG, FRAME_TOO_LARGE, TOO_MANY = 4400, 4401, 4403, 4408, 4413, 4429
NOWHERE, UNAVAILABLE = 4404, 4503
