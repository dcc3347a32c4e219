"""Whether an answer keeps to its personality: hints for staff, kept with the reply. The answer stays as it is."""

import uuid

from agents.consistency import check
from conversations.models import Reply, Status


def review(reply: uuid.UUID) -> int:
    """Look an answer over and keep what was found. Returns how many findings. Safe to do twice."""
    found = Reply.objects.select_related("version", "message__parent").filter(pk=reply, status=Status.COMPLETE).first()
    if found is None or found.message.parent is None:
        return 0
    findings = check(
        found.version.persona,
        found.message.text,
        first=found.message.parent.parent_id is None,
        greeting=found.version.greeting,
    )
    Reply.objects.filter(pk=reply).update(findings=[finding.as_json() for finding in findings])
    return len(findings)
