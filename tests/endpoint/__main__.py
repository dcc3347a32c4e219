"""python -m tests.endpoint [--host HOST] [--port PORT]: see the package's docstring."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys

from tests.endpoint.server import Connection, State


async def serve(host: str, port: int) -> None:
    """Serve until told to stop, or until whoever started us is gone, which closes our standard input."""
    loop = asyncio.get_running_loop()
    state = State()
    over = asyncio.Event()
    server = await loop.create_server(lambda: Connection(state), host, port, backlog=2048)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    print(server.sockets[0].getsockname()[1], flush=True)

    def stopped_listening() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin)
            over.set()

    # A terminal or a file cannot be waited on everywhere; then only a signal ends us.
    with contextlib.suppress(OSError, ValueError):
        if not sys.stdin.isatty():
            loop.add_reader(sys.stdin, stopped_listening)
    await over.wait()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.endpoint")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.port))
