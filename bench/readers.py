"""Members with open tabs, as lean as can be: they send, read every frame, and check every number."""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect


@dataclass(slots=True)
class Answer:
    """What one reader saw of one answer. `first` is in seconds after the send; `faults` counts numbers out of order."""

    first: float = 0.0
    text: str = ""
    faults: int = 0


class Reader:
    """One tab in one conversation of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._conversation = str(uuid.uuid4())
        self._subscribed = False
        self._taken = 0

    @classmethod
    async def open(cls, address: str, cookie: str, origin: str) -> "Reader":
        socket = await connect(
            f"{address}/ws/v1/", additional_headers={"Cookie": cookie, "Origin": origin}, max_queue=1024
        )
        await socket.recv()  # hello
        reader = cls(socket)
        await reader._take()
        return reader

    async def ask(self, question: str) -> Answer:
        """Send, and read until the answer has ended."""
        answer = Answer()
        began = time.perf_counter()
        await self._send(
            type="send",
            client_id=str(uuid.uuid4()),
            conversation=self._conversation,
            text=question,
            personality="assistant",
        )
        reply, seq = "", 0
        async for raw in self._socket:
            frame = json.loads(raw)
            await self._take()
            kind = frame["type"]
            if kind == "ack":
                reply = frame["reply"]
                if not self._subscribed:
                    self._subscribed = True
                    await self._send(type="subscribe", conversation=self._conversation)
            elif kind == "snapshot":
                for message in frame["messages"]:
                    if message["id"] == reply and message["reply"]["seq"] >= seq:
                        answer.text, seq = message["text"], message["reply"]["seq"]
                        if message["reply"]["status"] not in ("waiting", "queued", "streaming"):
                            return answer
            elif kind in ("delta", "reset", "reply", "end"):
                answer.faults += frame["seq"] != seq + 1 and kind != "reset"
                seq = frame["seq"]
                if kind == "delta":
                    answer.first = answer.first or time.perf_counter() - began
                    answer.text += frame["text"]
                elif kind == "reset":
                    answer.text = frame["text"]
                elif kind == "end":
                    return answer
            elif kind == "ping":
                await self._send(type="pong", n=frame["n"])
            elif kind == "error":
                raise RuntimeError(f"refused: {frame['code']}")
        raise RuntimeError("the socket was closed")

    async def close(self) -> None:
        await self._socket.close()

    async def _take(self) -> None:
        """Acknowledge as a page does: the first frame, and then every 64."""
        self._taken += 1
        if self._taken % 64 == 1:
            await self._send(type="ack", n=self._taken)

    async def _send(self, **frame: object) -> None:
        await self._socket.send(json.dumps(frame))


async def talks(
    address: str, cookies: list[str], origin: str, question: str, *, messages: int, spread: float
) -> list[Answer]:
    """A reader for each of `cookies` asks `messages` questions in a conversation of its own.

    Their first ones are spread over `spread` seconds.
    """
    readers = await asyncio.gather(*(Reader.open(address, cookie, origin) for cookie in cookies))

    async def talk(number: int, reader: Reader) -> list[Answer]:
        await asyncio.sleep(spread * number / len(cookies))
        return [await reader.ask(question) for _ in range(messages)]

    try:
        results = await asyncio.gather(*(talk(number, reader) for number, reader in enumerate(readers)))
    finally:
        await asyncio.gather(*(reader.close() for reader in readers), return_exceptions=True)
    return [answer for result in results for answer in result]


def lost(answer: Answer, expected: str) -> int:
    """Tokens that are missing, doubled or out of place."""
    if answer.text == expected:
        return answer.faults
    seen, wanted = answer.text.split(), expected.split()
    return max(1, answer.faults, len(wanted) - len(set(seen) & set(wanted)), len(seen) - len(wanted))
