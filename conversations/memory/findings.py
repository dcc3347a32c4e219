"""Whether an answer keeps to its personality: hints for staff, kept with the reply. The answer stays as it is."""

import uuid

from agents.consistency import check
from agents.publishing import published
from conversations.models import Reply, Status


def review(reply: uuid.UUID) -> int:
    """Look an answer over and keep what was found. Returns how many findings. Safe to do twice."""
    found = (
        Reply.objects.select_related("message__parent")
        .only("version_id", "findings", "message__text", "message__parent__parent_id")
        .filter(pk=reply, status=Status.COMPLETE)
        .first()
    )
    if found is None or found.message.parent is None:
        return 0
    version = published(found.version_id)
    findings = check(
        version.persona,
        found.message.text,
        first=found.message.parent.parent_id is None,
        greeting=version.greeting,
    )
    kept = [finding.as_json() for finding in findings]
    if kept != found.findings:
        Reply.objects.filter(pk=reply).update(findings=kept)
    return len(findings)
