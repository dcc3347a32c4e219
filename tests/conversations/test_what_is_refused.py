"""What cannot be served is refused with a code and a sentence; nothing is stored, and nothing breaks."""

import json
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from accounts.models import User
from conversations.consumers import MOST_RELAYS
from conversations.models import Conversation, Message
from tests.page import Frame
from tests.said import tokens
from tests.site import Site, session_of
from tests.tab import PATIENCE, Ack, Tab, new_id

ID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def still_serves(tab: Tab) -> bool:
    return tab.answer(tab.ask("Are you well? [[tokens=2]]").reply) == tokens(2)


NOT_JSON_OBJECTS: dict[str, str | bytes] = {
    "no JSON": "{",
    "nothing": "",
    "array": '[{"type": "pong", "n": 1}]',
    "number": "7",
    "null": "null",
    "text": '"pong"',
    "NaN": '{"type": "pong", "n": NaN}',
    "Infinity": '{"type": "pong", "n": -Infinity}',
    "deep": "[" * 30_000,
    "deep object": '{"type":' * 8_000,
    "binary": b'{"type": "pong", "n": 1}',
    "a huge number": '{"type": "pong", "n": ' + "9" * 6_000 + "}",
}


@pytest.mark.parametrize("raw", NOT_JSON_OBJECTS.values(), ids=NOT_JSON_OBJECTS)
def test_a_frame_that_is_no_object(tab: Tab, raw: str | bytes) -> None:
    tab.send_raw(raw)
    error = tab.expect("error")
    assert (error["code"], error["ref"], error["retryable"], error["fatal"]) == ("bad_json", None, False, False)
    assert still_serves(tab)


def test_three_of_them_end_the_line(tab: Tab) -> None:
    for _ in range(3):
        tab.send_raw("{")
    assert [tab.expect("error")["fatal"] for _ in range(3)] == [False, False, True]
    assert tab.closed() == 4400


SEND = {"type": "send", "client_id": ID, "conversation": ID, "text": "Hello", "personality": "assistant"}
BAD_FIELDS: list[tuple[str, Frame]] = [
    ("unknown_type", {"type": "launch"}),
    ("unknown_type", {"type": "hello"}),
    ("unknown_type", {"type": "Send"}),
    ("unknown_type", {}),
    ("unknown_type", {"type": None}),
    ("unknown_type", {"type": ["send"]}),
    ("unknown_type", {"type": {"send": 1}}),
    *[("bad_field", {**SEND, name: None}) for name in ("client_id", "conversation", "text")],
    *[("bad_field", {**SEND, "text": value}) for value in (7, True, ["Hello"], {"text": "Hello"})],
    *[("bad_field", {**SEND, "client_id": value}) for value in (7, True, "", "none", ID[:-1], ID + "0", f"{{{ID}}}")],
    *[("bad_field", {**SEND, "conversation": value}) for value in (0, "urn:uuid:" + ID, "g" * 36, {"id": ID})],
    *[("bad_field", {**SEND, "parent": value}) for value in (1, "", "x" * 36)],
    *[("bad_field", {**SEND, "personality": value}) for value in (1, "", "x" * 41, ["assistant"])],
    ("bad_field", {"type": "subscribe"}),
    *[("bad_field", {"type": "subscribe", "conversation": ID, "rev": value}) for value in (-1, 1.5, "1", True, 2**53)],
    *[
        ("bad_field", {"type": "subscribe", "conversation": ID, "reply": value})
        for value in (ID, 1, {}, {"id": ID, "attempt": 1}, {"id": ID, "attempt": 1, "seq": -1})
    ],
    ("bad_field", {"type": "stop"}),
    ("bad_field", {"type": "stop", "reply": {"id": ID}}),
    ("bad_field", {"type": "select", "message": 5}),
    ("bad_field", {"type": "regenerate", "message": ID}),
    ("bad_field", {"type": "continue", "message": ID}),
    ("bad_field", {"type": "rename", "conversation": ID}),
    ("bad_field", {"type": "pong", "n": "1"}),
    ("empty_text", {**SEND, "text": ""}),
    ("empty_text", {**SEND, "text": " \r\n\t\u3000"}),
    ("bad_text", {**SEND, "text": "a\0b"}),
    ("bad_text", {**SEND, "text": "half an emoji \ud83d"}),
    ("bad_text", {**SEND, "text": "\udc00"}),
    ("text_too_long", {**SEND, "text": "x" * 32_001}),
]  # fmt: skip


