"""Every change of state of a reply. Each is one conditional UPDATE on (id, attempt, status): zero rows means you lost.

    waiting ──> queued ──> streaming ──> complete | stopped | interrupted | failed
       │          │ └────────<─ (nothing added yet: handed back, or taken back from a dead process)
       ├──────────┴──> stopped | failed
       └────────────<─ stopped | interrupted | complete at its greatest length (asked to go on, with its text)

Who changes more than a reply locks its conversation first, so that two changes never wait for each other.
All times of a lease are the database's: a machine with a wrong clock can neither keep nor steal one.
"""

from conversations.states.claims import Claim, Kept, Saved, checkpoint, claim, expired, renew, saved, stopping
from conversations.states.ends import MAX_ATTEMPTS, Ended, Outcome, finish, go_on, hand_back
from conversations.states.line import is_gone, next_rev, unblock

__all__ = [
    "MAX_ATTEMPTS", "Claim", "Ended", "Kept", "Outcome", "Saved", "checkpoint", "claim", "expired", "finish", "go_on",
    "hand_back", "is_gone", "next_rev", "renew", "saved", "stopping", "unblock",
]  # fmt: skip
