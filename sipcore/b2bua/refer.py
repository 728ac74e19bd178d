"""One REFER within a dialog, and what its sender is told of it (RFC 3515 §2.4.4, RFC 4488).

A transfer is carried out here, never passed on: the other side may be a carrier that knows no
REFER, and what the transferor dials by it must be charged to him.
"""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.body import Body
from sipcore.b2bua.call_events import CallCommand, Fields
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import Kind
from sipcore.message.event import Event
from sipcore.message.grammar import parse_uint
from sipcore.message.sipfrag import CONTENT_TYPE, write_status
from sipcore.transaction.events import RequestReceived

ACCEPTED: Final = 202

_PACKAGE: Final = "refer"
_EVER: Final = 2**32 - 1
"""The largest Expires there is (RFC 3261 §20.19)."""
_SUBSCRIPTION_S: Final = 300
"""What the transferor is told: longer than any telephone rings."""


class Referral:
    """The transfer that a leg asked for; its subscription ends with the final report."""

    __slots__ = (
        "_event", "_is_silent", "_received", "_told", "is_accepted", "transferor",
    )  # fmt: skip

    def __init__(self, received: RequestReceived, transferor: Leg, *, is_first: bool) -> None:
        request = received.request
        # The first REFER of a dialog needs no id (§2.4.6), and some phones know none.
        self._event = Event(_PACKAGE, "" if is_first else str(request.cseq.number))
        self._is_silent = (request.value("refer-sub") or "").strip().lower() == "false"
        self._received = received
        self._told = (100, "")
        self.transferor = transferor
        self.is_accepted = False

    def accept(self, *, now: float, out: list[CallCommand]) -> None:
        """Say 202, and at once how it stands: nothing is known yet."""
        self.is_accepted = True
        fields: Fields = (("refer-sub", "false"),) if self._is_silent else ()
        fields = (self.transferor.contact_field, *fields)
        self.transferor.respond(self._received, ACCEPTED, out=out, fields=fields)
        self.report(100, "", now=now, out=out)

    def refuse(
        self, status: int, reason: str | None, fields: Fields, *, out: list[CallCommand]
    ) -> None:
        """Refuse the REFER itself; no subscription comes into being."""
        self.transferor.respond(self._received, status, out=out, reason=reason, fields=fields)

    def report(self, status: int, reason: str, *, now: float, out: list[CallCommand]) -> None:
        """Notify the transferor, unless he wants to hear nothing or cannot any more."""
        self._told = (status, reason)
        if self._is_silent or self.transferor.is_over:
            return
        state = f"active;expires={_SUBSCRIPTION_S}"
        if status >= 200:
            state = "terminated;reason=noresource"
        self._notify(status, reason, state, now=now, out=out)

    def _notify(
        self, status: int, reason: str, state: str, *, now: float, out: list[CallCommand]
    ) -> None:
        self.transferor.send(
            Kind.NOTIFY,
            "NOTIFY",
            now=now,
            out=out,
            body=Body(write_status(status, reason), (("content-type", CONTENT_TYPE),)),
            fields=(
                self.transferor.contact_field,
                ("event", str(self._event)),
                ("subscription-state", state),
            ),
        )

    def is_of(self, event: Event) -> bool:
        """Tell whether a SUBSCRIBE means this transfer; the first needs no id (§2.4.6)."""
        number = str(self._received.request.cseq.number)
        return event == self._event or event == Event(_PACKAGE, number)

    def refresh(self, event: RequestReceived, *, now: float, out: list[CallCommand]) -> None:
        """Refresh the subscription, or end it, and say how the transfer stands (§2.4.4).

        Its time is not counted: it lasts as long as the transfer. RemoteError for an Expires that
        is none.
        """
        value = event.request.value("expires")
        asked_s = _SUBSCRIPTION_S if value is None else parse_uint(value, "Expires", maximum=_EVER)
        granted_s = min(asked_s, _SUBSCRIPTION_S)
        fields = (self.transferor.contact_field, ("expires", str(granted_s)))
        self.transferor.respond(event, 200, out=out, fields=fields)
        state = f"active;expires={granted_s}" if granted_s else "terminated;reason=timeout"
        self._notify(*self._told, state, now=now, out=out)
        self._is_silent = granted_s == 0

    def fall_silent(self) -> None:
        """Notify no more: the transferor does not listen."""
        self._is_silent = True
