"""Continue: an answer that ended before it was whole goes on where it broke off, and nothing of it is lost."""

import pytest

from accounts.models import User
from agents.context import digest, rebuild
from agents.prompts import GO_ON
from agents.receipts import Receipt
from conversations.models import Message, Usage
from tests.browser.window import says
from tests.endpoint import RunningEndpoint
from tests.page import Frame
from tests.rows import message_row, reply_row
from tests.said import LONG
from tests.site import Site
from tests.tab import Ack, Tab, new_id


def ask_for_more(tab: Tab, message: str, client_id: str | None = None) -> None:
    tab.send("continue", client_id=client_id or new_id(), message=message)


def go_on(tab: Tab, message: str, client_id: str | None = None) -> Ack:
    client_id = client_id or new_id()
    rev = tab.page.message(message)["rev"]
    ask_for_more(tab, message, client_id)
    ack = tab.acknowledged(client_id)
    tab.changed(message, after=rev)
    return ack


def another(tab: Tab, broken: Ack) -> Ack:
    """Another version of the answer, which is being written until it is stopped."""
    tab.send("regenerate", client_id=(client_id := new_id()), message=broken.reply)
    version = tab.acknowledged(client_id)
    tab.until(version.reply, "and on")
    return version


def streamed(endpoint: RunningEndpoint) -> list[dict[str, object]]:
    return [request for request in endpoint.log(settled=2) if request["stream"]]


