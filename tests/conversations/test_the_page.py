"""The page: what Django sends before any socket is open, and the older parts of it."""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation, Membership, Status
from conversations.snapshots import LIST_PAGE, PAGE
from tests.conversations.stored import store_message, store_reply, store_talk, store_thread
from tests.tab import new_id


def data_of(response: Any) -> dict[str, Any]:
    """What the page hands to its script."""
    found = re.search(r'<script id="page-data" type="application/json"[^>]*>(.*?)</script>', response.content.decode())
    assert found, "the page has no data"
    data: dict[str, Any] = json.loads(found[1])
    return data


def url(talk: Conversation, rest: str = "") -> str:
    return f"/c/{talk.pk}/{rest}"


class TestFirstSight:
    def test_a_new_conversation_offers_the_personalities(self, signed_in: Client, alice: User) -> None:
        response = signed_in.get("/")
        data = data_of(response)
        assert data["conversation"] is None
        assert [each["slug"] for each in data["personalities"]] == [
            "assistant",
            "support",
            "technical",
            "writer",
            "seller",
        ]
        assert data["user"] == {
            "id": alice.pk, "name": "Alice", "email": "alice@example.org", "initials": "A", "is_staff": False,
        }  # fmt: skip
        assert data["admin_url"] is None

    def test_staff_are_shown_the_way_to_the_admin(self, client: Client, personalities: None, charlie: User) -> None:
        client.force_login(charlie)
        assert data_of(client.get("/"))["admin_url"] == "/admin/"

    def test_a_conversation_is_there_without_a_script(self, signed_in: Client, alice: User) -> None:
        talk = store_talk(alice)
        store_reply(talk, Status.COMPLETE, parent=store_message(talk, text="What is <b>this</b> & that?"))
        response = signed_in.get(url(talk))

        assert "What is &lt;b&gt;this&lt;/b&gt; &amp; that?" in response.content.decode()
        snapshot = data_of(response)["conversation"]
        assert [message["text"] for message in snapshot["messages"]] == ["What is <b>this</b> & that?", "Said"]
        assert snapshot["since"] is None

    def test_what_members_write_cannot_close_the_script(self, signed_in: Client, alice: User) -> None:
        talk = store_talk(alice, title="</script><script>alert(1)</script>", titled_by="member")
        store_message(talk, text="</script><img src=x onerror=alert(1)>")
        response = signed_in.get(url(talk)).content.decode()
        assert "<script>alert(1)" not in response
        assert "<img src=x" not in response

    def test_the_list_shows_the_latest_first(self, signed_in: Client, alice: User) -> None:
        now = timezone.now()
        talks = [store_talk(alice, last_active_at=now - timedelta(hours=hours)) for hours in (2, 0, 1)]
        listed = data_of(signed_in.get("/"))["conversations"]["items"]
        assert [item["id"] for item in listed] == [str(talks[i].pk) for i in (1, 2, 0)]

    def test_others_conversations_are_not_in_the_list(self, signed_in: Client, bob: User) -> None:
        store_talk(bob)
        assert data_of(signed_in.get("/"))["conversations"] == {"items": [], "next": None}

    def test_what_is_archived_or_in_the_trash_is_not_in_the_list(self, signed_in: Client, alice: User) -> None:
        archived, trashed = store_talk(alice), store_talk(alice, trashed_at=timezone.now())
        Membership.objects.filter(conversation=archived).update(archived=True)
        assert data_of(signed_in.get("/"))["conversations"]["items"] == []
        assert signed_in.get(url(archived)).status_code == 200
        assert signed_in.get(url(trashed)).status_code == 404


class TestDeleted:
    @pytest.mark.parametrize("mine", [True, False])
    def test_its_owner_is_told_at_its_address_and_nobody_else(
        self, signed_in: Client, alice: User, bob: User, mine: bool
    ) -> None:
        talk = store_talk(alice if mine else bob, trashed_at=timezone.now())
        Membership.objects.get_or_create(conversation=talk, user=alice, defaults={"role": "writer"})
        response = signed_in.get(url(talk))
        assert response.status_code == 404
        assert data_of(response)["trashed"] is mine
        assert "Talk with" not in response.content.decode()


