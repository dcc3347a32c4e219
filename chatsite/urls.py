"""Every address of the site, app by app."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path(settings.ADMIN_PATH, admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("health/", include("operations.urls")),
    path("", include("conversations.urls")),
]