def test_a_field_that_is_missing_or_wrong(site: Site, tab: Tab, alice: User) -> None:
    found = []
    for number, (_, frame) in enumerate(BAD_FIELDS):
        if number % 40 == 39:
            tab = site.open(alice)  # a person does not send that many in a second
        ref = new_id()
        tab.send_raw(json.dumps({**frame, "ref": ref}))
        error = tab.expect("error", ref=ref)
        assert error["message"].endswith("."), "not a sentence"
        assert not error["retryable"]
        assert not error["fatal"]
        found.append((error["code"], frame))

    assert found == BAD_FIELDS
    assert not Conversation.objects.exists()
    assert still_serves(tab)


def test_the_field_is_named(tab: Tab) -> None:
    assert "“client_id”" in tab.refused("send", conversation=ID, text="Hello")["message"]


@pytest.mark.parametrize("ref", ["x" * 65, 7, None, ["a"], "a\nb"])
def test_a_ref_that_is_none_is_not_repeated(tab: Tab, ref: object) -> None:
    tab.send("launch", ref=ref)
    assert tab.expect("error")["ref"] is None


def test_a_refusal_names_the_client_id_when_there_is_no_ref(tab: Tab) -> None:
    tab.send("send", client_id=ID, conversation=new_id(), text="Hello")
    assert tab.expect("error", ref=ID)["code"] == "not_found"


def test_unknown_fields_are_ignored(tab: Tab) -> None:
    tab.send("send", client_id=ID, conversation=ID, text="Hello", personality="assistant", mood="sunny", v=9)
    tab.acknowledged(ID)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 32_000,
        "  " + "é" * 31_000 + "\n",
        "\U0001f600" * 15_000,
        "e\u0301\u202e\u200b",
        "'; DROP TABLE",
        "%s {0} $1",
    ],
    ids=["longest", "trimmed", "emoji", "combined", "SQL", "formats"],
)
def test_everything_else_is_kept_as_it_is(tab: Tab, text: str) -> None:
    tab.send_raw(json.dumps({**SEND, "text": text}, ensure_ascii=False))
    tab.acknowledged(ID)
    assert Message.objects.get(role="user").text == text.strip()


class TestFramesThatAreTooLarge:
    def test_over_64_kb_ends_the_line(self, tab: Tab) -> None:
        tab.send_raw(json.dumps({**SEND, "text": "x" * 65_536}))
        error = tab.expect("error")
        assert (error["code"], error["fatal"]) == ("too_large", True)
        assert tab.closed() == 4413
        assert not Message.objects.exists()

    def test_bytes_count_and_not_characters(self, tab: Tab) -> None:
        tab.send_raw(json.dumps({**SEND, "text": "한" * 22_000}, ensure_ascii=False))
        assert tab.expect("error")["code"] == "too_large"
        assert tab.closed() == 4413

    def test_exactly_64_kb_are_served(self, tab: Tab) -> None:
        frame = json.dumps({**SEND, "padding": ""})
        tab.send_raw(frame.replace('"padding": ""', '"padding": "' + "x" * (65_536 - len(frame)) + '"'))
        tab.acknowledged(ID)

    def test_far_more_is_not_even_read(self, tab: Tab, site: Site, alice: User) -> None:
        with suppress(ConnectionClosed):
            tab.send_raw("x" * 4_000_000)
        assert tab.closed() in (1006, 1009, 4413)
        assert still_serves(site.open(alice))


