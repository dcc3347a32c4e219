"""Daphne with a drain: on SIGTERM it takes nobody new, sends its sockets away in peace and finishes its answers.

Daphne alone drops every socket without a close frame, and a task of its event loop without a word.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from daphne.server import Server
from django.conf import settings

from conversations.pulse import pulse
from conversations.replies import ReplyRunner
from conversations.wire import MAX_FRAME
from operations import health, lines

logger = logging.getLogger(__name__)

SERVED_WITHIN = 5.0  # seconds that what is asked of us while we are told to go has to come to its end


class Daphne(Server):  # type: ignore[misc]
    """Remembers where it listens, so that it can stop: each of `listeners` comes to its port."""

    def listen_success(self, port: Any) -> Any:
        super().listen_success(port)
        return port


class DrainingServer:
    """One process: the pages, the sockets and, unless told otherwise, a runner."""

    def __init__(self, application: Any, *, host: str, port: int, runner: Callable[[], ReplyRunner] | None) -> None:
        address = host.replace(":", r"\:")
        self._server = Daphne(
            application,
            endpoints=[f"tcp:port={port}:interface={address}"],
            signal_handlers=False,
            verbosity=0,
            # Twice what we accept: a frame a little too long gets an answer instead of a dead line.
            websocket_max_message_size=2 * MAX_FRAME,
            websocket_max_frame_size=2 * MAX_FRAME,
            websocket_handshake_timeout=10,
            websocket_timeout=-1,  # never: daphne's own day ends with 1000, after which a page does not come again
            ready_callable=self._begin,
            server_name="parley",
        )
        self._new_runner = runner
        self._runner: ReplyRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed = False

    def run(self) -> int:
        """Serve until told to stop. Returns the exit code."""
        self._server.run()
        return 1 if self._failed or not self._server.listening_addresses else 0

    def _begin(self) -> None:
        lines.bound(self._server.ws_factory)
        loop = asyncio.get_event_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop)
        # The loop runs only once the reactor does.
        loop.call_soon(lambda: self._start(self._work()))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        if self._new_runner is None:
            return
        try:
            self._runner = self._new_runner()
            await self._runner.run()
        except asyncio.CancelledError:
            raise
        except Exception:
            # Pages without answers would look alive; whoever supervises this process starts it again.
            logger.exception("the runner died")
            self._failed = True
            self._told_to_stop()

    def _told_to_stop(self) -> None:
        if health.draining:
            logger.warning("told twice: stopping at once")
            self._server.stop()
            return
        health.draining = True
        self._start(self._drain())

    async def _drain(self) -> None:
        logger.info("draining")
        try:
            for listener in self._server.listeners:
                listener.addCallback(lambda port: port.stopListening())
            answers = self._runner.drain(settings.DRAIN_REPLIES_SECONDS) if self._runner else asyncio.sleep(0)
            await asyncio.gather(pulse().drain(settings.DRAIN_SOCKETS_SECONDS), answers)
            with suppress(TimeoutError):
                async with asyncio.timeout(SERVED_WITHIN):
                    await self._all_served()
        finally:
            self._server.stop()

    async def _all_served(self) -> None:
        """Until every page is made, every handshake done and every close answered."""
        while being_served := self._being_served():
            await asyncio.wait(being_served)
        await asyncio.sleep(0.05)  # the last words of it are still to be written

    def _being_served(self) -> list[asyncio.Future[None]]:
        applications = [each.get("application_instance") for each in self._server.connections.values()]
        return [each for each in applications if each is not None and not each.done()]


def serve(application: Any, *, host: str, port: int, runner: Callable[[], ReplyRunner] | None) -> None:
    sys.exit(DrainingServer(application, host=host, port=port, runner=runner).run())
