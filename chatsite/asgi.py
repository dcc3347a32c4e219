"""The ASGI application: pages over HTTP, conversations over WebSocket. Runs under daphne and under uvicorn."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
pages = get_asgi_application()  # loads the apps: what follows imports models

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402

import conversations.tasks  # noqa: E402, F401 - which hear of what is to be queued
from conversations.authentication import authenticated  # noqa: E402
from conversations.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": authenticated(URLRouter(websocket_urlpatterns), origins=settings.PARLEY_ORIGINS),
    }
)
