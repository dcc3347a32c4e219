"""Personalities, as staff see them. Published versions are read-only: an answer must be able to name what gave it."""

from django.contrib import admin
from django.http import HttpRequest

from agents.models import Personality, PersonalityVersion


class VersionInline(admin.TabularInline[PersonalityVersion, Personality]):
    model = PersonalityVersion
    fields = ("number", "name", "role", "tone", "model", "temperature", "max_tokens", "published_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Personality | None = None) -> bool:
        return False


@admin.register(Personality)
class PersonalityAdmin(admin.ModelAdmin[Personality]):
    list_display = ("slug", "published", "offered", "place")
    list_editable = ("offered", "place")
    list_select_related = ("published",)
    search_fields = ("slug", "versions__name", "versions__role")
    readonly_fields = ("published",)
    inlines = (VersionInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Personality | None = None) -> bool:
        return False  # take `offered` away instead: old answers name its versions


@admin.register(PersonalityVersion)
class PersonalityVersionAdmin(admin.ModelAdmin[PersonalityVersion]):
    list_display = ("personality", "number", "name", "role", "tone", "model", "published_at")
    list_filter = ("personality", "tone")
    list_select_related = ("personality",)
    search_fields = ("name", "role", "personality__slug")

    def has_change_permission(self, request: HttpRequest, obj: PersonalityVersion | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.published_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: PersonalityVersion | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.published_at is None)
