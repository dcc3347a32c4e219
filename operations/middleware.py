"""What every page goes through."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from conversations.database import unusable
from operations import health

logger = logging.getLogger(__name__)

AGAIN = 5  # seconds after which it may be worth another try


class Probes:
    """What machines ask is answered before it is looked at by which name, and over which scheme, they came: a balancer
    asks each process by plain HTTP, at an address that is no name of the site.
    """

    _views = {"/health/live": health.live, "/health/ready": health.ready}

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._views.get(request.path, self._get_response)(request)


class DatabaseAway:
    """A page that cannot be made, or a form that cannot be stored, for want of Postgres: 503, and no traceback.

    What wants to store something is not begun: the limits on sign-in live in the database too, and would say that
    somebody was too fast.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS", "TRACE") or all(health.database()):
            return self._get_response(request)
        return _unavailable("nothing can be stored")

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not unusable(error):
            return None
        request.session.modified = False  # or it would be stored on the way out
        return _unavailable(type(error).__name__)


def _unavailable(why: str) -> HttpResponse:
    logger.warning("a page could not be served: %s", why)
    response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(AGAIN)
    response["Cache-Control"] = "no-store"
    return response
