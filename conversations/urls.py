"""Addresses of the page door."""

from django.urls import path

from conversations import views

app_name = "conversations"
urlpatterns = [
    path("", views.new, name="new"),
    path("c/", views.conversations, name="list"),
    path("c/<uuid:conversation>/", views.detail, name="detail"),
    path("c/<uuid:conversation>/messages/", views.messages, name="messages"),
    path("m/<uuid:reply>/receipt/", views.receipt, name="receipt"),
]
