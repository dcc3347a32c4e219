"""A question is asked of a real server in another process, and its answer arrives whole and exact."""

from contextlib import aclosing

import pytest

from agents.client import Endpoint, Finish, ModelClient, Text, Usage
from tests.agents.conftest import hear, requests, tokens
from tests.endpoint import RunningEndpoint


async def test_the_plain_answer(client: ModelClient) -> None:
    heard = await hear(client, "hello")
    assert (heard.text, heard.usage, heard.finish, heard.error) == (tokens(1, 20), Usage(12, 20), Finish("stop"), None)


async def test_tokens_come_one_by_one_as_they_are_made(client: ModelClient) -> None:
    heard = await hear(client, "[[tokens=8 pace=40ms]]")
    assert heard.pieces == [f"t{n} " for n in range(1, 9)]


async def test_what_is_sent(client: ModelClient, scripted: RunningEndpoint) -> None:
    messages = [{"role": "system", "content": "You are Ada."}, {"role": "user", "content": "hélló 😀"}]
    async with aclosing(client.stream(messages, model="other", temperature=0.5, max_tokens=99)) as events:
        _ = [event async for event in events]
    (request,) = await requests(scripted)
    assert request["messages"] == messages
    assert request["key_ok"]
    assert (request["model"], request["stream"], request["path"]) == ("other", True, "/v1/chat/completions")
    expected = {"temperature": 0.5, "max_tokens": 99, "stream_options": {"include_usage": True}}
    assert request["options"] == expected


async def test_what_is_not_set_is_not_sent(client: ModelClient, scripted: RunningEndpoint) -> None:
    await hear(client, "hello")
    (request,) = await requests(scripted)
    assert set(request["options"]) == {"stream_options"}
    assert request["model"] == "scripted"


@pytest.mark.parametrize(
    "script",
    [
        "torn=1",
        "ends=crlf",
        "ends=cr torn=1",
        "fault=no_done",
        "fault=empty_data",
        "reasoning=3",
        "fault=hold",
        "pace=1ms",
        "headers=50ms first=50ms",
    ],
)
async def test_the_same_answer_from_every_kind_of_server(client: ModelClient, script: str) -> None:
    heard = await hear(client, f"[[{script}]]")
    assert (heard.text, heard.usage, heard.finish, heard.error) == (tokens(1, 20), Usage(12, 20), Finish("stop"), None)


async def test_text_of_every_script_survives_being_torn(client: ModelClient) -> None:
    heard = await hear(
        client, '[[text="Grüße, 世界! 😀👨‍👩‍👧 \\"quoted\\"\\n\\n```py\\nprint(1)\\n```" piece=2 torn=1]]'
    )
    assert heard.text == 'Grüße, 世界! 😀👨‍👩‍👧 "quoted"\n\n```py\nprint(1)\n```'
    assert heard.finish == Finish("stop")


async def test_a_surrogate_pair_in_two_chunks_is_one_character(client: ModelClient) -> None:
    heard = await hear(client, "[[tokens=4 fault=surrogate pace=5ms]]")
    assert heard.text == tokens(1, 2) + "😀" + tokens(3, 4)


@pytest.mark.parametrize("fault", ["lone_surrogate", "nul"])
async def test_what_no_database_can_hold_becomes_a_mark(client: ModelClient, fault: str) -> None:
    heard = await hear(client, f"[[tokens=4 fault={fault} pace=5ms]]")
    assert heard.text == tokens(1, 2) + "\ufffd" + tokens(3, 4)


async def test_an_answer_at_its_length_says_so(client: ModelClient) -> None:
    heard = await hear(client, "[[fault=length]]")
    assert (heard.text, heard.finish) == (tokens(1, 20), Finish("length"))


async def test_a_filtered_answer_says_so(client: ModelClient) -> None:
    assert (await hear(client, "[[fault=content_filter]]")).finish == Finish("content_filter")


async def test_a_server_that_does_not_tell_its_usage(client: ModelClient) -> None:
    heard = await hear(client, "[[fault=no_usage]]")
    assert (heard.text, heard.usage, heard.finish) == (tokens(1, 20), None, Finish("stop"))


async def test_a_line_kept_open_after_the_reason_does_not_hold_the_answer_up(client: ModelClient) -> None:
    """Nor does it turn a whole answer into a stalled one."""
    heard = await hear(client, "[[fault=hold_finish]]")
    assert (heard.text, heard.finish, heard.error) == (tokens(1, 20), Finish("stop"), None)


async def test_a_server_that_does_not_stream_is_taken_at_its_word(client: ModelClient) -> None:
    heard = await hear(client, "[[fault=json]]")
    assert (heard.text, heard.finish) == (tokens(1, 20), Finish("stop"))
    assert heard.usage == Usage(12, 20)


async def test_an_endless_answer_is_cut_and_its_line_closed(address: Endpoint, scripted: RunningEndpoint) -> None:
    client = ModelClient(address, max_chars=1000)
    heard = await hear(client, "[[tokens=1000000]]")
    assert (len(heard.text), heard.finish) == (1000, Finish("length"))
    assert tokens(1, 400).startswith(heard.text)
    (request,) = await requests(scripted)
    assert request["gone"]
    await client.aclose()


@pytest.mark.parametrize(
    ("fault", "parameter", "instead"),
    [("refuse", "stream_options", None), ("refuse_max_tokens", "max_tokens", "max_completion_tokens")],
)
async def test_a_parameter_the_server_refuses_is_left_out_and_remembered(
    client: ModelClient, scripted: RunningEndpoint, fault: str, parameter: str, instead: str | None
) -> None:
    for _ in range(2):
        heard = await hear(client, f"[[fault={fault}]]", max_tokens=7)
        assert (heard.text, heard.finish) == (tokens(1, 20), Finish("stop"))
    log = await requests(scripted)
    assert [request["status"] for request in log] == [400, 200, 200]
    assert [parameter in request["options"] for request in log] == [True, False, False]
    assert instead is None or log[-1]["options"][instead] == 7


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1"])
async def test_a_digitalocean_agent(scripted: RunningEndpoint, path: str) -> None:
    base = scripted.base_url.removesuffix("/v1") + path
    client = ModelClient(Endpoint(base, scripted.api_key, "n/a"))
    assert (await hear(client, "hello")).text == tokens(1, 20)
    (request,) = await requests(scripted)
    assert (request["path"], request["model"]) == ("/api/v1/chat/completions", "n/a")
    await client.aclose()


async def test_a_connection_is_used_again(client: ModelClient, scripted: RunningEndpoint) -> None:
    """A new one costs a round trip and, with TLS, three and a millisecond of CPU."""
    for script in ("", "[[linger=20ms]]", "[[pace=2ms]]", "[[fault=no_done]]", "[[fault=500]]", "[[fault=json]]", ""):
        await hear(client, f"hello {script}")
    assert len({request["connection"] for request in await requests(scripted)}) == 1


async def test_events_are_values(client: ModelClient) -> None:
    assert Text("a") == Text("a")
    assert "key" not in repr(Endpoint("http://user:pw@host/v1", "sk-key", "m"))
