"""Bytes become text: what each kind of line and chunk gives, on its own."""

import json
from typing import Any

import pytest

from agents.errors import AgentError, BadAnswer, ContextTooLong, CutOff, EmptyAnswer, EndpointFailed, RateLimited
from agents.stream import Decoder, Usage


def chunk(content: Any = None, finish: str | None = None, **delta: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
STOP = chunk(finish="stop") + DONE


def decoded(*parts: bytes, **limits: int) -> tuple[str, Decoder]:
    decoder = Decoder(**limits)
    text = "".join(decoder.feed(part) for part in parts)
    return text + decoder.end(), decoder


def whole(*parts: bytes) -> str:
    text, decoder = decoded(*parts)
    assert decoder.verdict() == "stop"
    return text


def failure(*parts: bytes, **limits: int) -> tuple[str, AgentError]:
    text, decoder = decoded(*parts, **limits)
    with pytest.raises(AgentError) as caught:
        decoder.verdict()
    return text, caught.value


def test_text_of_one_read_comes_as_one_piece() -> None:
    decoder = Decoder()
    assert decoder.feed(chunk("one ") + chunk("two ") + chunk("thr")) == "one two thr"


def test_usage_alone_in_the_last_chunk() -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n'
    text, decoder = decoded(chunk("hi"), chunk(finish="stop"), usage, DONE)
    assert (text, decoder.usage, decoder.verdict()) == ("hi", Usage(7, 2), "stop")


def test_usage_repeated_in_every_chunk_counts_once_and_last() -> None:
    parts = [
        b'data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":7,"completion_tokens":%d}}\n\n' % n
        for n in (1, 2, 3)
    ]
    assert decoded(*parts, STOP)[1].usage == Usage(7, 3)


@pytest.mark.parametrize("count", ["null", '"7"', "true", "-1", "1e300", "1" * 40, "[]"])
def test_a_count_no_database_could_hold_is_no_count(count: str) -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":%b,"completion_tokens":3}}\n\n' % count.encode()
    assert decoded(chunk("a"), usage, STOP)[1].usage == Usage(0, 3)


@pytest.mark.parametrize(
    "noise",
    [
        b": keep-alive\n\n",
        b"data:\n\n",
        b"data: \n\n",
        b"data\n\n",
        b"event: message\nid: 7\nretry: 1000\n",
        b"\n\n\n",
        b'data: {"choices":[]}\n\n',
        b'data: {"type":"ping"}\n\n',
        b'data: {"choices":[{"index":0}]}\n\n',
        b'data: {"choices":[{"delta":null}]}\n\n',
        b'data: {"choices":[{"delta":{"role":"assistant","content":null,"refusal":null}}],"error":null}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}\n\n',
        b'data: {"choices":[{"delta":{"reasoning_content":"hm","reasoning":"hm"}}]}\n\n',
    ],
)
def test_what_carries_no_text_changes_nothing(noise: bytes) -> None:
    assert whole(noise, chunk("a"), noise, chunk("b"), noise, STOP) == "ab"


def test_data_lines_of_one_event_belong_together() -> None:
    assert whole(b'data: {"choices":\ndata: [{"delta":{"content":"ab"}}]}\n\n', STOP) == "ab"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_of_the_standard_counts(end: bytes) -> None:
    assert whole((chunk("a") + chunk("b") + STOP).replace(b"\n", end)) == "ab"


def test_no_space_after_the_colon_and_a_byte_order_mark() -> None:
    assert whole(b"\xef\xbb\xbf" + chunk("a").replace(b"data: ", b"data:"), STOP) == "a"


def test_nothing_counts_after_done() -> None:
    assert whole(chunk("a"), STOP + chunk("b"), chunk("c")) == "a"


def test_content_in_parts_gives_its_text_parts() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}, 7]
    assert whole(chunk(parts), STOP) == "ab"


def test_a_reason_without_done_is_a_whole_answer() -> None:
    assert whole(chunk("a"), chunk(finish="stop")) == "a"


def test_done_without_a_reason_is_an_answer_cut_off() -> None:
    text, error = failure(chunk("a"), DONE)
    assert (text, type(error)) == ("a", CutOff)


def test_the_last_event_counts_without_its_blank_line() -> None:
    assert whole(chunk("a"), chunk("b", finish="stop").rstrip(b"\n")) == "ab"


@pytest.mark.parametrize("cut", range(1, len(chunk("bcd")) - 4))
def test_a_chunk_broken_in_the_middle_is_cut_off_not_garbage(cut: int) -> None:
    text, error = failure(chunk("a"), chunk("bcd")[:cut])
    assert (text, type(error)) == ("a", CutOff)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("length", "length"),
        ("max_tokens", "length"),
        ("eos", "stop"),
        ("tool_calls", "tool_calls"),
        ("?\0", "other"),
        ("a" * 31, "other"),
    ],
)
def test_finish_reasons_in_one_vocabulary(said: str, meant: str) -> None:
    assert decoded(chunk("a"), chunk(finish=said), DONE)[1].verdict() == meant


@pytest.mark.parametrize("said", ["abort", "error", "insufficient_system_resource"])
def test_an_aborted_answer_keeps_its_text_and_is_cut_off(said: str) -> None:
    text, error = failure(chunk("a"), chunk("b", finish=said), DONE)
    assert (text, type(error)) == ("ab", CutOff)


def test_a_filtered_answer_may_be_empty() -> None:
    assert decoded(chunk(finish="content_filter"), DONE)[1].verdict() == "content_filter"


