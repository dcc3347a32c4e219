"""Every address of the site, app by app. What machines ask (`/health/…`) is answered before: operations.middleware."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path(settings.ADMIN_PATH, admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("", include("conversations.urls")),
]