class TestWhoIsNotLetIn:
    @pytest.mark.parametrize("session", [None, "0123456789abcdefghijklmnopqrstuv", "%00"])
    def test_no_session_is_told_so_after_the_line_is_open(self, site: Site, session: str | None) -> None:
        tab = site.knock(session=session)
        error = tab.expect("error")
        assert (error["code"], error["fatal"]) == ("session_over", True)
        assert tab.closed() == 4401

    def test_a_session_that_was_signed_out(self, site: Site, alice: User, client: Any) -> None:
        client.force_login(alice)
        session = client.session.session_key
        client.logout()
        assert site.knock(session=session).closed() == 4401

    def test_a_member_who_was_switched_off(self, site: Site, alice: User) -> None:
        session = session_of(alice)
        User.objects.filter(pk=alice.pk).update(is_active=False)
        assert site.knock(session=session).closed() == 4401

    @pytest.mark.parametrize(
        "origin",
        [
            None,
            "null",
            "http://evil.example",
            "https://{host}",
            "http://127.0.0.1:1",
            "http://127.0.0.1.evil.example:{port}",
            "http://evil.example/{host}",
            "http://localhost:{port}",
        ],
    )
    def test_a_page_of_another_origin_is_told_so_and_nothing_else(
        self, site: Site, alice: User, origin: str | None
    ) -> None:
        host = site.web.url.removeprefix("http://")
        origin = origin and origin.format(host=host, port=host.partition(":")[2])
        tab = site.knock(session=session_of(alice), origin=origin)
        assert tab.closed() == 4403
        assert not tab.frames

    def test_too_many_lines_of_one_member(self, site: Site, alice: User, bob: User) -> None:
        session = session_of(alice)
        tabs = [site.open(alice, session=session) for _ in range(settings.SOCKETS_PER_MEMBER)]
        tab = site.knock(session=session)
        error = tab.expect("error")
        assert (error["code"], error["retryable"], error["fatal"]) == ("rate_limited", True, True)
        assert tab.closed() == 4429
        site.open(bob)
        tabs[0].close()
        tabs[1].flush()
        site.open(alice, session=session)


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/v1", "/ws/v1/x/", "/ws/v2/", "/ws/anything/"])
def test_an_address_where_nobody_is(site: Site, alice: User, path: str) -> None:
    address = site.web.url.replace("http", "ws", 1) + path
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(alice)}"}
    with connect(address, origin=Origin(site.web.url), additional_headers=cookie, proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=PATIENCE)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 4404


@pytest.mark.parametrize("origin", ["http://{host}.evil.example", "*", "http://[::1", "http://127.0.0.1:x"])
def test_what_is_no_origin_at_all_is_refused(site: Site, alice: User, origin: str) -> None:
    host = site.web.url.removeprefix("http://")
    with pytest.raises(InvalidStatus) as refusal:
        site.knock(session=session_of(alice), origin=origin.format(host=host))
    assert refusal.value.response.status_code == 400


class TestManyConversations:
    """None may fall silent because another is opened: its page would wait for it for ever."""

    @pytest.fixture
    def talks(self, tab: Tab) -> list[Ack]:
        return [tab.ask("Hello [[tokens=2]]") for _ in range(MOST_RELAYS)]

    def test_one_more_is_refused_and_none_is_dropped(self, site: Site, alice: User, tab: Tab, talks: list[Ack]) -> None:
        other = site.open(alice)
        one_more = other.ask("One more [[tokens=2]]")
        error = tab.refused("subscribe", conversation=one_more.conversation)
        assert (error["code"], error["retryable"], error["fatal"]) == ("too_many_open", False, False)
        other.say("Do you hear? [[tokens=3]]", conversation=talks[0].conversation)
        tab.expect(
            "message", conversation=talks[0].conversation, where=lambda m: "Do you hear?" in m["message"]["text"]
        )

        tab.send("unsubscribe", conversation=talks[0].conversation)
        assert tab.read(one_more.conversation)["messages"]

    def test_the_same_again_is_no_further_one(self, tab: Tab, talks: list[Ack]) -> None:
        for talk in talks:
            tab.read(talk.conversation)


class TestFlood:
    def test_too_many_frames_are_rate_limited(self, tab: Tab) -> None:
        for number in range(70):
            tab.send("pong", n=number)
        error = tab.expect("error")
        assert (error["code"], error["retryable"], error["retry_after"], error["fatal"]) == (
            "rate_limited", True, 1.0, False,
        )  # fmt: skip

    def test_who_was_too_fast_is_told_with_what(self, tab: Tab) -> None:
        """Or a page would wait for an answer to it."""
        for number in range(70):
            tab.send("pong", n=number)
        sent = new_id()
        tab.send("send", ref=sent, client_id=sent, conversation=new_id(), text="Hello", personality="assistant")
        assert tab.expect("error", ref=sent)["code"] == "rate_limited"

    def test_who_does_not_stop_is_sent_away(self, tab: Tab, site: Site, alice: User) -> None:
        for number in range(400):
            tab.send("pong", n=number)
        assert tab.closed() == 4429
        assert still_serves(site.open(alice))
