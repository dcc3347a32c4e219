"""What it takes to prepare one answer in threads of 10 to 100,000 messages, from the rows to the request."""

import time
from statistics import median

from django.db import connection, transaction

from accounts.models import User
from conversations import briefs
from conversations.models import Status
from conversations.states import Claim
from tests.conversations.stored import store_message, store_reply, store_thread

LENGTHS = (10, 100, 1_000, 10_000, 100_000)
_ROUNDS = 15
_AS_ONE = 1_000  # messages of the thread that the others are compared with: more than any context holds


def measure() -> None:
    """Print the times as ratios: seconds depend on the machine. Nothing is left in the database."""
    took = {length: _prepared_in(length) for length in LENGTHS}
    print(f"\ntime to prepare an answer, as a ratio to a thread of {_AS_ONE:,} messages")
    print(" " * 12 + "".join(f"{length:>10,}" for length in LENGTHS))
    print(f"{'':12}" + "".join(f"{took[length] / took[_AS_ONE]:>10.2f}" for length in LENGTHS))


def _prepared_in(length: int) -> float:
    """Seconds, the median of several."""
    with transaction.atomic():
        owner, _ = User.objects.get_or_create(email="bench-long@parley.local", defaults={"name": "Bench"})
        talk = store_thread(owner, exchanges=length // 2)
        question = store_message(talk, parent=talk.head, text="What did we say of the third text?")
        reply = store_reply(talk, Status.STREAMING, parent=question)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE conversations_message")
        claim = Claim(reply.pk, talk.pk, 1)
        times = []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            briefs.prepare(claim, default_model="scripted")
            times.append(time.perf_counter() - began)
        transaction.set_rollback(True)
    return median(times)
