"""Finds the summary that stands for the earlier part of a branch.

A summary holds for a branch if the message it reaches is on it. So a summary is looked for from a branch's end upwards,
and the walk ends at the first one: its cost is the distance to it, whatever the length of the thread. A conversation
that has none is not walked at all.

Each step of a walk is a look-up of its own (LATERAL, LIMIT): left to itself, a planner whose statistics are older than
the thread may read the whole table at every step.
"""

import uuid

from django.db import connection

from conversations.models import Summary
from conversations.wire import AuthorObject, SummaryObject

# Messages looked through for an answer or a page. Where the newest summary is further off (many calls for one failed,
# or a long thread has just come in), none is used, as if there were none yet.
NEAR = 1000


def newest(tip: uuid.UUID | None, *, within: int | None = NEAR) -> Summary | None:
    """The newest version of the furthest-reaching summary that holds for the branch ending at `tip`.

    `within`: so many messages from the end; None: however far it is, for work in the background.
    """
    if tip is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE branch AS (
                SELECT id, parent_id, 1 AS depth,
                       EXISTS (SELECT FROM conversations_summary WHERE reaches_id = message.id) AS summed
                  FROM conversations_message AS message
                 WHERE id = %s AND EXISTS (SELECT FROM conversations_summary AS made
                                            WHERE made.conversation_id = message.conversation_id)
                UNION ALL
                SELECT message.id, message.parent_id, depth + 1,
                       EXISTS (SELECT FROM conversations_summary WHERE reaches_id = message.id)
                  FROM branch, LATERAL (
                       SELECT id, parent_id FROM conversations_message WHERE id = branch.parent_id LIMIT 1) AS message
                 WHERE NOT summed AND (%s::int IS NULL OR depth < %s)
            ) SELECT id FROM branch WHERE summed
            """,
            [tip, within, within],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return Summary.objects.filter(reaches=row[0]).select_related("reaches", "edited_by").order_by("-version").first()


def summary_object(summary: Summary | None) -> SummaryObject | None:
    """As a reader sees it. Of a summary that `newest` returned."""
    if summary is None:
        return None
    author = summary.edited_by
    return SummaryObject(
        id=str(summary.pk),
        reaches=str(summary.reaches_id),
        position=summary.reaches.position,
        covers=summary.covers,
        text=summary.text,
        version=summary.version,
        model=summary.model,
        edited_by=AuthorObject(id=author.pk, name=author.display_name) if author else None,
        created_at=summary.created_at.isoformat(),
    )
