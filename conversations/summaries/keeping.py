"""Summaries kept and told: those a model wrote, and those in the owner's words. Versions stay; none is overwritten."""

import uuid
from functools import partial

from django.db import transaction

from accounts.models import User
from agents.summaries import SUMMARY_CHARS
from conversations import live
from conversations.errors import NotFound, OwnerOnly, SummaryChanged
from conversations.models import Conversation, MemberRole, Summary
from conversations.summaries import jobs
from conversations.summaries.recall import newest, summary_object
from conversations.wire import SummaryFrame, clean_text, encode


def keep(claim: jobs.Claim, summary: Summary) -> bool:
    """Store what was made for this claim, and tell. False: the claim is lost, or the conversation is gone."""
    with transaction.atomic():
        talk = Conversation.objects.select_for_update().filter(pk=claim.conversation, trashed_at=None).first()
        made = Summary.objects.filter(reaches=claim.reaches, version__gte=claim.version)
        if not jobs.finish(claim) or talk is None or made.exists():
            return False
        summary.conversation, summary.reaches_id = talk, claim.reaches
        summary.previous_id, summary.version = claim.previous, claim.version
        summary.save(force_insert=True)
        _tell(talk)
    return True


def edit(*, user: User, summary: uuid.UUID, text: str) -> Summary:
    """Keep the owner's words as another version of the summary that is shown.

    Raises BadText past SUMMARY_CHARS; NotFound; OwnerOnly for other members; SummaryChanged when it is not (or no
    longer) the one that is shown.
    """
    text = clean_text(text, limit=SUMMARY_CHARS)
    with transaction.atomic():
        found = Summary.objects.filter(pk=summary, conversation__in=Conversation.objects.visible_to(user)).first()
        if found is None:
            raise NotFound("summary")
        talk = Conversation.objects.select_for_update().get(pk=found.conversation_id)
        if not talk.memberships.filter(user=user, role=MemberRole.OWNER).exists():
            raise OwnerOnly
        shown = newest(talk.head_id)
        if shown is None or shown.pk != found.pk:
            raise SummaryChanged
        edited = Summary.objects.create(
            conversation=talk,
            reaches_id=found.reaches_id,
            previous_id=found.previous_id,
            version=found.version + 1,
            covers=found.covers,
            text=text,
            model=found.model,
            edited_by=user,
        )
        _tell(talk)
    return edited


def remake(summary: Summary) -> bool:
    """Have a model make this summary anew, as another version. False: one of its conversation is on its way already.

    A sweep finds it within seconds.
    """
    newest_version = Summary.objects.filter(reaches=summary.reaches_id).order_by("-version").first() or summary
    wanted = jobs.Wanted(
        conversation=summary.conversation_id,
        reaches=summary.reaches_id,
        previous=summary.previous_id,
        version=newest_version.version + 1,
    )
    return jobs.plan(wanted, grown=None)


def _tell(talk: Conversation) -> None:
    """Show the summary of the branch that is shown. The caller holds the conversation's lock."""
    talk.rev += 1
    talk.save(update_fields=["rev"])
    frame = SummaryFrame(
        type="summary", conversation=str(talk.pk), rev=talk.rev, summary=summary_object(newest(talk.head_id))
    )
    transaction.on_commit(partial(live.tell_changed, talk.pk, first=talk.rev, rev=talk.rev, frames=[encode(frame)]))