class TestWhoMayNot:
    @pytest.mark.parametrize("rest", ["", "messages/?before=1"])
    def test_somebody_elses_is_nobodys(self, signed_in: Client, bob: User, rest: str) -> None:
        talk = store_thread(bob, 1)
        foreign, missing = signed_in.get(url(talk, rest)), signed_in.get(f"/c/{new_id()}/{rest}")
        assert foreign.status_code == missing.status_code == 404
        without_ids = [
            re.sub(r"[0-9a-f-]{36}|nonce-\S+|nonce=\S+|[A-Za-z0-9]{64}", "", r.content.decode())
            for r in (foreign, missing)
        ]
        assert without_ids[0] == without_ids[1]

    def test_staff_read_only_what_is_shared_with_them(
        self, client: Client, charlie: User, bob: User, world: None
    ) -> None:
        client.force_login(charlie)
        assert client.get(url(store_talk(bob))).status_code == 404

    @pytest.mark.parametrize("path", ["/", "/c/", f"/c/{uuid.uuid4()}/", f"/c/{uuid.uuid4()}/messages/?before=1"])
    def test_who_is_not_signed_in_goes_to_sign_in_first(self, client: Client, db: None, path: str) -> None:
        response = client.get(path)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/?next=/")

    @pytest.mark.parametrize("path", ["/", "/c/"])
    def test_nothing_is_changed_by_a_visit(self, signed_in: Client, path: str) -> None:
        assert signed_in.post(path).status_code == 405

    def test_a_conversation_has_a_uuid(self, signed_in: Client) -> None:
        assert signed_in.get("/c/1/").status_code == 404


class TestHeaders:
    @pytest.fixture
    def headers(self, signed_in: Client) -> Any:
        return signed_in.get("/").headers

    def test_what_was_said_stays_out_of_caches(self, signed_in: Client, alice: User) -> None:
        talk = store_thread(alice, 1)
        for path in ("/", url(talk), url(talk, "messages/?before=2"), "/c/"):
            assert "no-store" in signed_in.get(path).headers["Cache-Control"], path

    def test_the_policy_lets_nothing_foreign_run(self, headers: Any) -> None:
        policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert re.fullmatch(r"('nonce-\S+' 'strict-dynamic'|'strict-dynamic' 'nonce-\S+')", policy["script-src"])
        assert policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "http" not in policy["img-src"]

    def test_every_script_carries_the_nonce_and_nothing_is_inline_else(self, signed_in: Client) -> None:
        response = signed_in.get("/")
        nonce = re.search(r"'nonce-(\S+)'", response.headers["Content-Security-Policy"])
        assert nonce
        body = response.content.decode()
        scripts = re.findall(r"<script\b[^>]*>", body)
        assert scripts
        for script in scripts:
            assert f'nonce="{nonce[1]}"' in script or 'type="application/json"' in script, script
        assert not re.search(r"<[a-z][^>]*\s(?:on\w+|style)=", body)

    def test_the_rest(self, headers: Any) -> None:
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


