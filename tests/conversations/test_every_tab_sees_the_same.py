"""Every tab of a member shows the same stream, whenever it comes and wherever it is connected."""

import pytest
import redis
from django.conf import settings

from accounts.models import User
from tests.page import Frame
from tests.rows import message_row
from tests.said import tokens
from tests.site import Site
from tests.tab import Tab


def of_reply(tab: Tab, reply: str) -> list[Frame]:
    return [frame for frame in tab.frames if frame.get("reply") == reply and frame["type"] != "ack"]


def forget_log(reply: str, attempt: int = 1) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert client.delete(f"parley:reply:{reply}:{attempt}") == 1


def test_two_tabs_show_the_same_stream(site: Site, alice: User) -> None:
    mine, other = site.open(alice), site.open(alice)
    talk = mine.ask("Hello").conversation
    other.read(talk)

    ack = other.say("Count [[tokens=80 pace=10ms first=500ms]]", conversation=talk)

    assert mine.answer(ack.reply) == other.answer(ack.reply) == tokens(80)
    # How the beginning reached them may differ; from the first words on it is one stream.
    streams = [[frame for frame in of_reply(tab, ack.reply) if frame["type"] != "reply"] for tab in (mine, other)]
    assert streams[0] == streams[1]


def test_a_new_conversation_is_listed_in_every_tab(site: Site, alice: User, bob: User) -> None:
    mine, other, foreign = site.open(alice), site.open(alice), site.open(bob)
    ack = mine.say("Hello")

    listed = other.expect("conversation")["conversation"]
    assert (listed["id"], listed["personality"]["slug"]) == (ack.conversation, "assistant")
    foreign.flush()
    assert not [frame for frame in foreign.frames if frame["type"] == "conversation"]


def test_tabs_that_join_in_the_middle_see_all_of_it_once(site: Site, alice: User) -> None:
    first = site.open(alice)
    ack = first.ask("Count [[tokens=120 pace=20ms first=500ms]]")
    tabs = [first]
    for number in (1, 10, 25, 45, 60, 90, 110):
        first.until(ack.reply, f"t{number} ")
        tabs.append(site.open(alice))
        tabs[-1].read(ack.conversation)

    assert [tab.answer(ack.reply) for tab in tabs] == [tokens(120)] * len(tabs)
    late = of_reply(tabs[-1], ack.reply)
    assert len(late) < len(of_reply(first, ack.reply)) / 2, "it was sent what the snapshot held"


def test_a_tab_that_comes_after_the_end_reads_the_rows(site: Site, alice: User) -> None:
    first = site.open(alice)
    ack = first.ask("Hello [[tokens=5]]")
    first.answer(ack.reply)

    tab = site.open(alice)
    tab.read(ack.conversation)
    assert tab.page.text(ack.reply) == tokens(5)
    assert not of_reply(tab, ack.reply)


def test_a_tab_that_resumes_gets_only_what_is_missing(site: Site, alice: User) -> None:
    tab = site.open(alice)
    ack = tab.ask("Count [[tokens=150 pace=15ms]]")
    tab.until(ack.reply, "t40 ")
    tab.vanish()
    site.open(alice).ask("Meanwhile [[tokens=1]]")

    again = site.open(alice)
    again.page = tab.page
    point = again.page.resume_point(ack.conversation)
    snapshot = again.read(ack.conversation, **point)

    assert (snapshot["since"], snapshot["messages"]) == (point["rev"], [])
    assert again.answer(ack.reply) == tokens(150)
    numbers = [frame["seq"] for frame in of_reply(again, ack.reply)]
    assert numbers == list(range(point["reply"]["seq"] + 1, numbers[-1] + 1))


def test_a_tab_that_resumes_after_the_end_gets_the_changed_message(site: Site, alice: User) -> None:
    tab = site.open(alice)
    ack = tab.ask("Count [[tokens=40 pace=10ms]]")
    tab.until(ack.reply, "t5 ")
    tab.vanish()
    other = site.open(alice)
    other.read(ack.conversation)
    other.answer(ack.reply)

    again = site.open(alice)
    again.page = tab.page
    point = again.page.resume_point(ack.conversation)
    snapshot = again.read(ack.conversation, **point)

    assert snapshot["since"] == point["rev"]
    assert [message["id"] for message in snapshot["messages"]] == [ack.reply]
    assert again.page.text(ack.reply) == tokens(40)


def test_a_tab_that_has_everything_is_told_so(site: Site, alice: User) -> None:
    tab = site.open(alice)
    ack = tab.ask("Hello")
    tab.answer(ack.reply)
    rev = tab.page.conversations[ack.conversation].rev

    snapshot = tab.read(ack.conversation, rev=rev)
    assert (snapshot["since"], snapshot["messages"], snapshot["conversation"]["rev"]) == (rev, [], rev)


@pytest.mark.parametrize("rev", [10_000, 2**53 - 1])
def test_a_rev_from_the_future_brings_the_whole_page(site: Site, alice: User, rev: int) -> None:
    ack = site.open(alice).say("Hello")
    tab = site.open(alice)

    snapshot = tab.read(ack.conversation, rev=rev)
    assert snapshot["since"] is None
    assert [message["id"] for message in snapshot["messages"]] == [ack.message, ack.reply]


def test_a_lost_log_is_replaced_by_the_whole_text(site: Site, alice: User) -> None:
    """The log is gone, and what the reader misses is in no row yet: from the next save on it is whole again."""
    tab = site.open(alice)
    ack = tab.ask("Count [[tokens=150 pace=20ms]]")
    tab.until(ack.reply, "t30 ")
    tab.vanish()
    other = site.open(alice)
    other.read(ack.conversation)
    other.until(ack.reply, "t60 ")
    forget_log(ack.reply)

    again = site.open(alice)
    again.page = tab.page
    again.read(ack.conversation, **again.page.resume_point(ack.conversation))

    assert again.answer(ack.reply) == other.answer(ack.reply) == tokens(150) == message_row(ack.reply).text


def test_a_reader_who_is_gone_changes_nothing(site: Site, alice: User) -> None:
    tab, other = site.open(alice), site.open(alice)
    ack = tab.ask("Count [[tokens=60 pace=10ms]]")
    other.read(ack.conversation)
    tab.until(ack.reply, "t5 ")
    tab.vanish()

    assert other.answer(ack.reply) == tokens(60)


def test_who_unsubscribes_hears_no_more(site: Site, alice: User) -> None:
    tab, other = site.open(alice), site.open(alice)
    ack = tab.ask("Count [[tokens=60 pace=10ms]]")
    other.read(ack.conversation)
    tab.until(ack.reply, "t5 ")
    tab.send("unsubscribe", conversation=ack.conversation)
    tab.flush()
    seen = len(of_reply(tab, ack.reply))

    other.answer(ack.reply)
    tab.flush()
    assert len(of_reply(tab, ack.reply)) == seen
