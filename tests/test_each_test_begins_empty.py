"""Every test begins with an empty database, even if another process was still at work when the one before it ended."""

from threading import Thread

from django.core.cache import cache
from django.db import connection, transaction

from accounts.models import User
from conversations.models import Conversation
from tests.conftest import empty_database
from tests.conversations.stored import store_talk
from tests.server import eventually


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))")
        return bool(cursor.fetchone()[0])


def empty_and_hang_up() -> None:
    try:
        empty_database()
    finally:
        connection.close()


def test_whoever_still_writes_in_another_order_is_waited_for(alone: None, world: None, alice: User) -> None:
    talk = store_talk(alice)
    emptying = Thread(target=empty_and_hang_up)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")  # the other one is told to give way
        Conversation.objects.filter(pk=talk.pk).update(rev=5)
        emptying.start()
        eventually(somebody_waits_for_us)
        User.objects.filter(pk=alice.pk).update(name="Still here")  # deleted already, but not committed
    emptying.join(timeout=30)
    assert not User.objects.exists()
    assert not Conversation.objects.exists()


def test_nobody_has_been_at_the_door_yet(transactional_db: None) -> None:
    cache.set("who", "was here")
    empty_database()
    assert cache.get("who") is None
