"""What a frame of the browser asks to have done: each is one call of a use case."""

import uuid

from accounts.models import User
from conversations import turns, wire
from conversations.summaries import keeping, recaps


def carry_out(*, user: User, request: wire.Request) -> wire.Acknowledged | None:
    """Do it as this member. Returns the frame that says it is stored, for what the browser keeps until then.

    Raises ChatError as the use case does.
    """
    match request:
        case wire.Send(client_id, conversation, text, parent, personality):
            return _stored(
                client_id,
                turns.send(
                    user=user,
                    client_id=client_id,
                    conversation=conversation,
                    text=text,
                    parent=parent,
                    personality=personality,
                ),
            )
        case wire.Regenerate(client_id, message, personality):
            return _stored(
                client_id,
                turns.regenerate(user=user, client_id=client_id, message=message, personality=personality),
            )
        case wire.Continue(client_id, message):
            return _stored(client_id, turns.continue_answer(user=user, client_id=client_id, message=message))
        case wire.Stop(reply):
            turns.stop(user=user, reply=reply)
        case wire.Select(message):
            turns.select(user=user, message=message)
        case wire.Rename(conversation, title):
            turns.rename(user=user, conversation=conversation, title=title)
        case wire.Delete(conversation):
            turns.delete(user=user, conversation=conversation)
        case wire.Restore(conversation):
            turns.restore(user=user, conversation=conversation)
        case wire.Read(conversation, position):
            turns.mark_read(user=user, conversation=conversation, position=position)
        case wire.Recap(conversation, after):
            recaps.ask(user=user, conversation=conversation, after=after)
        case wire.Amend(summary, text):
            keeping.edit(user=user, summary=summary, text=text)
    return None


def _stored(client_id: uuid.UUID, sent: turns.Sent) -> wire.Acknowledged:
    return wire.Acknowledged(
        type="ack",
        client_id=str(client_id),
        conversation=str(sent.conversation),
        message=str(sent.message),
        reply=str(sent.reply) if sent.reply else None,
    )
