"""The right to do the work of a row: taken for a while, given back, given up.

Each change is one conditional statement that names the attempt, as in `states/`: a task that came twice, or wakes up
after its lease, changes nothing. A task is only a hint to look here; a sweep looks too. All times are the database's.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from conversations.models import Leased

MAX_ATTEMPTS = 5
BACKOFF = 15.0  # seconds before the second attempt; four times as long before each further one

_READY = """given_up_at IS NULL AND due_at <= clock_timestamp()
               AND (lease_until IS NULL OR lease_until < clock_timestamp())"""


def state(row: Leased) -> str:
    """What is the matter with the work of a row, in a word or two."""
    if row.given_up_at is not None:
        return "given up"
    if row.due_at is None:
        return "made"
    if row.lease_until is None:
        return "to be tried again" if row.attempt else "to be made"
    return "being made" if row.lease_until > timezone.now() else "left by a dead worker"


@dataclass(frozen=True, slots=True)
class Leases:
    """Those of a table (of `models.Leased`), whose rows are named by the column `key`."""

    table: str
    key: str

    def take(self, row: uuid.UUID, *, seconds: float) -> int | None:
        """Take a row's work. Returns the attempt. None: it is not there, somebody has it, or it is not (yet) due."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                UPDATE {self.table}
                   SET attempt = attempt + 1, lease_until = clock_timestamp() + make_interval(secs => %s)
                 WHERE {self.key} = %s AND attempt < %s AND {_READY}
                RETURNING attempt
                """,  # noqa: S608 - constants
                [seconds, row, MAX_ATTEMPTS],
            )
            taken = cursor.fetchone()
        return taken[0] if taken else None

    def ready(self) -> list[uuid.UUID]:
        """Rows whose work may be taken now: new, to be tried again, or left behind by a dead worker."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {self.key} FROM {self.table} WHERE {_READY} ORDER BY due_at LIMIT 200")  # noqa: S608
            return [row[0] for row in cursor.fetchall()]

    def put_off(
        self,
        mine: Mapping[str, Any],
        *,
        attempt: int,
        code: str,
        message: str,
        retryable: bool,
        retry_after: float | None,
    ) -> None:
        """It failed: try again later, each time later; or give up, at once where trying again is no use.

        `mine`: the columns, with `attempt`, by which the row is still the one that was taken.
        """
        give_up = "NULL" if retryable and attempt < MAX_ATTEMPTS else "clock_timestamp()"
        wait = max(BACKOFF * 4 ** (attempt - 1), retry_after or 0.0)
        self._fail(
            f"given_up_at = {give_up}, due_at = clock_timestamp() + make_interval(secs => %s)",
            " AND ".join(f"{column} = %s" for column in [*mine, "attempt"]),
            [wait, code, message[:300], *mine.values(), attempt],
        )

    def give_up_lost(self) -> None:
        """Give up those whose last attempt died with its worker."""
        self._fail(
            "given_up_at = clock_timestamp()",
            f"attempt >= %s AND {_READY}",
            ["worker_lost", "The worker that made it was stopped, again and again.", MAX_ATTEMPTS],
        )

    def _fail(self, assignments: str, which: str, values: list[Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                UPDATE {self.table}
                   SET {assignments}, lease_until = NULL, error_code = %s, error_message = %s
                 WHERE given_up_at IS NULL AND {which}
                """,  # noqa: S608 - all parts are constants
                values,
            )
