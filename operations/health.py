"""Whether this process lives, and whether it should be sent anybody. Neither asks the model: an outage there is no
reason to restart anything here.
"""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

draining = False  # set when the process was told to go


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when members can be served; 503 while draining or without Postgres. Without Redis it is slower, but works;
    with a Postgres that takes nothing, what was said can be read.
    """
    answers, writable = database()
    checks = {"database": answers, "writable": writable, "redis": _redis(), "draining": draining}
    good = answers and not draining
    status = "ready" if good and writable and checks["redis"] else "degraded" if good else "unavailable"
    return JsonResponse({"status": status, "checks": checks}, status=200 if good else 503)


def database() -> tuple[bool, bool]:
    """Whether it answers, and whether it takes anything."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            (read_only,) = cursor.fetchone()
    except DatabaseError:
        return False, False
    return True, read_only == "off"


def _redis() -> bool:
    try:
        # No second try: the library's own patience would keep whoever asks waiting for seconds.
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
