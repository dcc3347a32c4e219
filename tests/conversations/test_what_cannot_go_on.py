"""Which answers cannot be continued, and what is said of it."""

import pytest

from accounts.models import User
from conversations.models import Status
from tests.browser.window import says
from tests.conversations.stored import store_reply
from tests.rows import conversation_row, reply_row
from tests.site import Site
from tests.tab import Ack, Tab, new_id


def test_an_open_one(tab: Tab) -> None:
    ack = tab.ask("Count [[tokens=40 pace=20ms]]")
    tab.until(ack.reply, "t3 ")
    error = tab.refused("continue", client_id=new_id(), message=ack.reply)
    assert (error["code"], error["retryable"]) == ("still_open", False)
    tab.answer(ack.reply)


def test_one_that_was_followed(tab: Tab, broken: Ack) -> None:
    tab.answer(tab.say("And now?", conversation=broken.conversation).reply)
    assert tab.refused("continue", client_id=new_id(), message=broken.reply)["code"] == "followed"


@pytest.mark.parametrize(
    "directive", ["[[tokens=3]]", "[[fault=400]]", "[[tokens=3 fault=content_filter]]", says("  ", "fault=length")]
)
def test_a_whole_or_empty_one(tab: Tab, directive: str) -> None:
    ack = tab.ask(directive)
    tab.ended(ack.reply)
    before = reply_row(ack.reply).status
    assert tab.refused("continue", client_id=new_id(), message=ack.reply)["code"] == "nothing_to_continue"
    assert reply_row(ack.reply).status == before


def test_one_too_many(site: Site, alice: User, broken: Ack) -> None:
    talk = conversation_row(broken.conversation)
    for number in range(10):
        store_reply(talk, Status.WAITING if number else Status.STREAMING)
    error = site.open(alice).refused("continue", client_id=new_id(), message=broken.reply)
    assert (error["code"], error["retryable"]) == ("busy", True)
    talk.replies.exclude(pk=reply_row(broken.reply).pk).delete()


@pytest.mark.parametrize("what", ["nothing", "a member's message"])
def test_what_is_no_answer(tab: Tab, broken: Ack, what: str) -> None:
    message = broken.message if what == "a member's message" else new_id()
    assert tab.refused("continue", client_id=new_id(), message=message)["code"] == "not_found"
