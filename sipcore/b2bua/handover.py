"""The transfer that a call is in the middle of: who asked for it, who comes, who is about to leave.

What it means to the seats of the call is the bridge's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sipcore.b2bua.body import Body
from sipcore.b2bua.call_events import AnswerRefer, CallCommand, Referred, ReportRefer
from sipcore.b2bua.header_policy import hops_left
from sipcore.b2bua.joining import Joining
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import Kind, Pending
from sipcore.b2bua.refer import ACCEPTED, Referral
from sipcore.b2bua.settings import CallSettings
from sipcore.identifiers import Identifiers
from sipcore.message.event import Event
from sipcore.message.refer_to import ReferTo
from sipcore.transaction.events import RequestReceived

GONE_STATUS: Final = 480

_NEWCOMERS: Final = 1_000
"""Numbers of legs that came from other calls are above those of any fork."""


def newcomer_number(numbers: Iterable[int]) -> int:
    """Return the number of a leg that comes in beside those."""
    return max((*numbers, _NEWCOMERS)) + 1


def is_told(leg: Leg) -> bool:
    """Tell whether a peer has still to answer a NOTIFY: then it has not heard all of a transfer."""
    return any(pending.kind is Kind.NOTIFY for pending in leg.pending.values())


class Handover:
    """One transfer at a time, from REFER to the transferor's BYE."""

    __slots__ = (
        "_identifiers", "_joining", "_parting", "_referral", "_referrers", "_settings", "awaited",
        "is_crossed", "replaced",
    )  # fmt: skip

    def __init__(self, identifiers: Identifiers, settings: CallSettings) -> None:
        self._identifiers = identifiers
        self._settings = settings
        self._referral: Referral | None = None
        self._referrers: set[int] = set()
        self._joining: Joining | None = None
        self.replaced: Leg | None = None
        """A leg that another one takes the place of, without having asked for it."""
        self.awaited: Leg | None = None
        """Who takes its place as soon as that is durable."""
        self.is_crossed = False
        """Whether the two that are joined have a session already, of two offers that met."""
        # Legs that are ended when they have heard the last report of their transfer.
        self._parting: set[int] = set()

    @property
    def is_open(self) -> bool:
        """Whether a transfer is under way, so that another one has to wait (491)."""
        return not (self._referral is None and self._joining is None and self.awaited is None)

    @property
    def transferor(self) -> Leg | None:
        """The leg that asked for the transfer, or that another one takes the place of."""
        return self.replaced if self._referral is None else self._referral.transferor

    def replace(self, leg: Leg, newcomer: Leg) -> None:
        """Await the record by which a newcomer takes the place of a leg that did not ask for it."""
        self.replaced, self.awaited = leg, newcomer

    @property
    def newcomer(self) -> Leg | None:
        """The leg that is about to take the transferor's place."""
        return self.awaited if self._joining is None else self._joining.newcomer

    # The transferor.

    def refer(self, event: RequestReceived, leg: Leg, *, out: list[CallCommand]) -> None:
        """Ask call control about a transfer; RemoteError for a Refer-To that is none."""
        refer_to = ReferTo.of(event.request)
        self._referral = Referral(event, leg, is_first=leg.number not in self._referrers)
        out.append(Referred(leg.party, refer_to, hops_left(event.request)))

    def answer(self, event: AnswerRefer, *, now: float, out: list[CallCommand]) -> None:
        """Accept or refuse it."""
        referral = self._referral
        if referral is None or referral.is_accepted:
            return
        if event.status == ACCEPTED:
            self._referrers.add(referral.transferor.number)
            referral.accept(now=now, out=out)
        else:
            self._referral = None
            referral.refuse(event.status, event.reason, event.fields, out=out)

    def subscribe(
        self, event: RequestReceived, leg: Leg, *, now: float, out: list[CallCommand]
    ) -> None:
        """Take a SUBSCRIBE within the dialog: only a transfer may be meant by it (RFC 3515)."""
        asked, referral = Event.parse(event.request.required("event")), self._referral
        if asked.type != "refer":
            leg.respond(event, 489, out=out, fields=(("allow-events", "refer"),))
        elif referral is None or leg is not referral.transferor or not referral.is_of(asked):
            leg.respond(event, 481, out=out)
        elif leg.is_crowded:
            # It asks faster than it answers our NOTIFYs.
            leg.respond(event, 491, out=out)
        else:
            referral.refresh(event, now=now, out=out)

    def report(self, event: ReportRefer, *, now: float, out: list[CallCommand]) -> Leg | None:
        """Tell the transferor; returns him when this ends a transfer that he did not wait for."""
        referral = self._referral
        if referral is None or not referral.is_accepted:
            return None
        referral.report(event.status, event.reason, now=now, out=out)
        if event.status < 200:
            return None
        self._referral = None
        return referral.transferor if referral.transferor.is_over else None

    def conclude_report(self, leg: Leg, status: int, *, now: float, out: list[CallCommand]) -> None:
        """Take the answer to a NOTIFY; a transferor that refuses one gets no more."""
        if status >= 300 and self._referral is not None and leg is self.transferor:
            self._referral.fall_silent()
        if leg.number in self._parting:
            self._parting.discard(leg.number)
            self.part(leg, now=now, out=out)

    def part(self, leg: Leg, *, now: float, out: list[CallCommand]) -> None:
        """Hang up on a leg once its last report is answered: the BYE must not overtake it."""
        if is_told(leg):
            self._parting.add(leg.number)
        else:
            leg.hang_up(now=now, out=out)

    # The newcomer; each returns a final status, or None while the exchange goes on.

    def join(self, stays: Leg, newcomer: Leg, *, now: float, out: list[CallCommand]) -> int | None:
        """Begin to let two legs hear each other."""
        self.awaited = None
        self._joining = Joining(
            stays, newcomer, identifiers=self._identifiers, settings=self._settings
        )
        return self._joining.begin(now=now, out=out)

    def conclude(
        self,
        leg: Leg,
        pending: Pending,
        status: int,
        body: Body,
        *,
        now: float,
        out: list[CallCommand],
    ) -> int | None:
        """Take the final response to a re-INVITE that joins."""
        if self._joining is not None:
            return self._joining.conclude(leg, pending, status, body, now=now, out=out)
        if leg.unacknowledged is not None:
            # The transfer was given up meanwhile; the leg is being ended.
            leg.reject_offer()
            leg.acknowledge(leg.unacknowledged, out=out)
        return None

    def fire(self, *, now: float, out: list[CallCommand]) -> int | None:
        """Do what is due."""
        return None if self._joining is None else self._joining.fire(now=now, out=out)

    def next_deadline(self) -> float | None:
        """Return when ``fire`` has something to do."""
        return None if self._joining is None else self._joining.next_deadline()

    def end_exchange(self) -> Leg | None:
        """Forget the exchange, which is over; returns the newcomer."""
        newcomer = self.newcomer
        self._joining = self.replaced = self.awaited = None
        self.is_crossed = False
        return newcomer

    def abandon(self, *, out: list[CallCommand]) -> None:
        """Give the transfer up, because the call is over or the newcomer is gone."""
        if self._joining is not None:
            self._joining.abandon(out=out)
