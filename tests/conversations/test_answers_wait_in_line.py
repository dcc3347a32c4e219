"""One answer of a conversation is written at a time. What is asked meanwhile is kept and answered in its turn."""

from itertools import pairwise

import pytest

from conversations.models import Message, Reply
from conversations.turns import LONGEST_LINE
from tests.endpoint import RunningEndpoint
from tests.said import tokens
from tests.tab import Tab, new_id


def places(tab: Tab, *replies: str) -> list[int | None]:
    return [tab.page.message(reply)["reply"]["place"] for reply in replies]


def test_a_second_message_waits_and_is_answered_after(tab: Tab, endpoint: RunningEndpoint) -> None:
    first = tab.ask("One [[tokens=40 pace=10ms]]")
    tab.until(first.reply, "t1 ")
    second = tab.say("Two [[tokens=2]]", conversation=first.conversation)
    tab.status(second.reply, "waiting")
    assert places(tab, second.reply) == [1]

    assert tab.answer(second.reply) == tokens(2)
    assert tab.answer(first.reply) == tokens(40)
    told = [message["content"] for message in endpoint.log(settled=1)[-1]["messages"][1:]]
    assert told == ["One [[tokens=40 pace=10ms]]", tokens(40), "Two [[tokens=2]]"]


def test_each_in_line_is_told_its_place(tab: Tab) -> None:
    first = tab.ask("One [[tokens=1000 pace=10ms]]")
    line = [tab.say("Next [[tokens=200 pace=10ms]]", conversation=first.conversation).reply for _ in range(3)]
    tab.status(line[-1], "waiting")
    assert places(tab, *line) == [1, 2, 3]

    tab.send("stop", reply=first.reply)
    tab.status(line[0], "streaming")
    assert places(tab, *line[1:]) == [1, 2]


def test_they_are_answered_in_the_order_they_were_asked(tab: Tab, endpoint: RunningEndpoint) -> None:
    first = tab.ask("Number 0 [[tokens=20 pace=10ms]]")
    others = [tab.say(f"Number {n} [[tokens={n}]]", conversation=first.conversation) for n in range(1, 6)]

    assert tab.answer(others[-1].reply) == tokens(5)
    asked = [request["messages"][-1]["content"].split()[1] for request in endpoint.log(settled=1) if request["stream"]]
    assert asked == list("012345")


def test_who_loses_its_place_in_the_branch_still_follows_it(tab: Tab) -> None:
    """What was said while another answer was awaited comes after that answer."""
    first = tab.ask("One [[tokens=20 pace=10ms]]")
    second = tab.say("Two", conversation=first.conversation)
    tab.answer(second.reply)

    shown = [message["id"] for message in tab.page.branch(first.conversation)]
    assert shown == [first.message, first.reply, second.message, second.reply]


def test_a_line_that_is_too_long_is_busy(tab: Tab) -> None:
    first = tab.ask("One [[tokens=5000 pace=10ms]]")
    for _ in range(LONGEST_LINE - 1):
        last = tab.say("Next [[tokens=1]]", conversation=first.conversation)
    before = Message.objects.count()

    client_id = new_id()
    error = tab.refused("send", client_id=client_id, conversation=first.conversation, text="One too many")
    assert (error["code"], error["retryable"], error["fatal"]) == ("busy", True, False)
    assert Message.objects.count() == before

    tab.send("stop", reply=first.reply)
    tab.answer(last.reply)
    again = tab.say("One too many", conversation=first.conversation, client_id=client_id)
    assert tab.answer(again.reply) == tokens(20)


def test_other_conversations_do_not_wait(tab: Tab) -> None:
    tab.ask("One [[tokens=5000 pace=10ms]]")
    assert tab.answer(tab.ask("Elsewhere [[tokens=3]]").reply) == tokens(3)


@pytest.mark.parametrize("how", ["fault=401", "fault=cut tokens=10 at=3"])
def test_the_line_moves_on_after_a_failure(tab: Tab, how: str) -> None:
    first = tab.ask(f"One [[first=200ms {how}]]")
    second = tab.say("Two [[tokens=2]]", conversation=first.conversation)

    assert tab.answer(second.reply) == tokens(2)
    assert tab.ended(first.reply)["status"] in ("failed", "interrupted")


def test_never_two_at_once(tab: Tab, endpoint: RunningEndpoint) -> None:
    first = tab.ask("One [[tokens=10 pace=10ms]]")
    for _ in range(5):
        last = tab.say("Next [[tokens=10 pace=10ms]]", conversation=first.conversation)
    tab.answer(last.reply)

    times = [(request["started"], request["ended"]) for request in endpoint.log(settled=1) if request["stream"]]
    assert len(times) == 6
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(times))
    assert set(Reply.objects.values_list("status", flat=True)) == {"complete"}
