"""A TCP line to one server, which can be cut, torn down, held and slowed: the faults of a network."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Line:
    """Listens on a port of this machine. Every method blocks until it is so."""

    def __init__(
        self, do: Callable[[Coroutine[Any, Any, Any]], Any], port: int, connect: Callable[[], Awaitable[Ends]]
    ) -> None:
        """`do` runs work in the line's event loop; `connect` reaches the server."""
        self.port = port
        self._do = do
        self._connect = connect
        self._delay = 0.0
        self._flowing = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def up(self) -> None:
        """Whatever was done to it is over."""
        self._do(self._up())

    def down(self) -> None:
        """Cut, and refuse whoever comes."""
        self._do(self._down())

    def cut(self) -> None:
        """Reset every connection; new ones are welcome."""
        self._do(self._cut())

    def hold(self) -> None:
        """Let nothing pass, either way, on connections that stay open, new ones too: silence."""
        self._do(self._set(flowing=False))

    def slow(self, seconds: float) -> None:
        """Let everything pass so much later."""
        self._do(self._set(flowing=True, delay=seconds))

    @property
    def connections(self) -> int:
        return len(self._writers) // 2

    async def _up(self) -> None:
        await self._set(flowing=True)
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512)

    async def _down(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self._cut()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _set(self, *, flowing: bool, delay: float = 0.0) -> None:
        self._delay = delay
        if flowing:
            self._flowing.set()
        else:
            self._flowing.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            # One end that goes takes the other with it, once what it said last has arrived.
            pumps = [self._pump(reader, far_writer), self._pump(far_reader, writer)]
            tasks = [asyncio.ensure_future(pump) for pump in pumps]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for each in both:
                each.close()
            self._writers -= both

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            return
