"""The page door: the page itself, and the older parts of what it shows. All else goes through the socket."""

import uuid
from collections import Counter
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from accounts.models import User
from agents.summaries import SUMMARY_CHARS
from conversations import receipts, snapshots, wire
from conversations.errors import BadFrame, ChatError, NotFound
from conversations.models import OPEN

private = cache_control(no_store=True)  # what was said stays out of caches, also after signing out


class MemberRequest(HttpRequest):
    user: User


@require_GET
@private
@login_required
def new(request: MemberRequest) -> HttpResponse:
    """The page with nothing said yet: a choice of personalities."""
    return _page(request, None)


@require_GET
@private
@login_required
def detail(request: MemberRequest, conversation: uuid.UUID) -> HttpResponse:
    """A conversation; for one that is not there, or not theirs, the same page saying so: a first message that is still
    on its way may be about to start it. Who has deleted it may take it back there.
    """
    try:
        snapshot = snapshots.read(request.user, conversation).frame
    except NotFound:
        return _page(request, None, status=404, trashed=snapshots.is_in_trash(request.user, conversation))
    return _page(request, snapshot)


@require_GET
@private
@login_required
def conversations(request: MemberRequest) -> JsonResponse:
    """An older page of the list."""
    try:
        return JsonResponse(snapshots.list_conversations(request.user, before=request.GET.get("before")))
    except ChatError as error:
        return _refusal(error)


@require_GET
@private
@login_required
def messages(request: MemberRequest, conversation: uuid.UUID) -> JsonResponse:
    """An older page of a conversation."""
    try:
        before = request.GET.get("before", "")
        if not before.isascii() or not before.isdigit() or len(before) > 9:
            raise BadFrame("bad_field", "“before” should be the position of a message.")
        return JsonResponse(snapshots.read_before(request.user, conversation, before=int(before)))
    except ChatError as error:
        return _refusal(error)


@require_GET
@private
@login_required
def receipt(request: MemberRequest, reply: uuid.UUID) -> JsonResponse:
    """What the model was sent for an answer."""
    try:
        return JsonResponse(receipts.read(request.user, reply))
    except ChatError as error:
        return _refusal(error)


def _refusal(error: ChatError) -> JsonResponse:
    return JsonResponse(wire.error_frame(error), status=error.status)


def _page(
    request: MemberRequest, snapshot: wire.Snapshot | None, *, status: int = 200, trashed: bool = False
) -> HttpResponse:
    user = request.user
    listed = snapshots.list_conversations(user)
    personalities = snapshots.list_personalities()
    page: dict[str, Any] = {
        "user": {
            "id": user.pk,
            "name": user.display_name,
            "email": user.email,
            "initials": user.initials,
            "is_staff": user.is_staff,
        },
        "conversation": snapshot,
        "trashed": trashed,
        "conversations": listed,
        "personalities": personalities,
        "socket": "/ws/v1/",
        "model_label": settings.PARLEY_MODEL_LABEL,
        "max_text": wire.MAX_TEXT,
        "max_summary": SUMMARY_CHARS,
        "admin_url": reverse("admin:index") if user.is_staff else None,
    }
    context = {
        "page": page,
        "snapshot": snapshot,
        "gone": status == 404,
        "after_summary": snapshot and _after_summary(snapshot),
        "after_recap": snapshot and _after_recap(snapshot),
        "first_unread": snapshot and _first_unread(snapshot, user),
        "several": snapshot and _in_several_versions(snapshot),
        "conversations": listed,
        "personalities": personalities,
        "member": page["user"],
    }
    return render(request, "conversations/page.html", context, status=status)


def _after_summary(snapshot: wire.Snapshot) -> str | None:
    """The message before which the summary's card stands: between what it stands for and what comes after.

    None: there is no summary, or that place is not on this page.
    """
    summary, above = snapshot["summary"], None
    if summary is None:
        return None
    for message in snapshot["messages"]:
        if message["position"] > summary["position"]:
            here = above == summary["reaches"] if above else snapshot["has_earlier"]
            return message["id"] if here else None
        above = message["id"]
    return None


def _in_several_versions(snapshot: wire.Snapshot) -> set[str]:
    """The personalities, by slug, of which more than one version has answered here."""
    replies = [message["reply"] for message in snapshot["messages"]]
    versions = Counter(slug for slug, _ in {(each["personality"]["slug"], each["version"]) for each in replies if each})
    return {slug for slug, count in versions.items() if count > 1}


def _first_unread(snapshot: wire.Snapshot, user: User) -> str | None:
    """The message before which the line stands that says where this member stopped reading. None: there is none."""
    messages, last_read = snapshot["messages"], snapshot["last_read"]
    running = [each["position"] for each in messages if each["reply"] and each["reply"]["status"] in OPEN]
    whole = min(running) - 1 if running else snapshot["conversation"]["length"]
    if not 0 < last_read < whole:
        return None
    for at, message in enumerate(messages):
        mine = message["author"] is not None and message["author"]["id"] == user.pk
        if message["position"] > last_read and not mine:
            return message["id"] if at or snapshot["has_earlier"] else None
    return None


def _after_recap(snapshot: wire.Snapshot) -> str | None:
    """The message before which the card of what this member missed stands. None: there is none, or not on this page."""
    recap, messages = snapshot["recap"], snapshot["messages"]
    if recap is None or recap["status"] != "made" or recap["reaches"] not in {each["id"] for each in messages}:
        return None
    at = next((at for at, message in enumerate(messages) if message["position"] > recap["after"]), 0)
    return messages[at]["id"] if at or snapshot["has_earlier"] else None
