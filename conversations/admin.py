"""History, as staff see it: to be found and read, not edited. What was said stays what was said."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.text import Truncator

from conversations import receipts, turns
from conversations.models import (
    Conversation,
    Leased,
    MemberRole,
    Membership,
    Message,
    Recap,
    Reply,
    Summary,
    SummaryJob,
    Usage,
)
from conversations.summaries import jobs, keeping, leases


class ReadOnly(admin.ModelAdmin[Any]):
    """Nothing is added, changed or deleted here; also not by a superuser."""

    show_full_result_count = False  # a count of ten million rows, for a line nobody reads
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class MembershipInline(admin.TabularInline[Membership, Conversation]):
    model = Membership
    fields = readonly_fields = ("user", "role", "last_active_at")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return False


@admin.register(Conversation)
class ConversationAdmin(ReadOnly):
    list_display = ("__str__", "owner", "personality", "length", "last_active_at")
    list_filter = ("personality",)
    list_select_related = ("owner", "personality")
    search_fields = ("title", "owner__email", "=id")
    ordering = ("-last_active_at", "-id")
    inlines = (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[Any], list[str]]:
        """Whose confirmation is asked for, without a list of every message in it."""
        return [str(talk) for talk in objs], {"messages": sum(talk.length for talk in objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        turns.erase(conversation=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        for talk in queryset:
            turns.erase(conversation=talk.pk)


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    """Who may read and write what. A place can be taken away here, but not an owner's."""

    list_display = ("conversation", "user", "role", "last_active_at")
    list_filter = ("role",)
    list_select_related = ("conversation", "user")
    search_fields = ("=conversation__id", "user__email")
    ordering = ("-last_active_at", "-id")
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        owner = isinstance(obj, Membership) and obj.role == MemberRole.OWNER
        return not owner and admin.ModelAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        turns.remove_member(membership=obj.pk)


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = ("created_at", "conversation", "position", "role", "author", "excerpt")
    list_filter = ("role",)
    list_select_related = ("conversation", "author")
    search_fields = ("=conversation__id", "=id", "author__email")
    ordering = ("-id",)

    @admin.display(description="text")
    def excerpt(self, message: Message) -> str:
        return Truncator(message.text).chars(80)


class FindingsFilter(admin.SimpleListFilter):
    title = "findings"
    parameter_name = "findings"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("yes", "Has findings"), ("no", "Has none")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Reply]) -> QuerySet[Reply]:
        if self.value() == "yes":
            return queryset.exclude(findings=[])
        return queryset.filter(findings=[]) if self.value() == "no" else queryset


@admin.register(Reply)
class ReplyAdmin(ReadOnly):
    list_display = (
        "created_at",
        "conversation",
        "status",
        "version",
        "model",
        "error_code",
        "prompt_tokens",
        "completion_tokens",
        "first_token_ms",
        "total_ms",
        "noticed",
    )
    list_filter = ("status", FindingsFilter, "error_code")
    fields = (
        *(field.name for field in Reply._meta.fields if field.name not in ("findings", "receipt", "earlier_receipts")),
        "noticed",
        "sent",
    )
    list_select_related = ("conversation", "version")
    search_fields = ("=conversation__id", "=message__id", "model")
    ordering = ("-message_id",)

    @admin.display(description="what was sent")
    def sent(self, reply: Reply) -> str:
        return render_to_string("conversations/_receipt.html", {"receipt": receipts.account(reply)})

    @admin.display(description="findings")
    def noticed(self, reply: Reply) -> str:
        """Where it may not keep to its personality."""
        return format_html_join(
            mark_safe("<br>"),
            "{} {}",
            ((found["sentence"], f"“{found['found']}”" if found["found"] else "") for found in reply.findings),
        )


class ShowsWork(ReadOnly):
    """Rows that somebody works on: how it stands with each, and what stands in its way."""

    list_filter = (("given_up_at", admin.EmptyFieldListFilter), "error_code")
    ordering = ("-created_at",)

    @admin.display
    def state(self, row: Leased) -> str:
        return leases.state(row)


class MakesAgain(ReadOnly):
    """Rows whose summary may be made again, by whoever may add summaries. What is there stays as it is."""

    actions = ("make_again",)
    remake: Callable[[Any], bool]  # False: one of the row's conversation is on its way already

    def has_remake_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.add_summary")

    @admin.action(description="Make again", permissions=["remake"])
    def make_again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        for row in rows:
            if self.remake(row):
                self.log_change(request, row, "Asked to have it made again.")
                self.message_user(request, f"{row.conversation}: will be made again, within a minute.")
            else:
                reason = "one of this conversation is on its way already"
                self.message_user(request, f"{row.conversation}: {reason}.", messages.WARNING)


@admin.register(Summary)
class SummaryAdmin(MakesAgain):
    list_display = ("created_at", "conversation", "reaches", "version", "model", "tokens", "edited_by")
    list_select_related = ("conversation", "reaches", "edited_by")
    search_fields = ("=conversation__id",)
    ordering = ("-created_at",)
    remake = staticmethod(keeping.remake)


@admin.register(SummaryJob)
class SummaryJobAdmin(MakesAgain, ShowsWork):
    """Which summary each conversation is to get next, and what stands in its way."""

    list_display = ("conversation", "state", "attempt", "due_at", "error_code", "error_message", "given_up_at")
    fields = ("talk", "state", *(field.name for field in SummaryJob._meta.fields if field.name != "conversation"))
    list_select_related = ("conversation",)
    search_fields = ("=conversation__id",)
    remake = staticmethod(jobs.again)

    @admin.display(description="conversation")
    def talk(self, job: SummaryJob) -> str:
        address = reverse("admin:conversations_conversation_change", args=[job.conversation_id])
        return format_html('<a href="{}">{}</a>', address, job.conversation)


@admin.register(Recap)
class RecapAdmin(ShowsWork):
    """What members asked to be told of what they had missed, and what they were told. They ask anew by themselves."""

    list_display = (
        "created_at", "conversation", "user", "state", "covers", "attempt", "due_at", "error_code", "error_message",
    )  # fmt: skip
    fields = ("state", *(field.name for field in Recap._meta.fields))
    list_select_related = ("conversation", "user")
    search_fields = ("=conversation__id", "user__email")


@admin.register(Usage)
class UsageAdmin(ReadOnly):
    list_display = (
        "created_at",
        "kind",
        "user",
        "version",
        "model",
        "prompt_tokens",
        "completion_tokens",
        "estimated",
        "status",
        "duration_ms",
    )
    list_filter = ("kind", "status", "estimated", ("version__personality", admin.RelatedOnlyFieldListFilter), "model")
    list_select_related = ("user", "version")
    search_fields = ("=conversation__id", "=reply__message__id", "user__email", "model")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
