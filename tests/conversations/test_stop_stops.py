"""Stop stops: within a second, from any tab, with what was shown kept. Only stop does."""

import time

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Reply
from tests.endpoint import RunningEndpoint
from tests.rows import message_row, reply_row
from tests.said import tokens
from tests.server import eventually
from tests.site import Site
from tests.tab import Tab, new_id

LONG = "Count [[tokens=2000 pace=10ms]]"


def seconds_until_left(endpoint: RunningEndpoint, since: float) -> float:
    """How long after `since` (Unix time) we closed the only request, which must not have been at its end."""
    (request,) = (request for request in endpoint.log(settled=3) if request["stream"])
    assert request["gone"] is True, "the model was not told to stop"
    ended: float = request["ended"]
    return ended - since


def stored(reply: str) -> object:
    return Reply.objects.filter(pk=reply_row(reply).pk).values().get()


def test_the_model_is_left_within_a_second_and_the_text_is_kept(tab: Tab, endpoint: RunningEndpoint) -> None:
    ack = tab.ask(LONG)
    tab.until(ack.reply, "t20 ")
    said = time.time()
    tab.send("stop", reply=ack.reply)

    text = tab.answer(ack.reply, within=3)
    assert seconds_until_left(endpoint, said) < 1
    end = tab.expect("end", reply=ack.reply)
    assert (end["status"], end["error"]) == ("stopped", None)
    assert text == tokens(len(text.split()))
    assert len(text.split()) >= 20
    assert message_row(ack.reply).text == text
    assert reply_row(ack.reply).status == "stopped"


def test_from_any_tab(site: Site, tab: Tab, alice: User) -> None:
    ack = tab.ask(LONG)
    tab.until(ack.reply, "t5 ")
    site.open(alice).send("stop", reply=ack.reply)

    tab.ended(ack.reply, within=3)
    assert tab.expect("end", reply=ack.reply)["status"] == "stopped"


def test_before_the_first_word(tab: Tab, endpoint: RunningEndpoint) -> None:
    ack = tab.ask("Think [[first=20s]]")
    tab.status(ack.reply, "streaming")
    eventually(endpoint.log)
    said = time.time()
    tab.send("stop", reply=ack.reply)

    assert tab.answer(ack.reply, within=3) == ""
    assert seconds_until_left(endpoint, said) < 1
    assert reply_row(ack.reply).status == "stopped"


def test_while_the_endpoint_makes_us_wait(tab: Tab, endpoint: RunningEndpoint) -> None:
    ack = tab.ask("Patience [[fault=429 retry_after=15]]")
    assert tab.expect("reply", reply=ack.reply, status="queued")["wait"]["seconds"] == 15
    tab.send("stop", reply=ack.reply)

    assert tab.ended(ack.reply, within=3)["status"] == "stopped"
    assert len(endpoint.log()) == 1


def test_in_line_it_is_never_asked(tab: Tab, endpoint: RunningEndpoint) -> None:
    first = tab.ask(LONG)
    second, third = (tab.say("Next [[tokens=1]]", conversation=first.conversation) for _ in range(2))
    tab.status(third.reply, "waiting")

    tab.send("stop", reply=second.reply)
    assert tab.ended(second.reply, within=3)["status"] == "stopped"
    tab.send("stop", reply=first.reply)

    assert tab.answer(third.reply) == tokens(1)
    assert len([request for request in endpoint.log(settled=1) if request["stream"]]) == 2


def test_the_next_in_line_follows(tab: Tab) -> None:
    first = tab.ask(LONG)
    second = tab.say("Next [[tokens=3]]", conversation=first.conversation)
    tab.until(first.reply, "t3 ")
    tab.send("stop", reply=first.reply)

    assert tab.answer(second.reply) == tokens(3)


def test_twice_is_once(tab: Tab) -> None:
    ack = tab.ask(LONG)
    tab.until(ack.reply, "t3 ")
    for _ in range(3):
        tab.send("stop", reply=ack.reply)
    tab.ended(ack.reply, within=3)
    tab.flush()

    assert len([frame for frame in tab.frames if frame["type"] == "end"]) <= 1  # none where a snapshot told it
    assert not [frame for frame in tab.frames if frame["type"] == "error" and frame["code"] != "unknown_type"]


def test_what_has_ended_stays_as_it_is(tab: Tab) -> None:
    ack = tab.ask("Hello [[tokens=3]]")
    tab.answer(ack.reply)
    before = stored(ack.reply)
    seen = len(tab.frames)

    tab.send("stop", reply=ack.reply)
    tab.flush()
    assert stored(ack.reply) == before
    assert [frame["type"] for frame in tab.frames[seen:] if frame["type"] != "conversation"] == ["error"]


def test_stop_races_the_end_and_one_of_them_wins(tab: Tab) -> None:
    for number in range(12):
        ack = tab.ask(f"Hello [[tokens=3 pace={number}ms]]")
        tab.send("stop", reply=ack.reply)
        tab.ended(ack.reply)
        row = reply_row(ack.reply)
        assert row.status in ("complete", "stopped")
        assert row.message.text == tab.page.text(ack.reply)
        assert row.status == "stopped" or row.message.text == tokens(3)


def test_nobody_else_can(site: Site, tab: Tab, bob: User) -> None:
    ack = tab.ask("Count [[tokens=60 pace=10ms]]")
    tab.until(ack.reply, "t3 ")

    assert site.open(bob).refused("stop", reply=ack.reply)["code"] == "not_found"
    assert tab.answer(ack.reply) == tokens(60)


@pytest.mark.parametrize("what", ["nothing", "a member's message"])
def test_what_is_no_answer_cannot_be_stopped(tab: Tab, what: str) -> None:
    ack = tab.ask("Hello")
    assert tab.refused("stop", reply=ack.message if what == "a member's message" else new_id())["code"] == "not_found"
    tab.answer(ack.reply)


@pytest.mark.parametrize("how", ["close", "vanish"])
def test_to_close_the_tab_does_not_stop(site: Site, tab: Tab, alice: User, how: str) -> None:
    ack = tab.ask("Count [[tokens=60 pace=10ms]]")
    tab.until(ack.reply, "t3 ")
    getattr(tab, how)()

    later = site.open(alice)
    later.read(ack.conversation)
    assert later.answer(ack.reply) == tokens(60)
    assert reply_row(ack.reply).status == "complete"


def test_who_is_made_inactive_asks_for_nothing_more(
    site: Site, tab: Tab, client: Client, alice: User, bob: User, charlie: User, endpoint: RunningEndpoint
) -> None:
    """What others have asked for goes on."""
    others = site.open(bob).ask("Count [[tokens=150 pace=10ms]]")
    ack = tab.ask(LONG)
    waits = tab.say("And then?", conversation=ack.conversation)
    tab.until(ack.reply, "t20 ")
    client.force_login(charlie)
    client.post(f"/admin/accounts/user/{alice.pk}/change/", {"email": alice.email, "name": alice.name})
    assert not User.objects.get(pk=alice.pk).is_active

    eventually(lambda: reply_row(ack.reply).status == "stopped", within=10)
    assert reply_row(waits.reply).status == "stopped"
    text = message_row(ack.reply).text
    assert text == tokens(len(text.split()))
    assert len(text.split()) >= 20
    eventually(lambda: reply_row(others.reply).status == "complete", within=20)
    assert len(endpoint.log(settled=2)) == 2
