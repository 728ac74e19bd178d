"""A simulated carrier: every number answers, but those that it has no way to."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from freiton.demo.user_agent import UserAgent
from sipcore.identifiers import Identifiers
from sipcore.message import SipUri
from sipcore.transaction.events import RequestReceived, TransactionId

RING_S: Final = 0.3


class Carrier(UserAgent):
    """The other end of a trunk; ``fails_for`` are the numbers to which it has no line (503)."""

    def __init__(self, name: str, identifiers: Identifiers, *, fails_for: frozenset[str]) -> None:
        super().__init__(name, identifiers)
        self._fails_for = fails_for
        self._ringing: dict[TransactionId, tuple[RequestReceived, asyncio.TimerHandle]] = {}

    @property
    def called(self) -> list[str]:
        """The numbers that were called over this trunk, also in vain."""
        return [
            request.uri.user or ""
            for request in self.received
            if request.method == "INVITE" and isinstance(request.uri, SipUri)
        ]

    def invited(self, invite: RequestReceived, *, now: float) -> None:
        """Let it ring for a moment, then answer."""
        uri = invite.request.uri
        if isinstance(uri, SipUri) and uri.user in self._fails_for:
            self.answer(invite, 503, now=now)
            return
        self.answer(invite, 180, now=now)
        timer = self._loop.call_later(RING_S, self._pick_up, invite.transaction)
        self._ringing[invite.transaction] = invite, timer

    def cancelled(self, transaction: TransactionId, *, now: float) -> None:
        """Stop ringing."""
        ringing = self._ringing.pop(transaction, None)
        if ringing is not None:
            invite, timer = ringing
            timer.cancel()
            self.answer(invite, 487, now=now)

    def _pick_up(self, transaction: TransactionId) -> None:
        invite, _ = self._ringing.pop(transaction)
        self.answer(invite, 200, now=time.monotonic())
        self.settle()