@pytest.mark.parametrize(
    "parts", [[b""], [DONE], [chunk(finish="stop"), DONE], [chunk(finish="length")], [b": hm\n\n"]]
)
def test_no_text_is_an_empty_answer(parts: list[bytes]) -> None:
    assert isinstance(failure(*parts)[1], EmptyAnswer)


@pytest.mark.parametrize(
    "garbage",
    [
        b"data: {nonsense}\n\n",
        b'data: "words"\n\n',
        b"data: 7\n\n",
        b'data: {"choices":[7]}\n\n',
        b'data: {"choices":{"a":1}}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
        b'data: {"choices":[{"delta":{"content":"never ends\n\n',
        b'data: {"usage":' + b"9" * 5000 + b"}\n\n",
    ],
)
def test_garbage_ends_the_answer_but_keeps_the_text_before_it(garbage: bytes) -> None:
    text, error = failure(chunk("a") + garbage + chunk("b") + STOP)
    assert (text, type(error)) == ("a", BadAnswer)


@pytest.mark.parametrize("page", [b"<!doctype html><p>hi</p>", b"\n\n  <html>", b"Service Unavailable\n", b"{\n}"])
def test_what_is_not_this_protocol_is_a_bad_answer(page: bytes) -> None:
    kinds = (BadAnswer, EmptyAnswer) if page.startswith(b"{") else (BadAnswer,)
    assert isinstance(failure(page)[1], kinds)


def test_an_error_event_ends_the_answer_but_keeps_the_text_before_it() -> None:
    text, error = failure(chunk("a") + b'data: {"error":{"message":"secret","code":null}}\n\n' + chunk("b"))
    assert (text, type(error)) == ("a", EndpointFailed)
    assert "secret" not in f"{error} {error.detail}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ('{"code":"context_length_exceeded","message":""}', ContextTooLong),
        ('{"code":429,"message":"slow down"}', RateLimited),
        ('"it broke"', EndpointFailed),
        ("[1]", EndpointFailed),
        ('{"code":{},"type":[],"message":7}', EndpointFailed),
    ],
)
def test_an_error_event_is_understood_where_it_can_be(error: str, kind: type[AgentError]) -> None:
    assert type(failure(b'data: {"error":' + error.encode() + b"}\n\n")[1]) is kind
    assert type(failure(b'data: {"choices":[{"error":' + error.encode() + b"}]}\n\n")[1]) is kind


def test_a_whole_completion_instead_of_a_stream_is_taken() -> None:
    message = {"role": "assistant", "content": "hello \ud83d\ude00"}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
    text, decoder = decoded(json.dumps(body, indent=1).encode())
    assert (text, decoder.usage, decoder.verdict()) == ("hello \U0001f600", Usage(3, 0), "stop")


def test_half_a_completion_is_garbage() -> None:
    assert isinstance(failure(b'{"choices":[{"message":{"content":"hel')[1], BadAnswer)


def test_surrogates_meet_across_chunks_and_alone_become_a_mark() -> None:
    high, low = "\ud83d", "\ude00"
    assert whole(chunk("a" + high), chunk(low + "b"), STOP) == "a\U0001f600b"
    assert whole(chunk(high), chunk(), chunk(low), STOP) == "\U0001f600"
    assert whole(chunk("a" + high), chunk("b"), STOP) == "a\ufffdb"
    assert whole(chunk(low + "b" + low + high), STOP) == "\ufffdb\ufffd\ufffd"
    assert whole(chunk(high + high + low), STOP) == "\ufffd\U0001f600"


def test_nul_and_broken_utf8_become_marks() -> None:
    assert whole(chunk("a\0b"), STOP) == "a\ufffdb"
    assert whole(b'data: {"choices":[{"delta":{"content":"a\xffb"}}]}\n\n', STOP) == "a\ufffdb"


def test_raw_control_characters_in_a_string_are_forgiven() -> None:
    assert whole(b'data: {"choices":[{"delta":{"content":"a\tb"}}]}\n\n', STOP) == "a\tb"


def test_an_endless_answer_is_cut_at_its_length() -> None:
    text, decoder = decoded(*[chunk("abcd")] * 50, b"data: garbage\n\n", max_chars=10)
    assert (text, decoder.verdict(), decoder.done) == ("abcdabcdab", "length", True)


def test_what_comes_after_the_cut_no_longer_counts() -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'
    text, decoder = decoded(chunk("abcd") * 5 + usage + b"data: garbage\n\n", max_chars=10)
    assert (text, decoder.verdict(), decoder.usage, decoder.error) == ("abcdabcdab", "length", None, None)


@pytest.mark.parametrize("endless", [b"data: " + b"x" * 200, b": " + b"x" * 200, b"data: x\n" * 20, b"{" + b" " * 200])
def test_an_endless_line_or_event_is_a_bad_answer(endless: bytes) -> None:
    _, error = failure(
        chunk("a") if endless[0] != ord("{") else b"", *(endless[i : i + 7] for i in range(0, 200, 7)), max_line=120
    )
    assert type(error) is BadAnswer


def test_comments_and_empty_chunks_are_no_progress_but_reasoning_is() -> None:
    decoder = Decoder()
    decoder.feed(b": keep-alive\n\n" + chunk("") + chunk(None) + b"data:\n\n")
    assert decoder.progress == 0
    decoder.feed(chunk(None, reasoning_content="hm"))
    assert decoder.progress == 1
    decoder.feed(chunk("a"))
    assert decoder.progress == 2
