"""A reader who is gone or slow costs nobody else anything, and nothing of what was written."""

from accounts.models import User
from tests.chaos.invariants import sockets_of
from tests.chaos.matrix import Row, survives
from tests.chaos.storm import Storm
from tests.rows import reply_row
from tests.said import tokens
from tests.server import eventually


@survives(Row.READER_VANISHES)
def test_a_reset_line_ends_no_answer(storm: Storm, alice: User) -> None:
    tab = storm.open(alice)
    ack = tab.ask("Count [[tokens=200 pace=10ms]]")
    tab.until(ack.reply, "t30 ")
    tab.vanish()
    later = storm.open(alice, at=storm.other)
    later.read(ack.conversation)
    assert later.answer(ack.reply, within=60) == tokens(200)
    assert reply_row(ack.reply).status == "complete"


@survives(Row.READER_VANISHES)
def test_a_line_on_which_nothing_comes_back_is_closed(storm: Storm, alice: User) -> None:
    """As a phone in a tunnel: nothing arrives any more, and nobody says that the line is dead."""
    with storm.line_to("web") as line:
        tab = storm.open_through(line, alice)
        ack = tab.ask("Count [[tokens=200 pace=10ms]]")
        tab.until(ack.reply, "t30 ")
        line.hold()
        later = storm.open(alice, at=storm.other)
        later.read(ack.conversation)
        assert later.answer(ack.reply, within=60) == tokens(200)
        eventually(lambda: not sockets_of(storm.fleet.ports["web"]), within=120, every=0.5)
        line.up()


@survives(Row.READER_SLOW)
def test_who_does_not_read_is_sent_away_and_nobody_else_notices(storm: Storm, alice: User) -> None:
    good, bad = storm.open(alice, acknowledges=True), storm.open(alice, acknowledges=True)
    ack = good.ask("Long [[tokens=2000 pace=10ms]]")
    bad.read(ack.conversation)
    bad.acknowledges = False

    whole = storm.beside(good.answer, ack.reply, within=120)
    assert bad.closed(within=90) == 4008
    again = storm.again(bad, at=storm.other)
    assert again.answer(ack.reply, within=120) == whole.result() == tokens(2000)
