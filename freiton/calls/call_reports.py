"""What is told of calls: to followers, to the log (one line per attempt), and to the counters."""

from __future__ import annotations

from typing import Final, Protocol

from freiton.calls.admission_request import called_text
from freiton.calls.ports import CallStates, CallStream, Site, WallClock
from freiton.calls.running_call import RunningCall
from freiton.calls.stream import CallReport, Kind
from freiton.routing.decision import CallKind
from freiton.routing.refusals import RefusalCause
from rating.cdr import CallDetailRecord
from rating.engine import Quote, RatedCall, describe
from sipcore.b2bua.call_events import Target

RESULTS: Final = ("answered", "refused", "busy", "unanswered", "cancelled", "failed")
BUSY: Final = frozenset({486, 600})
UNANSWERED: Final = frozenset({408, 480})
CANCELLED: Final = 487
UNROUTED: Final = "unrouted"
"""The kind of an attempt that was refused before anybody knew where it would go."""
OK: Final = 200


class Journal(Protocol):
    """Where the line of a call is written; the composition root's log."""

    def info(self, event: str, **fields: object) -> None:
        """Write a line."""
        ...


class CallCounts:
    """Plain integers that only grow; read at scrape time."""

    __slots__ = ("charged_micros", "ended", "refusals", "talk_us")

    def __init__(self) -> None:
        self.ended: dict[tuple[str, str], int] = {
            (kind, result): 0 for kind in (*CallKind, UNROUTED) for result in RESULTS
        }
        self.refusals: dict[str, int] = {cause.value: 0 for cause in RefusalCause}
        self.talk_us = 0
        self.charged_micros = 0


class CallReports:
    """Tells whoever wants to know; nothing here can change or end a call."""

    def __init__(
        self,
        stream: CallStream,
        clock: WallClock,
        journal: Journal,
        site: Site,
        *,
        states: CallStates,
    ) -> None:
        self._site = site
        self._stream = stream
        self._states = states
        self._clock = clock
        self._journal = journal
        self.counts = CallCounts()

    def step(self, running: RunningCall) -> None:
        """Tell that something happened to a call, whatever it was."""
        self._states.note(running)

    def admit(self, running: RunningCall, *, now: float) -> None:
        """Tell that a call has its place."""
        self._publish("admit", running, now=now)

    def answer(self, running: RunningCall, *, now: float) -> None:
        """Tell that a call is talked on."""
        self._publish("answer", running, now=now)

    def join(self, running: RunningCall, *, now: float) -> None:
        """Tell that a call is part of another's conversation."""
        self._journal.info("call joined", call=running.id, joined_to=running.host)
        self._publish("join", running, now=now)

    def tick(self, running: RunningCall, cost: RatedCall | None, *, now: float) -> None:
        """Tell that a call goes on; ``cost`` is its price up to now."""
        self._publish("tick", running, now=now, cost=cost)

    def leg(
        self, running: RunningCall, target: Target, result: str, *, status: int | None = None
    ) -> None:
        """Write the line of a callee's leg; that of the caller's is the line of the call.

        ``result`` is one of ``RESULTS``, or ``elsewhere`` where another device answered.
        """
        self._journal.info(
            "leg ended" if result != "answered" else "leg answered",
            call=running.id,
            target=target.name,
            result=result,
            status=status,
        )

    def end(self, record: CallDetailRecord) -> None:
        """Tell that an admitted call is over."""
        result = result_of(record)
        self.counts.talk_us += record.duration_us if record.answered_at else 0
        self.counts.charged_micros += record.gross_micros
        self._told("end", record, result=result)

    def refuse(self, record: CallDetailRecord, *, cause: RefusalCause | None) -> None:
        """Tell that an attempt never became a call; without ``cause`` nobody refused it."""
        if cause is not None:
            self.count_refusal(cause)
        result = result_of_status(record.sip_status or 0) if cause is None else "refused"
        self._told("refuse", record, result=result)

    def count_refusal(self, cause: RefusalCause) -> None:
        """Count a refusal whose record the accounting has written by itself."""
        self.counts.refusals[cause.value] += 1

    def _told(self, what: Kind, record: CallDetailRecord, *, result: str) -> None:
        kind = record.direction or UNROUTED
        if (kind, result) in self.counts.ended:
            self.counts.ended[kind, result] += 1
        self._journal.info(
            "call ended" if what == "end" else "call refused",
            call=record.call_id,
            kind=kind,
            result=result,
            account=record.account_id,
            calling=record.calling_number,
            called=record.called_number,
            trunk=record.trunk_id,
            ending=record.ending,
            released_by=record.released_by,
            status=record.sip_status,
            talk_s=record.duration_us / 1_000_000,
            plan=_plan_of(record.quote),
            allowance_s=sum(record.allowance_used_s.values()),
            gross_micros=record.gross_micros,
            **({"joined": record.joined_call_ids} if record.joined_call_ids else {}),
            **({"referred_by": record.referred_by} if record.referred_by else {}),
        )
        if not self._stream.is_followed:
            return
        self._stream.publish(
            CallReport(
                kind=what,
                call_id=record.call_id,
                at=record.ended_at.isoformat(timespec="milliseconds"),
                account=self._account_name(record.account_id),
                call_kind=kind,
                calling_number=record.calling_number,
                called_number=record.called_number,
                talk_s=record.duration_us / 1_000_000,
                cost_micros=None if record.quote is None else record.gross_micros,
                plan=_plan_of(record.quote),
                allowance_s=sum(record.allowance_used_s.values()),
                joined_to=" ".join(record.joined_call_ids),
                referred_by=record.referred_by,
                cause=record.ending,
                status=record.sip_status or 0,
            )
        )

    def _account_name(self, account_id: str) -> str:
        """Return the name of an account; its id when it was removed meanwhile."""
        account = self._site.directory.account(int(account_id)) if account_id else None
        return account_id if account is None else account.name

    def _publish(
        self, what: Kind, running: RunningCall, *, now: float, cost: RatedCall | None = None
    ) -> None:
        decision = running.decision
        if not self._stream.is_followed:
            return
        since = running.talking_since
        caller = None if decision is None else decision.caller or decision.called_account
        quote = running.conditions.quote
        self._stream.publish(
            CallReport(
                kind=what,
                call_id=running.id,
                at=self._clock.utc().isoformat(timespec="milliseconds"),
                account="" if caller is None else caller.name,
                call_kind="" if decision is None else decision.kind.value,
                calling_number="" if decision is None else decision.calling_number or "",
                called_number="" if decision is None else called_text(decision),
                talk_s=0.0 if since is None else round(now - since, 3),
                cost_micros=None if cost is None else cost.gross_micros,
                price="" if quote is None else describe(quote, "en"),
                plan=_plan_of(quote),
                allowance_s=0 if cost is None else sum(cost.allowance_used_s),
                joined_to=running.host,
                referred_by=running.referred_from,
            )
        )


def _plan_of(quote: Quote | None) -> str:
    return "" if quote is None or quote.provider is None else f"{quote.provider}/{quote.plan_id}"


def result_of_status(status: int) -> str:
    """Return one of ``RESULTS`` for the final response that the caller got."""
    if status == OK:
        return "answered"
    if status == CANCELLED:
        return "cancelled"
    if status in BUSY:
        return "busy"
    return "unanswered" if status in UNANSWERED else "failed"


def result_of(record: CallDetailRecord) -> str:
    """Return one of ``RESULTS`` for an admitted call, whatever ended it."""
    if record.answered_at is not None:
        return "answered"
    return result_of_status(record.sip_status or 0)