class TestItGoesOn:
    @pytest.mark.parametrize("how", ["stopped", "interrupted", "complete"])
    def test_the_same_text_grows_in_every_tab(
        self, site: Site, tab: Tab, alice: User, endpoint: RunningEndpoint, how: str
    ) -> None:
        directives = {
            "stopped": says(LONG, "piece=12 pace=1s"),
            "interrupted": says(LONG, "piece=12 fault=cut at=1"),
            "complete": says("The water of", "fault=length"),
        }
        ack = tab.ask(directives[how])
        tab.until(ack.reply, "water of")
        if how == "stopped":
            tab.send("stop", reply=ack.reply)
        assert tab.ended(ack.reply)["status"] == how
        other = site.open(alice)
        other.read(ack.conversation)
        endpoint.script(says("the river flows."))

        again = go_on(tab, ack.reply)
        assert again.message == again.reply == ack.reply
        for each in (tab, other):
            each.until(ack.reply, "flows.")
            assert each.status(ack.reply, "complete")["error"] is None
            assert each.page.text(ack.reply) == "The water of the river flows."
            assert each.page.message(ack.reply)["siblings"] == [ack.reply]
        assert message_row(ack.reply).text == "The water of the river flows."
        assert Message.objects.count() == 2
        assert (reply_row(ack.reply).attempt, reply_row(ack.reply).finish_reason) == (2, "stop")

    def test_the_model_is_shown_what_it_said_and_asked_for_the_rest(
        self, tab: Tab, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        go_on(tab, broken.reply)
        tab.status(broken.reply, "complete")
        first, second = streamed(endpoint)
        assert second["messages"] == [
            *first["messages"],  # type: ignore[misc]
            {"role": "assistant", "content": "The water of"},
            {"role": "user", "content": GO_ON},
        ]
        receipt = Receipt.from_json(reply_row(broken.reply).receipt)
        texts = {str(pk): text for pk, text in Message.objects.values_list("pk", "text")}
        assert rebuild(receipt, texts) == second["messages"]
        assert digest(second["messages"]) == receipt.digest

    def test_the_old_text_never_leaves_the_page(self, tab: Tab, broken: Ack, endpoint: RunningEndpoint) -> None:
        endpoint.script(says("the river flows on and on", "pace=30ms"))
        seen, texts, take = len(tab.frames), [], tab.page.take

        def take_and_look(frame: Frame) -> None:
            take(frame)
            texts.append(tab.page.text(broken.reply))

        tab.page.take = take_and_look  # type: ignore[method-assign]
        go_on(tab, broken.reply)
        tab.status(broken.reply, "complete")
        assert len(texts) > 4
        assert all(text.startswith("The water of") for text in texts)

        frames = [frame for frame in tab.frames[seen:] if frame.get("reply") == broken.reply and frame["type"] != "ack"]
        first, *deltas, end = frames
        assert (first["type"], first["attempt"], first["seq"], first["text"]) == ("reset", 2, 1, "The water of")
        assert "".join(frame["text"] for frame in deltas) == " the river flows on and on"
        assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
        assert end["type"] == "end"

    def test_who_comes_in_the_middle_sees_all_of_it(
        self, site: Site, tab: Tab, alice: User, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script("[[tokens=120 pace=15ms]]")
        go_on(tab, broken.reply)
        tab.until(broken.reply, "t5 ")
        newcomer, returned = site.open(alice), site.open(alice)
        newcomer.read(broken.conversation)
        assert newcomer.page.text(broken.reply).startswith("The water of t1 t2 t3 t4 t5 ")
        returned.page = tab.page
        point = tab.page.resume_point(broken.conversation)
        assert point["reply"]["attempt"] == 2
        tab.vanish()
        returned.read(broken.conversation, **point)
        for each in (newcomer, returned):
            each.status(broken.reply, "complete")
            assert each.page.text(broken.reply) == message_row(broken.reply).text
        assert message_row(broken.reply).text.endswith("t119 t120 ")

    def test_last_words_that_are_said_again_are_shown_once(
        self, tab: Tab, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script(says("The water of the river flows.", "piece=3"))
        go_on(tab, broken.reply)
        tab.status(broken.reply, "complete")
        assert message_row(broken.reply).text == "The water of the river flows."

    def test_it_is_more_of_one_answer_and_a_call_of_its_own(
        self, tab: Tab, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script(says("the river.", "fault=length"), says("It flows."))
        went_on = []
        for _ in range(2):
            go_on(tab, broken.reply)
            tab.status(broken.reply, "complete")
            went_on.append(tab.page.message(broken.reply)["reply"]["usage"])
        reported = Usage.objects.filter(kind="reply", estimated=False)
        assert [usage.status for usage in reported.order_by("pk")] == ["complete", "complete"]
        assert Usage.objects.filter(kind="reply").count() == 3
        row = reply_row(broken.reply)
        assert went_on[1] == {"prompt_tokens": row.prompt_tokens, "completion_tokens": row.completion_tokens}
        assert row.prompt_tokens == sum(usage.prompt_tokens for usage in reported)
        assert went_on[0]["prompt_tokens"] < row.prompt_tokens
        assert message_row(broken.reply).text == "The water of the river. It flows."

    def test_behind_another_open_answer_it_waits_with_its_text(
        self, tab: Tab, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script(says("the river."))
        version = another(tab, broken)
        go_on(tab, broken.reply)
        waiting = tab.page.message(broken.reply)
        assert (waiting["text"], waiting["reply"]["status"], waiting["reply"]["place"]) == (
            "The water of",
            "waiting",
            1,
        )

        tab.send("stop", reply=version.reply)
        tab.status(broken.reply, "complete")
        assert tab.page.text(broken.reply) == "The water of the river."


class TestOnce:
    def test_twenty_requests_under_one_id_make_one(
        self, site: Site, tab: Tab, alice: User, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script(says("the river."))
        tabs = [site.open(alice) for _ in range(5)]
        client_id = new_id()
        for _ in range(4):
            for each in tabs:
                ask_for_more(each, broken.reply, client_id)
        acks = [each.acknowledged(client_id) for each in tabs for _ in range(4)]
        assert {ack.reply for ack in acks} == {broken.reply}
        tab.status(broken.reply, "complete")

        ask_for_more(tabs[0], broken.reply, client_id)
        tabs[0].acknowledged(client_id)
        assert message_row(broken.reply).text == "The water of the river."
        assert len(streamed(endpoint)) == 2
        assert reply_row(broken.reply).attempt == 2

    def test_two_tabs_that_ask_at_once_make_one(
        self, site: Site, tab: Tab, alice: User, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script("[[tokens=40 pace=20ms]]")
        tabs = [site.open(alice), site.open(alice)]
        for each in tabs:
            ask_for_more(each, broken.reply)
            each.flush()
        codes = [frame["code"] for each in tabs for frame in each.frames if frame["type"] == "error"]
        assert codes.count("still_open") == 1
        tab.status(broken.reply, "complete")
        assert len(streamed(endpoint)) == 2


class TestWhatBreaks:
    def test_stopped_in_the_middle_it_keeps_both_parts_and_goes_on_again(
        self, tab: Tab, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script("[[tokens=2000 pace=10ms]]")
        go_on(tab, broken.reply)
        tab.until(broken.reply, "t20 ")
        tab.send("stop", reply=broken.reply)
        tab.status(broken.reply, "stopped")
        text = message_row(broken.reply).text
        assert text.startswith("The water of t1 t2 ")
        assert text == tab.page.text(broken.reply)

        endpoint.script(says("and the rest"))
        go_on(tab, broken.reply)
        tab.status(broken.reply, "complete")
        assert message_row(broken.reply).text == f"{text}and the rest"

    def test_cut_off_in_the_middle_it_keeps_both_parts(self, tab: Tab, broken: Ack, endpoint: RunningEndpoint) -> None:
        endpoint.script(says("the river flows", "piece=9 fault=cut at=1"))
        go_on(tab, broken.reply)
        assert tab.status(broken.reply, "interrupted")["error"]["code"] == "cut_off"
        assert message_row(broken.reply).text == "The water of the river"

    def test_failed_before_a_word_it_is_not_lost(self, tab: Tab, broken: Ack, endpoint: RunningEndpoint) -> None:
        endpoint.script("[[fault=400]]")
        go_on(tab, broken.reply)
        assert tab.status(broken.reply, "interrupted")["error"]["code"] == "rejected"
        assert message_row(broken.reply).text == tab.page.text(broken.reply) == "The water of"

    def test_the_wait_before_another_try_is_shown_over_the_text(
        self, tab: Tab, broken: Ack, endpoint: RunningEndpoint
    ) -> None:
        endpoint.script("[[fault=429 retry_after=0.2]]", says("the river."))
        go_on(tab, broken.reply)
        assert tab.expect("reply", reply=broken.reply, status="queued")["wait"]["code"] == "rate_limited"
        assert tab.page.text(broken.reply) == "The water of"
        tab.status(broken.reply, "complete")
        assert message_row(broken.reply).text == "The water of the river."

    def test_stopped_in_line_it_keeps_its_text(self, tab: Tab, broken: Ack) -> None:
        version = another(tab, broken)
        go_on(tab, broken.reply)
        tab.send("stop", reply=broken.reply)
        tab.status(broken.reply, "stopped")
        assert message_row(broken.reply).text == tab.page.text(broken.reply) == "The water of"
        tab.send("stop", reply=version.reply)
