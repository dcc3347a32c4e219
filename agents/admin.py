"""Personalities, as staff see them. Published versions are read-only: an answer must be able to name what gave it."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from agents.catalogue import listed
from agents.endpoint import Endpoint
from agents.models import Personality, PersonalityVersion
from agents.publishing import next_number, publish

_PATIENCE = 3.0  # seconds that a save may take for a look at the endpoint's models
_LASTS = "{} is published, and answers name it: it stays as it is."


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
    exclude = ("number",)  # given when it is saved
    actions = ("publish_one", "start_from")

    def has_change_permission(self, request: HttpRequest, obj: PersonalityVersion | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.published_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: PersonalityVersion | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.published_at is None)

    def get_readonly_fields(self, request: HttpRequest, obj: PersonalityVersion | None = None) -> tuple[str, ...]:
        return ("personality",) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: PersonalityVersion | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or obj.published_at is None:
            return fieldsets
        said = format_html(_LASTS + ' <a href="{}">Start a new version from it.</a>', obj, self._add_from(obj))
        return [(None, {**fieldsets[0][1], "description": said})]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        if request.method == "POST" and version and version.published_at and self.has_view_permission(request, version):
            self.message_user(request, _LASTS.format(version) + " Start a new version from it.", messages.ERROR)
            return HttpResponseRedirect(request.path)
        return super().change_view(request, object_id, form_url, extra_context)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Of a new version: what another one says, when it is started from that."""
        start = request.GET.get("from", "")
        source = PersonalityVersion.objects.filter(pk=start).first() if start.isdecimal() and len(start) < 19 else None
        if source is None:
            return dict(super().get_changeform_initial_data(request))
        return {field.name: getattr(source, field.name) for field in source._meta.fields if field.editable}

    def save_model(
        self, request: HttpRequest, obj: PersonalityVersion, form: ModelForm[PersonalityVersion], change: bool
    ) -> None:
        if not change:
            obj.number = next_number(obj.personality)
            obj.created_by = request.user  # type: ignore[assignment]  # of the staff, so it is a member
        super().save_model(request, obj, form, change)
        transaction.on_commit(partial(self._warn_of_model, request, obj))  # it may take seconds

    @admin.action(description="Publish: let this version answer from now on", permissions=["change"])
    def publish_one(self, request: HttpRequest, chosen: QuerySet[PersonalityVersion]) -> None:
        version = self._only_one(request, chosen)
        if version is None:
            return
        try:
            publish(version)
        except ValidationError as error:
            self.message_user(request, f"{version} cannot answer: {' '.join(error.messages)}", messages.ERROR)
            return
        self.message_user(request, f"From now on {version} answers.", messages.SUCCESS)
        self._warn_of_model(request, version)

    @admin.action(description="Start a new version from this one", permissions=["add"])
    def start_from(self, request: HttpRequest, chosen: QuerySet[PersonalityVersion]) -> HttpResponse | None:
        version = self._only_one(request, chosen)
        return HttpResponseRedirect(self._add_from(version)) if version else None

    def _only_one(self, request: HttpRequest, chosen: QuerySet[PersonalityVersion]) -> PersonalityVersion | None:
        versions = list(chosen.select_related("personality")[:2])
        if len(versions) == 1:
            return versions[0]
        self.message_user(request, "Choose one version.", messages.ERROR)
        return None

    def _add_from(self, version: PersonalityVersion) -> str:
        return f"{reverse('admin:agents_personalityversion_add', current_app=self.admin_site.name)}?from={version.pk}"

    def _warn_of_model(self, request: HttpRequest, version: PersonalityVersion) -> None:
        """A warning only: some endpoints list none of their models, or not all."""
        if not version.model:
            return
        endpoint = Endpoint(settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.OPENAI_MODEL)
        try:
            names = listed(endpoint, seconds=_PATIENCE)
        except TimeoutError:
            sentence = f"Whether the endpoint has the model “{version.model}” is not known: it did not say so within "
            reason = f"{_PATIENCE:.0f} seconds. Perhaps it is busy, or its host's name cannot be looked up."
            self.message_user(request, sentence + reason, messages.WARNING)
            return
        if names is not None and version.model not in names:
            few = ", ".join(sorted(names)[:8])
            sentence = f"The endpoint does not list the model “{version.model}”. It lists: {few}"
            self.message_user(request, sentence + ("…" if len(names) > 8 else "."), messages.WARNING)
