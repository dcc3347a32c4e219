"""Kill what you like: what was shown is kept, what was acknowledged is answered, and readers see one story."""

from accounts.models import User
from tests.chaos.storm import Storm
from tests.rows import message_row, reply_row
from tests.said import tokens


def test_a_killed_web_process_takes_no_token_with_it(storm: Storm, alice: User) -> None:
    tab = storm.open(alice)
    ack = tab.ask("Count [[tokens=150 pace=10ms]]")
    tab.until(ack.reply, "t30 ")
    storm.kill("web")

    again = storm.again(tab, at=storm.other)
    assert again.answer(ack.reply) == tokens(150) == message_row(ack.reply).text
    assert reply_row(ack.reply).status == "complete"