class TestOlderConversations:
    def read_all(self, signed_in: Client) -> Iterator[list[str]]:
        listed = data_of(signed_in.get("/"))["conversations"]
        yield [item["id"] for item in listed["items"]]
        while listed["next"]:
            listed = signed_in.get("/c/", {"before": listed["next"]}).json()
            yield [item["id"] for item in listed["items"]]

    def test_they_come_page_by_page_each_once_also_where_times_are_equal(self, signed_in: Client, alice: User) -> None:
        now = timezone.now()
        talks = [store_talk(alice, last_active_at=now - timedelta(seconds=n // 30)) for n in range(2 * LIST_PAGE + 7)]
        expected = [str(t.pk) for t in sorted(talks, key=lambda t: (t.last_active_at, t.pk), reverse=True)]

        pages = list(self.read_all(signed_in))
        assert [len(each) for each in pages] == [LIST_PAGE, LIST_PAGE, 7]
        assert [each for some in pages for each in some] == expected

    @pytest.mark.parametrize("count", [0, 1, LIST_PAGE])
    def test_what_fits_has_no_more(self, signed_in: Client, alice: User, count: int) -> None:
        for _ in range(count):
            store_talk(alice)
        (only,) = self.read_all(signed_in)
        assert len(only) == count

    @pytest.mark.parametrize(
        "before",
        ["", "x", "_", "2026-01-01", f"_{new_id()}", f"2026-01-01T00:00:00_{new_id()}", "2026-01-01T00:00:00+00:00_x",
         "2026-01-01T00:00:00+00:00", f"9999999-01-01T00:00:00+00:00_{new_id()}", "\0",
         f"0001-01-01T00:00:00+23:59_{new_id()}", f"9999-12-31T23:59:59-23:59_{new_id()}"],
    )  # fmt: skip
    def test_a_cursor_of_ones_own_making_is_refused(self, signed_in: Client, before: str) -> None:
        response = signed_in.get("/c/", {"before": before})
        assert (response.status_code, response.json()["code"]) == (400, "bad_field")

    @pytest.mark.parametrize("zone", ["+00:00", "+23:59", "-23:59", "+00:00:01"])
    def test_the_time_of_any_zone_is_a_time(self, signed_in: Client, alice: User, zone: str) -> None:
        """Postgres knows none as far from Greenwich as some of these."""
        talk = store_talk(alice)
        for year, found in ((2024, []), (2999, [str(talk.pk)])):
            response = signed_in.get("/c/", {"before": f"{year}-01-01T00:00:00{zone}_{new_id()}"})
            assert [item["id"] for item in response.json()["items"]] == found


class TestOlderMessages:
    def test_they_come_page_by_page_up_to_the_first(self, signed_in: Client, alice: User) -> None:
        talk = store_thread(alice, PAGE + 10)  # two messages each
        shown = data_of(signed_in.get(url(talk)))["conversation"]
        positions = [message["position"] for message in shown["messages"]]
        sizes, more = [len(positions)], shown["has_earlier"]
        while more:
            older = signed_in.get(url(talk, "messages/"), {"before": positions[0]}).json()
            positions = [message["position"] for message in older["messages"]] + positions
            more = older["has_earlier"]
            sizes.append(len(older["messages"]))

        assert sizes == [PAGE, PAGE, 20]
        assert positions == list(range(1, 2 * PAGE + 21))

    def test_they_are_of_the_branch_that_is_shown(self, signed_in: Client, alice: User) -> None:
        talk = store_thread(alice, 1)
        question = talk.messages.get(position=1)
        other = store_reply(talk, Status.COMPLETE, parent=question)
        last = store_message(talk, parent=other.message)

        older = signed_in.get(url(talk, "messages/"), {"before": last.position}).json()["messages"]
        assert [message["id"] for message in older] == [str(question.pk), str(other.pk)]
        assert older[1]["siblings"] == [str(talk.messages.get(position=2).pk), str(other.pk)]

    @pytest.mark.parametrize("before", ["", "x", "-1", "1.5", "²", "1" * 10, "1\0"])
    def test_a_cursor_of_ones_own_making_is_refused(self, signed_in: Client, alice: User, before: str) -> None:
        response = signed_in.get(url(store_thread(alice, 1), "messages/"), {"before": before})
        assert (response.status_code, response.json()["code"]) == (400, "bad_field")

    @pytest.mark.parametrize("before", ["0", "3", "999999999"])
    def test_a_place_where_nothing_is_is_not_found(self, signed_in: Client, alice: User, before: str) -> None:
        response = signed_in.get(url(store_thread(alice, 1), "messages/"), {"before": before})
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


class TestCost:
    """Queries, and what they read, are of the size of a page, however long the thread or the list."""

    def queries(self, signed_in: Client, path: str) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert signed_in.get(path).status_code == 200
        return [query["sql"] for query in captured.captured_queries]

    def test_a_long_thread_asks_no_more_than_a_short_one(self, signed_in: Client, alice: User) -> None:
        short, long = store_thread(alice, 5), store_thread(alice, 150)
        first = self.queries(signed_in, url(short))
        assert len(self.queries(signed_in, url(long))) == len(first) <= 12
        assert not any("receipt" in query for query in first), "what was sent is larger than what is shown"
        older = [self.queries(signed_in, url(talk, "messages/?before=9")) for talk in (short, long)]
        assert len(older[0]) == len(older[1]) <= 8

    def test_a_long_list_asks_no_more_than_a_short_one(self, signed_in: Client, alice: User) -> None:
        for _ in range(5):
            store_talk(alice)
        first = len(self.queries(signed_in, "/"))
        for _ in range(95):
            store_talk(alice)
        assert len(self.queries(signed_in, "/")) == first <= 9
        assert len(self.queries(signed_in, "/c/")) <= 4
