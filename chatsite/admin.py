"""The admin: Parley's name, Parley's sign-in with its rate limits, and a Content-Security-Policy it can live with."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse


class ParleyAdminSite(AdminSite):
    site_header = site_title = "Parley"
    index_title = "Administration"
    site_url = "/"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        # Django's admin puts no nonce on its scripts; they all come from our own static files.
        return csp_replace({"script-src": [SELF]})(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        signed_in: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return signed_in
