"""However the network cuts the bytes, the answer is the same."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.errors import AgentError
from agents.stream import Decoder


def outcome(parts: list[bytes], **limits: int) -> tuple[str, Any, str]:
    """All that anybody can see of an answer."""
    decoder = Decoder(**limits)
    text = "".join(decoder.feed(part) for part in parts) + decoder.end()
    try:
        ending = decoder.verdict()
    except AgentError as error:
        ending = f"{type(error).__name__} {error.detail}"
    text.encode()  # no surrogate is left
    assert "\0" not in text
    return text, decoder.usage, ending


# Half of all generated text is made of what is hard: halves of pairs, NUL, wide characters, line ends.
_texts = st.text(st.sampled_from('ab \n\r\0é中😀\ud83d\ude00\u2028"\\'), max_size=6) | st.text(max_size=6)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    kind = draw(st.integers(0, 11))
    if kind == 0:
        return draw(st.sampled_from([b": hm", b"data:", b"", b"event: x", b"data: [DONE]", b"id: 1", b"data"]))
    if kind == 1:
        return draw(
            st.sampled_from([b"data: {", b"nonsense", b"data: 7", b'data: {"error":{"code":"x"}}', b"\xff\xfe"])
        )
    finish = draw(st.sampled_from([None, None, None, "stop", "length", "abort", "content_filter"]))
    chunk = {"choices": [{"delta": {"content": draw(_texts)}, "finish_reason": finish}]}
    if kind == 2:
        chunk = {"choices": [], "usage": {"prompt_tokens": draw(st.integers(0, 9)), "completion_tokens": 1}}  # type: ignore[dict-item]
    data = json.dumps(chunk, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")
    if kind == 3:  # two data lines
        data = data.replace(b"[", b"\ndata: [", 1)
    return b"data: " + data


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    opening = draw(st.sampled_from([b"", b"\xef\xbb\xbf", b" \r\n", b"\n\n"]))
    body = opening + b"".join(event + b"\n\n" for event in draw(st.lists(events(), max_size=8)))
    tail = draw(
        st.sampled_from([b"", b"", b"data: {", b"data: [DONE]", b'data: {"choices":[{"finish_reason":"stop"}]}'])
    )
    return (body + tail).replace(b"\n", end)


@settings(max_examples=150, deadline=None)
@given(streams())
def test_one_cut_at_every_point(data: bytes) -> None:
    expected = outcome([data])
    for cut in range(len(data) + 1):
        assert outcome([data[:cut], data[cut:]]) == expected


@settings(max_examples=150, deadline=None)
@given(streams(), st.integers(1, 9))
def test_pieces_of_one_size(data: bytes, size: int) -> None:
    assert outcome([data[i : i + size] for i in range(0, len(data), size)]) == outcome([data])


@settings(max_examples=100, deadline=None)
@given(streams(), st.integers(1, 15), st.integers(20, 200))
def test_the_limits_hold_wherever_the_cut_is(data: bytes, max_chars: int, max_line: int) -> None:
    expected = outcome([data], max_chars=max_chars, max_line=max_line)
    assert len(expected[0]) <= max_chars
    for cut in range(len(data) + 1):
        assert outcome([data[:cut], data[cut:]], max_chars=max_chars, max_line=max_line) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(_texts, max_size=12), st.booleans())
def test_text_is_what_a_plain_reading_of_each_chunk_gives(texts: list[str], ascii_only: bool) -> None:
    """Against the slow and obvious way: parse every chunk, join all text, then mend it once."""
    chunks = [json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=ascii_only) for text in texts]
    data = b"".join(b"data: " + chunk.encode("utf-8", "replace") + b"\n\n" for chunk in chunks)
    said = "".join(json.loads(chunk.encode("utf-8", "replace"))["choices"][0]["delta"]["content"] for chunk in chunks)
    plain = said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")
    assert outcome([data])[0] == plain


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_a_long_line_in_small_pieces_costs_no_more_than_its_length(size: int) -> None:
    text = "x" * 200_000
    data = (
        b"data: " + json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}).encode() + b"\n\n"
    )
    assert outcome([data[i : i + size] for i in range(0, len(data), size)]) == (text, None, "stop")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_at_all_can_make_it_raise(parts: list[bytes]) -> None:
    assert outcome(parts) == outcome([b"".join(parts)])
