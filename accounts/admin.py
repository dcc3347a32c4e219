"""Members, as staff see them."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import end_sessions


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # it has none when it runs
    """Staff give a member another password, or none."""

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        end_sessions(user)
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    add_form = AdminUserCreationForm
    change_password_form = PasswordForm
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("-date_joined",)
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        end_sessions(obj)  # it may have been made inactive, or been given another password
