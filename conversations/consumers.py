"""The socket door: authenticate, join, snapshot, parse, call, relay. One consumer is one tab (docs/wire.md)."""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY

from accounts.sessions import Held
from conversations import live, snapshots, wire
from conversations.allowance import Allowance
from conversations.database import DatabaseDown, in_database, in_time
from conversations.errors import (
    BadFrame,
    ChatError,
    NotFound,
    fault,
    rate_limited,
    too_many_open,
    unavailable,
    uncertain,
)
from conversations.pulse import AWAY, ended, pulse
from conversations.relay import Relay
from conversations.requests import carry_out
from conversations.window import Window
from conversations.wire import encode

logger = logging.getLogger(__name__)

MOST_RELAYS = 20  # conversations one socket may read at once
CARRIED_OUT_WITHIN = 15.0  # seconds; a browser hangs up after 20 without a word
BAD_FRAMES = 3  # that are no JSON object, after which the socket is closed


class ChatConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.relays: dict[str, Relay] = {}  # by conversation
        self.window = Window()
        self.sending = 0  # frames that the server has not yet taken from us
        self.pings = 0
        self.heard = self.pinged = asyncio.get_running_loop().time()
        self.allowance = Allowance(self.heard)
        self.bad_frames = 0
        self.closed = False
        self.pulse = pulse()
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Not in `disconnect`: the server need not call it (a handler that is cancelled, a broken layer).
            await self._leave()

    # --- Coming and going ---------------------------------------------------------------------------------------

    async def connect(self) -> None:
        self.user = self.scope["user"]
        await self.accept()
        if not self.user.is_authenticated:
            await self.end_session()
            return
        if self.pulse.draining:  # it was on its way when the others were sent away
            await self.send_away(reconnect_in=AWAY)
            return
        session = self.scope["session"]
        self.held = Held(self.user.pk, session.session_key, session.get(HASH_SESSION_KEY, ""))
        if self.pulse.members[self.user.pk] >= settings.SOCKETS_PER_MEMBER:
            await self._refuse(rate_limited(60), wire.TOO_MANY)
            return
        self.pulse.join(self)
        await self.channel_layer.group_add(live.group_of_member(self.user.pk), self.channel_name)
        await self._send(
            wire.Hello(
                type="hello",
                v=wire.VERSION,
                user=self.user.pk,
                heartbeat=wire.HEARTBEAT,
                max_frame=wire.MAX_FRAME,
                max_text=wire.MAX_TEXT,
            )
        )

    async def end_session(self) -> None:
        await self._refuse(ChatError("session_over", "You are signed out. Sign in again."), wire.SESSION_OVER)

    async def send_away(self, *, reconnect_in: float) -> None:
        await self._send(wire.Draining(type="draining", reconnect_in=round(reconnect_in, 2)))
        await self.close(code=wire.DRAINING)

    async def beat(self, now: float) -> None:
        """Ask for a sign of life when it is time; close when none has come."""
        if now - self.heard > wire.PONG_WITHIN:
            await self.close(code=wire.NO_PONG)
        elif self.sending:
            return  # a server that makes us wait for a slow reader must not make the others wait for their heartbeat
        elif now - self.pinged >= wire.HEARTBEAT:
            self.pinged = now
            self.pings += 1
            await self._send(wire.Ping(type="ping", n=self.pings))

    async def _refuse(self, error: ChatError, code: int) -> None:
        await self._send(wire.error_frame(error, fatal=True))
        await self.close(code=code)

    async def _leave(self) -> None:
        self.pulse.leave(self)
        groups = [live.group_of(conversation) for conversation in self.relays]
        for relay in self.relays.values():
            self.pulse.readers.discard(relay)
        self.relays.clear()
        if getattr(self, "user", None) is not None and self.user.is_authenticated:
            groups.append(live.group_of_member(self.user.pk))
        for group in groups:
            await self.channel_layer.group_discard(group, self.channel_name)
        await self.channel_layer.close_channel(self.channel_name)

    # --- From the browser ---------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.closed:
            return
        self.heard = asyncio.get_running_loop().time()
        ref = None
        try:
            if text_data is None:
                raise BadFrame("bad_json", "A frame is one JSON object, sent as text.")
            raw = wire.decode(text_data)
            ref = wire.ref_of(raw)
            self.allowance.take(self.heard)
            await self._handle(wire.parse(raw))
        except ChatError as error:
            await self._answer_refusal(error, ref)
        except (*DatabaseDown, TimeoutError) as error:
            logger.warning("a frame could not be served: %s", type(error).__name__)
            refusal = uncertain() if isinstance(error, TimeoutError) else unavailable()
            await self._send(wire.error_frame(refusal, ref))
        except Exception:
            logger.exception("a frame failed")
            await self._send(wire.error_frame(fault(), ref))

    async def _handle(self, frame: wire.ClientFrame) -> None:
        match frame:
            case wire.Subscribe():
                await self._subscribe(frame)
            case wire.Unsubscribe(conversation):
                await self._unsubscribe(str(conversation))
            case wire.Ack(frames):
                if not self.window.acknowledge(frames):
                    raise BadFrame("bad_field", "The field “n” should be a number of frames that were sent.")
            case wire.Pong():
                pass  # that it came is all it says
            case _:
                # It may yet be done once Postgres speaks again: what is sent a second time is the same message.
                async with asyncio.timeout(CARRIED_OUT_WITHIN):
                    stored = await in_database(carry_out, user=self.user, request=frame)
                if stored is not None:
                    await self._send(stored)

    async def _subscribe(self, frame: wire.Subscribe) -> None:
        """Join first, then read, then relay: what happens meanwhile waits in this socket's queue."""
        if self.window.busy:
            raise rate_limited(1.0)
        conversation = str(frame.conversation)
        await self._unsubscribe(conversation)
        if len(self.relays) >= MOST_RELAYS:
            raise too_many_open()  # and none is dropped in its place: the page would not know that it hears no more
        await self.channel_layer.group_add(live.group_of(conversation), self.channel_name)
        relay = Relay(
            conversation=frame.conversation,
            log=live.log(),
            read=partial(self._read, frame.conversation),
            send=self._send_text,
            gone=self._gone,
        )
        try:
            async with asyncio.timeout(CARRIED_OUT_WITHIN):
                await relay.start(since=frame.rev, cursor=frame.reply)
        except BaseException:
            await self.channel_layer.group_discard(live.group_of(conversation), self.channel_name)
            raise
        self.relays[conversation] = relay
        self.pulse.readers.add(relay)

    async def _unsubscribe(self, conversation: str) -> None:
        relay = self.relays.pop(conversation, None)
        if relay is not None:
            relay.stop()
            self.pulse.readers.discard(relay)
            await self.channel_layer.group_discard(live.group_of(conversation), self.channel_name)

    async def _answer_refusal(self, error: ChatError, ref: str | None) -> None:
        if error.code == "too_large":
            await self._refuse(error, wire.FRAME_TOO_LARGE)
            return
        self.bad_frames += error.code == "bad_json"
        if self.bad_frames >= BAD_FRAMES:
            await self._refuse(error, wire.BAD_PROTOCOL)
        elif self.allowance.abused:
            await self._refuse(error, wire.TOO_MANY)
        else:
            await self._send(wire.error_frame(error, ref))

    # --- From the group -----------------------------------------------------------------------------------------

    async def dispatch(self, message: Any) -> None:
        # Channels' own dispatch goes through its one database thread before every event. Nothing here uses that thread.
        handler = self._handlers.get(message["type"])
        if handler is None:
            raise ValueError(f"no handler for {message['type']}")
        try:
            await handler(self, message)
        except DatabaseDown as error:
            # What an event tells of is looked for again, once Postgres is back; until then the socket has its use.
            logger.warning("an event could not be heard: %s", type(error).__name__)

    async def reply_event(self, event: live.Event) -> None:
        relay = self.relays.get(event["conversation"])
        if relay is not None:
            await relay.on_reply(event)

    async def conversation_changed(self, event: Mapping[str, Any]) -> None:
        relay = self.relays.get(event["conversation"])
        if relay is not None:
            await relay.on_changed(event)

    async def member_told(self, event: Mapping[str, Any]) -> None:
        await self._send_text(event["frame"])

    async def conversation_gone(self, event: Mapping[str, Any]) -> None:
        await self._unsubscribe(event["conversation"])
        await self._send_text(event["frame"])

    async def session_ended(self, event: Mapping[str, Any]) -> None:
        if event["session"] == self.held.session or (event["session"] is None and await ended({self.held})):
            await self.end_session()

    _handlers = {
        "websocket.connect": AsyncWebsocketConsumer.websocket_connect,
        "websocket.receive": AsyncWebsocketConsumer.websocket_receive,
        "websocket.disconnect": AsyncWebsocketConsumer.websocket_disconnect,
        "reply.event": reply_event,
        "conversation.changed": conversation_changed,
        "conversation.gone": conversation_gone,
        "member.told": member_told,
        "session.ended": session_ended,
    }

    # --- Reading and sending ------------------------------------------------------------------------------------

    async def _read(self, conversation: uuid.UUID, since: int | None) -> snapshots.View:
        # Who has something is shown what the log says meanwhile. Who has nothing yet waits, as for all that is asked.
        visit = in_time if str(conversation) in self.relays else in_database
        return await visit(snapshots.read, self.user, conversation, since=since)

    async def _gone(self, conversation: uuid.UUID) -> None:
        await self._unsubscribe(str(conversation))
        await self._send(wire.error_frame(NotFound(), str(conversation)))

    async def _send(self, frame: wire.ServerFrame) -> None:
        await self._send_text(encode(frame))

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        if self.closed:
            return
        self.closed = True
        await super().close(code=code, reason=reason)

    async def _send_text(self, text: str) -> None:
        if self.closed:
            return  # frames and events that were on their way when we closed
        if self.window.full:
            logger.info("a reader is too slow: its socket is closed")
            await self.close(code=wire.TOO_SLOW)
            return
        self.window.add(text)
        self.sending += 1
        try:
            await self.base_send({"type": "websocket.send", "text": text})
        finally:
            self.sending -= 1
