"""Without Redis everything is slower and nothing is lost: tabs open, messages are kept, answers grow from rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import User
from tests.endpoint import RunningEndpoint
from tests.rows import message_row
from tests.said import tokens
from tests.server import Keeper, eventually, serving, status_of, writing
from tests.site import Site
from tests.valkey import Valkey

LONG = 30.0  # seconds: an answer then comes by looks at its row


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path) as valkey:
        yield valkey


@pytest.fixture
def site(
    valkey: Valkey,
    keeper: Keeper,
    parley_environment: dict[str, str],
    world: None,
    endpoint: RunningEndpoint,
    tmp_path: Path,
) -> Iterator[Site]:
    """A process for the sockets and one that writes, so that everything between them goes through this Redis."""
    keeper.stop()
    env = {**parley_environment, "REDIS_URL": valkey.url}
    with (
        serving(env, tmp_path / "web", "--no-replies") as web,
        writing(env, tmp_path / "runner") as runner,
        Site(web, runner) as site,
    ):
        yield site
        valkey.thaw()  # or nothing more would end in time


def heard_by(valkey: Valkey, group: str) -> int:
    """The processes that hear what is said in this group."""
    with valkey.client() as client:
        return int(client.pubsub_numsub(f"parley__group__{group}")[0][1])


@pytest.mark.parametrize("fault", ["kill", "freeze", "full"])
def test_a_whole_conversation_without_it(site: Site, alice: User, valkey: Valkey, fault: str) -> None:
    before = site.open(alice)
    old = before.ask("Before [[tokens=2]]")
    before.answer(old.reply)
    if fault == "full":
        valkey.configure("maxmemory", "1")
    else:
        getattr(valkey, fault)()

    new = site.open(alice)
    new.read(old.conversation)
    ack = new.say("And now? [[tokens=300 pace=40ms]]", conversation=old.conversation)
    new.until(ack.reply, "t1 ", within=LONG)
    assert new.page.message(ack.reply)["reply"]["status"] == "streaming", "it came only when it was whole"
    assert new.answer(ack.reply, within=LONG) == before.answer(ack.reply, within=LONG) == tokens(300)

    fresh = new.ask("Another one [[tokens=3]]")
    assert new.answer(fresh.reply, within=LONG) == tokens(3)
    assert message_row(fresh.reply).text == tokens(3)
    assert status_of(f"{site.web.url}/health/ready", timeout=10) == 200


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_all_heals_without_a_new_line(site: Site, alice: User, valkey: Valkey, fault: str) -> None:
    before = site.open(alice)
    old = before.ask("Before [[tokens=2]]")
    before.answer(old.reply)
    getattr(valkey, fault)()
    new = site.open(alice)
    new.read(old.conversation)
    ack = new.say("Long [[tokens=2000 pace=20ms]]", conversation=old.conversation)
    new.until(ack.reply, "t5 ", within=LONG)
    if fault == "kill":
        valkey.start()
    else:
        valkey.thaw()

    eventually(lambda: heard_by(valkey, f"conversation.{old.conversation}"), within=LONG)
    assert heard_by(valkey, f"member.{alice.pk}")
    for _ in range(5):
        new.expect("delta", reply=ack.reply, within=LONG)  # and no snapshots
    new.send("stop", reply=ack.reply)
    text = new.answer(ack.reply, within=LONG)
    assert text == before.answer(ack.reply, within=LONG) == tokens(len(text.split()))


def test_it_goes_away_in_the_middle_of_an_answer(site: Site, alice: User, valkey: Valkey) -> None:
    tab = site.open(alice)
    ack = tab.ask("Long [[tokens=300 pace=20ms]]")
    tab.until(ack.reply, "t20 ")
    valkey.kill()
    tab.until(ack.reply, "t100 ", within=LONG)
    valkey.start()
    assert tab.answer(ack.reply, within=LONG) == tokens(300)
    assert message_row(ack.reply).text == tokens(300)


def test_it_forgets_everything_in_the_middle_of_an_answer(site: Site, alice: User, valkey: Valkey) -> None:
    tab = site.open(alice)
    ack = tab.ask("Long [[tokens=200 pace=20ms]]")
    tab.until(ack.reply, "t20 ")
    with valkey.client() as client:
        client.flushall()
    late = site.open(alice)
    late.read(ack.conversation)
    assert tab.answer(ack.reply) == late.answer(ack.reply) == tokens(200)
