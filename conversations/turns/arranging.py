"""How a conversation is shown and what it is called."""

import uuid
from functools import partial

from django.db import connection, transaction

from accounts.models import User
from conversations import live
from conversations.errors import NotFound
from conversations.models import TitledBy
from conversations.titles import entitle
from conversations.turns.finding import find_message, lock


def select(*, user: User, message: uuid.UUID) -> None:
    """Show the branch that a message is on, down to its newest end."""
    with transaction.atomic():
        chosen = find_message(user, message)
        talk = lock(user, chosen.conversation_id)
        if talk is None:
            raise NotFound("message")
        talk.head_id = _newest_end(chosen.pk)
        talk.rev += 1
        talk.shown_rev = talk.rev
        talk.save(update_fields=["head", "rev", "shown_rev"])
        transaction.on_commit(partial(live.tell_changed, talk.pk, first=talk.rev, rev=talk.rev))


def rename(*, user: User, conversation: uuid.UUID, title: str) -> None:
    """Give a conversation a title. No model will change it afterwards."""
    with transaction.atomic():
        talk = lock(user, conversation)
        if talk is None:
            raise NotFound
        entitle(talk, title=title, by=TitledBy.MEMBER)


def _newest_end(message: uuid.UUID) -> uuid.UUID:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE down AS (
                SELECT %s::uuid AS id, 0 AS depth
                UNION ALL
                SELECT (SELECT child.id FROM conversations_message AS child
                         WHERE child.parent_id = down.id ORDER BY child.position DESC LIMIT 1), depth + 1
                  FROM down WHERE down.id IS NOT NULL
            ) SELECT id FROM down WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1
            """,
            [message],
        )
        row = cursor.fetchone()
    assert row is not None
    end: uuid.UUID = row[0]
    return end
