"""Keeps running calls within their grants: extends them in time, names those to be cut."""

from __future__ import annotations

from typing import Final

from freiton.accounting.admission import UNBOUNDED_S, Cut, CutReason
from freiton.accounting.charged_call import ChargedCall
from freiton.accounting.charging_events import GrantExtended
from freiton.accounting.instants import MICROSECONDS, Instant
from freiton.accounting.journal import Journal
from freiton.accounting.schedule import Schedule

# A grant is extended this long before it ends, so that its event is durable by then.
LEAD_US: Final = 1 * MICROSECONDS


class GrantWatch:
    """One deadline per talking call."""

    __slots__ = ("_cuts", "_faulty", "_journal", "_schedule", "_unsaved")

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._schedule = Schedule()
        # Calls whose extension the log did not take; said anew when it is back.
        self._unsaved: dict[str, None] = {}
        # Calls whose extension raised an exception.
        self._faulty: set[str] = set()
        self._cuts: list[Cut] = []

    def arm(self, call: ChargedCall) -> None:
        """Set the next instant at which a call's grant must be looked at."""
        session = call.session
        if session.cap_s == UNBOUNDED_S and not session.is_metered:
            return
        deadline_us = call.deadline_us(session.grant.seconds)
        if session.is_metered and session.grant.seconds < session.cap_s:
            deadline_us -= LEAD_US
        self._schedule.set(call.admitted.call_id, deadline_us)

    def forget(self, call_id: str) -> None:
        """Drop a call that is over."""
        self._schedule.cancel(call_id)
        self._unsaved.pop(call_id, None)
        self._faulty.discard(call_id)

    def next_us(self) -> int | None:
        """Give the earliest instant at which `pass_deadlines` has something to see."""
        return self._schedule.next_us()

    def pass_deadlines(self, when: Instant) -> list[Cut]:
        """Extend what can be extended; a grant that cannot is tried once more at its end.

        Between the two tries money may come in, or another call give its rest back.
        """
        while (call_id := self._schedule.pop_due(when.mono_us)) is not None:
            self._pass_deadline(self._journal.state.calls[call_id], when)
        cuts, self._cuts = self._cuts, []
        return cuts

    def extension_failed(self, call_id: str) -> None:
        """Note an extension that the log did not take; the call goes on with it."""
        if call_id in self._journal.state.calls:
            self._unsaved[call_id] = None

    def repeat_unsaved(self) -> None:
        """Say the running grants anew that the log does not know."""
        unsaved, self._unsaved = self._unsaved, {}
        for call_id in unsaved:
            call = self._journal.state.calls.get(call_id)
            if call is not None and call.anchor is not None:
                self._journal.announce(_extension_of(call, call.anchor))

    def _pass_deadline(self, call: ChargedCall, when: Instant) -> None:
        """Extend one grant or cut it; a fault on the way costs the call, never unpaid seconds."""
        call_id = call.admitted.call_id
        end_us = call.deadline_us(call.session.grant.seconds)
        if call_id in self._faulty:
            self._cuts.append(_cut_of(call))
            return
        # Undone below; what an exception leaves behind is a call that is cut at its grant's end.
        self._faulty.add(call_id)
        self._schedule.set(call_id, max(end_us, when.mono_us + 1))
        is_extended = self._extend(call, when)
        self._faulty.discard(call_id)
        if is_extended:
            self.arm(call)
        elif end_us <= when.mono_us:
            self._schedule.cancel(call_id)
            self._cuts.append(_cut_of(call))

    def _extend(self, call: ChargedCall, when: Instant) -> bool:
        session = call.session
        if not session.is_metered or session.grant.seconds >= session.cap_s:
            return False
        used_us = call.talk_us(when.mono_us)
        answer = session.decide_update(used_us=used_us, at=when.at)
        if answer.grant.seconds <= session.grant.seconds:
            return False
        call_id = call.admitted.call_id
        self._unsaved.pop(call_id, None)
        self._journal.enter(
            GrantExtended(
                when=when,
                call_id=call_id,
                request_number=answer.request_number,
                used_s=used_us // MICROSECONDS,
                granted_s=answer.grant.seconds,
                is_final=answer.grant.is_final,
                price_micros=answer.price_micros,
                spans=answer.spans,
            )
        )
        return True


def _extension_of(call: ChargedCall, anchor: Instant) -> GrantExtended:
    session = call.session
    return GrantExtended(
        # The moment proves nothing new; that of the answer is true of any running grant.
        when=anchor,
        call_id=call.admitted.call_id,
        request_number=session.request_number,
        used_s=0,
        granted_s=session.grant.seconds,
        is_final=session.grant.is_final,
        price_micros=session.price_micros,
        spans=session.allowances.spans,
    )


def _cut_of(call: ChargedCall) -> Cut:
    session = call.session
    if session.grant.seconds >= session.cap_s:
        reason = CutReason.MAX_DURATION
    elif call.admitted.is_prepaid:
        reason = CutReason.CREDIT_EXHAUSTED
    else:
        reason = CutReason.SPENDING_LIMIT
    return Cut(call.admitted.call_id, reason, session.grant.seconds)
