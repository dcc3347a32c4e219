"""The scripted endpoint keeps its own promises: what it is told it does, and what happened stands in its log."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.endpoint import RunningEndpoint, running_endpoint
from tests.endpoint.script import Script, read

ROOT = Path(__file__).resolve().parents[2]


def post(scripted: RunningEndpoint, said: str, *, stream: bool = True, key: str | None = None) -> tuple[int, str]:
    body = {"model": "scripted", "stream": stream, "messages": [{"role": "user", "content": said}]}
    request = urllib.request.Request(
        f"{scripted.base_url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {key or scripted.api_key}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_directive_is_read() -> None:
    script = read('say [[tokens=200 pace=20ms first=0.1s fault=cut at=50 text="a \\"b\\"\\n]" whole]]')
    assert script == Script(
        source='tokens=200 pace=20ms first=0.1s fault=cut at=50 text="a \\"b\\"\\n]" whole',
        tokens=200, pace=0.02, first=0.1, fault="cut", at=50, text='a "b"\n]', whole=True,
    )  # fmt: skip
    assert read("no directive [here]") is None
    assert read("[[tokens=1]] and [[tokens=2]]").tokens == 2  # type: ignore[union-attr]


def test_a_slip_in_a_directive_is_no_plain_answer(scripted: RunningEndpoint) -> None:
    with pytest.raises(ValueError, match="tokns"):
        read("[[tokns=3]]")
    assert post(scripted, "[[tokns=3]]")[0] == 422
    with pytest.raises(urllib.error.HTTPError) as caught:
        scripted.script("[[tokns=3]]")
    caught.value.close()


def test_a_stream_as_openai_writes_it(scripted: RunningEndpoint) -> None:
    status, body = post(scripted, "[[tokens=2]]")
    assert status == 200
    events = body.split("\n\n")
    assert events.pop() == ""
    assert events.pop() == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert [chunk["choices"][0]["delta"].get("content") for chunk in chunks] == ["", "t1 ", "t2 ", None]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None, "stop"]


def test_a_title_each_and_scripts_in_their_order(scripted: RunningEndpoint) -> None:
    scripted.script("[[tokens=1]]", "[[whole fault=500]]", "[[tokens=2]]")
    assert post(scripted, "x", stream=False)[0] == 500
    assert "t1 " in post(scripted, "x")[1]
    assert "t9 " in post(scripted, "[[tokens=9]]")[1], "a directive in the message comes before a waiting script"
    assert "t3 " not in post(scripted, "x")[1]
    titles = [json.loads(post(scripted, "x", stream=False)[1])["choices"][0]["message"]["content"] for _ in range(2)]
    assert titles == ["Title 1", "Title 2"]
    scripted.reset()
    assert scripted.log() == []
    assert "Title 1" in post(scripted, "x", stream=False)[1]


def test_the_log_knows_the_request_but_not_the_key(scripted: RunningEndpoint) -> None:
    post(scripted, "[[tokens=3 first=50ms]]")
    post(scripted, "hello", key="wrong")
    good, bad = scripted.log()
    assert (good["key_ok"], bad["key_ok"]) == (True, False)
    assert (good["status"], bad["status"], good["tokens"], bad["tokens"]) == (200, 401, 3, 0)
    assert good["messages"] == [{"role": "user", "content": "[[tokens=3 first=50ms]]"}]
    assert good["started"] + 0.04 < good["first"] <= good["ended"] < time.time() + 1
    assert good["gone"] is False
    assert scripted.api_key not in json.dumps([good, bad])
    assert "wrong" not in json.dumps(bad)


def test_the_log_sees_a_client_go(scripted: RunningEndpoint) -> None:
    with socket.create_connection(("127.0.0.1", scripted.port), timeout=5) as line:
        body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "[[pace=20ms]]"}]})
        line.sendall(
            f"POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer {scripted.api_key}\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}".encode()
        )
        assert line.recv(100).startswith(b"HTTP/1.1 200")
        assert scripted.log()[0]["ended"] is None
    left = time.time()
    (request,) = scripted.log(settled=2)
    assert request["gone"]
    assert request["ended"] - left < 1
    assert request["tokens"] < 20


def test_models_are_listed(scripted: RunningEndpoint) -> None:
    with urllib.request.urlopen(f"{scripted.base_url}/models", timeout=5) as response:
        assert [model["id"] for model in json.load(response)["data"]] == ["scripted"]


def test_it_ends_with_its_block_and_with_whoever_started_it() -> None:
    with running_endpoint() as endpoint:
        os.kill(endpoint.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(endpoint.pid, 0)
    command = [sys.executable, "-m", "tests.endpoint", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert int(process.stdout.readline()) > 0
        assert process.stdin
        process.stdin.close()  # as when the process that holds the other end is killed
        assert process.wait(timeout=5) == 0


def test_it_ends_on_sigterm_while_it_streams() -> None:
    with running_endpoint() as endpoint:
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=5):
            os.kill(endpoint.pid, signal.SIGTERM)
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline and Path(f"/proc/{endpoint.pid}/stat").read_text().split()[2] != "Z":
                time.sleep(0.02)
        assert Path(f"/proc/{endpoint.pid}/stat").read_text().split()[2] == "Z"
