"""The memory bench measures what Parley does: its threads are summed up when Parley would, and as far."""

import pytest

from accounts.models import User
from agents.context import Turn
from bench.planted import thread
from bench.summariser import summarised
from conversations.memory.summaries import due
from conversations.models import Message, Role, Status, Summary
from tests.conversations.stored import store_message, store_reply, store_talk

SHORT = [Turn(str(at), "assistant" if at % 2 else "user", f"Text {at}") for at in range(60)]


@pytest.mark.parametrize("turns", [SHORT, thread(60, 1).turns], ids=["by messages", "by tokens"])
def test_it_sums_up_what_parley_would(personalities: None, alice: User, turns: list[Turn]) -> None:
    talk = store_talk(alice)
    reached: list[int] = []
    for at in range(0, len(turns), 2):
        asked = store_message(talk, parent=talk.head, text=turns[at].text)
        reply = store_reply(talk, Status.COMPLETE, parent=asked)
        Message.objects.filter(pk=reply.pk).update(text=turns[at + 1].text)
        while wanted := due(talk.pk):
            made = Summary.objects.create(conversation=talk, reaches_id=wanted.reaches, text="In short")
            assert made.reaches.role == Role.ASSISTANT
            reached.append(made.reaches.position)
        summary = summarised(turns[: at + 2])
        assert [int(summary.reaches) + 1] == reached[-1:] if summary else not reached
    assert len(reached) >= 3
