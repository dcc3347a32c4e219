"""A reader who does not read costs a bounded number of bytes, then the line; everybody else notices nothing."""

import json
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from websockets.frames import Frame, Opcode

from accounts.models import User
from conversations.models import Role, Status
from tests.conversations.stored import store_message, store_reply, store_talk
from tests.endpoint import RunningEndpoint
from tests.said import tokens
from tests.server import Keeper, Process, eventually, serving
from tests.site import Site, session_of

ASKED = 60  # times for a page of 1.5 MB


@pytest.fixture(scope="module")
def quick(
    keeper: Keeper, parley_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    """It shows what is new 200 times a second: what takes a slow reader ten seconds is there in one."""
    keeper.stop()
    env = {**parley_environment, "FLUSH_SECONDS": "0.005"}
    with serving(env, tmp_path_factory.mktemp("quick") / "log") as process:
        yield process


@pytest.fixture
def site(quick: Process, world: None, endpoint: RunningEndpoint) -> Iterator[Site]:
    with Site(quick) as site:
        yield site


class Deaf:
    """A browser of before there were acknowledgements, that reads nothing but the handshake."""

    def __init__(self, site: str, session: str) -> None:
        address = urlsplit(site)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self._socket.connect((address.hostname, address.port))
        self._socket.settimeout(20)
        head = (
            f"GET /ws/v1/ HTTP/1.1\r\nHost: {address.netloc}\r\nOrigin: {site}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}\r\n"
            f"Cookie: {settings.SESSION_COOKIE_NAME}={session}\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        assert b" 101 " in self._socket.recv(64)

    def send(self, **frame: object) -> None:
        self._socket.sendall(Frame(Opcode.TEXT, json.dumps(frame).encode()).serialize(mask=True))

    def drain(self) -> None:
        """Read what is there, to the end of the line."""
        try:
            while self._socket.recv(1 << 20):
                pass
        except ConnectionError:
            pass

    def close(self) -> None:
        self._socket.close()


def memory(process: Process) -> int:
    """Bytes that it holds in memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def lines(process: Process) -> int:
    """Sockets that it has open."""
    links = (link.readlink() for link in Path(f"/proc/{process.pid}/fd").iterdir() if link.is_symlink())
    return sum(str(link).startswith("socket:") for link in links)


def test_who_stops_acknowledging_is_sent_away_and_comes_back_to_the_whole(site: Site, alice: User) -> None:
    good, bad = site.open(alice, acknowledges=True), site.open(alice, acknowledges=True)
    ack = good.ask("Long [[tokens=2500 pace=3ms]]")
    bad.read(ack.conversation)
    bad.acknowledges = False

    with ThreadPoolExecutor() as threads:  # both read all the time
        whole = threads.submit(good.answer, ack.reply, within=60)
        assert bad.closed(within=30) == 4008
        assert bad.page.message(ack.reply)["reply"]["status"] == "streaming"
        assert 250 <= len(bad.frames) <= 400
        again = site.open(alice, acknowledges=True)
        again.page = bad.page
        first = again.read(ack.conversation, **again.page.resume_point(ack.conversation))
        assert first["since"] is not None, "it asked for what is missing, not for the page"
        assert again.answer(ack.reply, within=60) == whole.result() == tokens(2500)
    assert len(good.frames) > 300, "more than one may have on the way"


def test_who_does_not_read_does_not_make_the_server_grow(site: Site, alice: User) -> None:
    talk = store_talk(alice)
    for _ in range(25):
        question = store_message(talk, parent=talk.head, text="x" * 32_000)
        answer = store_reply(talk, Status.COMPLETE, parent=question).message
        answer.text = "y" * 32_000
        answer.save()
        assert answer.role == Role.ASSISTANT
    peer = site.open(alice, acknowledges=True)
    peer.read(str(talk.pk))  # once, so that what reading costs is in the memory of before
    peer.send("unsubscribe", conversation=str(talk.pk))
    ack = peer.ask("Meanwhile [[tokens=400 pace=5ms]]")
    before, open_before = memory(site.web), lines(site.web)

    deaf = Deaf(site.web.url, session_of(alice))
    try:
        for _ in range(ASKED):
            deaf.send(type="subscribe", conversation=str(talk.pk))
        assert peer.answer(ack.reply, within=30) == tokens(400)
        eventually(lambda: "does not read" in site.web.said(), within=30)
        eventually(lambda: lines(site.web) <= open_before, within=30)
        grown = memory(site.web) - before
        assert grown < 30_000_000, f"{grown:,} bytes for one who does not read"
    finally:
        deaf.close()
    assert peer.ask("And now? [[tokens=3]]")


def test_who_takes_much_at_once_is_asked_to_wait(site: Site, alice: User) -> None:
    talk = store_talk(alice)
    for _ in range(40):
        store_message(talk, parent=talk.head, text="x" * 32_000)
    tab = site.open(alice, acknowledges=True)
    tab.acknowledges = False
    tab.read(str(talk.pk))
    refused = tab.refused("subscribe", conversation=str(talk.pk))
    assert (refused["code"], refused["retryable"], refused["retry_after"]) == ("rate_limited", True, 1.0)
    tab.send("ack", n=len(tab.frames))
    tab.read(str(talk.pk))


@pytest.mark.parametrize("n", [-1, 10_000, "3", 1.5])
def test_nobody_has_taken_what_was_not_sent(site: Site, alice: User, n: object) -> None:
    tab = site.open(alice)
    assert tab.refused("ack", n=n)["code"] == "bad_field"
