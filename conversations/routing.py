"""Addresses of the socket door."""

from django.urls import path

from conversations.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/v1/", ChatConsumer.as_asgi())]
