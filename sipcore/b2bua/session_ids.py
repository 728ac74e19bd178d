"""Whose UUIDs stand in the messages of a call (RFC 7989 §7).

Each leg is told the UUID of the other end, so that both ends and everything between them know the
session by the same pair. The switch has none of its own. Where neither end sends a Session-ID none
is written: it would only make messages longer.
"""

from __future__ import annotations

from collections.abc import Iterable

from sipcore.b2bua.call_events import CallCommand, CallEvent, SendAck, SendRequest, SendResponse
from sipcore.b2bua.leg import Leg
from sipcore.message.message import Message, Response
from sipcore.message.session_id import NULL, SessionId
from sipcore.transaction.events import AckReceived, RequestReceived, ResponseReceived


class SessionIds:
    """The UUIDs that the ends of one call have told, by the Call-ID of their legs."""

    __slots__ = ("_heard_last", "_uuids")

    def __init__(self) -> None:
        self._uuids: dict[str, str] = {}
        self._heard_last = ""

    def learn(self, event: CallEvent) -> None:
        """Take the UUID out of a message; an end may change it, after a transfer behind it."""
        if isinstance(event, ResponseReceived):
            self._take(event.response)
        elif isinstance(event, RequestReceived | AckReceived):
            self._take(event.request)

    def write(self, commands: Iterable[CallCommand], *, caller: Leg, callee: Leg | None) -> None:
        """Put the pair into what is sent; while it rings, the callee is whom we heard last."""
        if not self._uuids:
            return
        left = caller.dialog.call_id
        right = self._heard_last if callee is None else callee.dialog.call_id
        for command in commands:
            if isinstance(command, SendResponse):
                self._put(command.response, left, right)
            elif isinstance(command, SendRequest | SendAck):
                self._put(command.request, left, right)

    def _take(self, message: Message) -> None:
        if not message.has("session-id"):
            return
        session_id = SessionId.of(message)
        if session_id is None or session_id.local == NULL:
            return
        leg = message.call_id
        self._uuids[leg] = session_id.local
        if isinstance(message, Response):
            self._heard_last = leg

    def _put(self, message: Message, left: str, right: str) -> None:
        if message.has("session-id"):
            return
        leg = message.call_id
        other = right if leg == left else left
        pair = SessionId(self._uuids.get(other, NULL), self._uuids.get(leg, NULL))
        message.add("session-id", str(pair))
