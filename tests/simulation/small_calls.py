"""Two calls for one slot, and every order of what may happen to them.

A `SmallTown` offers the events that are possible now and lets one of them happen. Every beat of
the switch and every end is judged: by the log, the phones' own truth, and the books.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from freiton.accounting.charging_events import (
    AttemptRefused,
    CallAdmitted,
    CallAnswered,
    CallEnded,
    CallEvent,
)
from freiton.calls.running_call import RunningCall
from sipcore.b2bua.silent_call import SilentCall
from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, Town, account, trunk

T = TypeVar("T")
Event = tuple[str, int]
OWNER: Final = "account/1/outgoing"
TRUNK: Final = "trunk/1"
STEP_S: Final = 0.001
"""Every event has an instant of its own, so that each order charges other times."""
US: Final = 1_000_000


@dataclass(frozen=True)
class Bounds:
    """What two calls dial, and how much may go wrong on the way."""

    dialled: tuple[str, str] = (f"{MOBILE[:-1]}1", f"{MOBILE[:-1]}2")
    timers: int = 0
    log_failures: int = 0
    crashes: int = 0
    cancels: bool = True
    rings: bool = True


class SmallTown:
    """One account with one flatrate, a carrier, and a log that answers by hand."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        town = Town((account(1, "anna", flatrates=1),), (trunk(1, "north"),))
        self.switch = VirtualSwitch(town)
        self.anna: ScriptedPhone = self.switch.phone("anna")
        self.north: ScriptedPhone = self.switch.carrier("north")
        self.anna.register()
        self.switch.log.manner = "by hand"
        self.switch.check = self.check_beat
        self.callers: list[Side | None] = [None, None]
        self.rung: set[int] = set()
        self.timers = self.failures = self.crashes = 0
        self.written_back = 0

    # What may happen.

    def events(self) -> Iterator[Event]:
        bounds, log = self.bounds, self.switch.log
        for number, caller in enumerate(self.callers):
            if caller is None:
                # Who calls first is called the first.
                if number == 0 or self.callers[0] is not None:
                    yield "invite", number
                continue
            yield from self._events_of(number, caller)
        if log.waiting:
            yield "appended", 0
            if self.failures < bounds.log_failures:
                yield "append failed", 0
                yield "append failed", len(log.waiting)
        if self.timers < bounds.timers and self.switch.wire.next_deadline() is not None:
            yield "timer", 0
        if self.crashes < bounds.crashes and self.callers[0] is not None:
            for written in sorted({0, 1, len(log.waiting)} & set(range(len(log.waiting) + 1))):
                yield "crash", written

    def _events_of(self, number: int, caller: Side) -> Iterator[Event]:
        if self.bounds.cancels and not caller.is_closed and not caller.is_cancelled:
            yield "cancel", number
        if caller.is_talking:
            yield "caller's BYE", number
        callee = self.callee(number)
        if callee is None:
            return
        if not callee.is_closed:
            if self.bounds.rings and number not in self.rung:
                yield "18x", number
            yield "200", number
        elif callee.is_talking:
            yield "callee's BYE", number

    def happen(self, event: Event) -> None:
        self.switch.wire.advance(STEP_S)
        what, number = event
        self._ACTIONS[what](self, number)
        self.check_beat()

    def _invite(self, number: int) -> None:
        self.callers[number] = self.anna.call(self.bounds.dialled[number])

    def _cancel(self, number: int) -> None:
        self.anna.cancel(self.caller(number))

    def _ring(self, number: int) -> None:
        self.rung.add(number)
        self.north.ring(self._rung(number))

    def _answer(self, number: int) -> None:
        self.north.answer(self._rung(number))

    def _caller_bye(self, number: int) -> None:
        self.anna.bye(self.caller(number))

    def _callee_bye(self, number: int) -> None:
        self.north.bye(self._rung(number))

    def _appended(self, _number: int) -> None:
        self.switch.acknowledge_next()

    def _append_failed(self, written: int) -> None:
        """The writer dies with all that is in flight; a new one opens the log soon after."""
        self.failures += 1
        self.switch.fail_waiting(written=written)
        self.switch.wire.advance(STEP_S)
        self.switch.restore_log()

    def _timer(self, _number: int) -> None:
        self.timers += 1
        due = self.switch.wire.next_deadline()
        assert due is not None
        self.switch.wire.fire_at(due)

    def _crash(self, written: int) -> None:
        self.crashes += 1
        self.switch.crash(written=written)
        self.switch.wire.advance(0.1)
        self.switch.start()
        self.switch.wire.settle()

    _ACTIONS: Final[dict[str, Callable[[SmallTown, int], None]]] = {
        "invite": _invite,
        "cancel": _cancel,
        "18x": _ring,
        "200": _answer,
        "caller's BYE": _caller_bye,
        "callee's BYE": _callee_bye,
        "appended": _appended,
        "append failed": _append_failed,
        "timer": _timer,
        "crash": _crash,
    }

    # Who is who.

    def caller(self, number: int) -> Side:
        caller = self.callers[number]
        assert caller is not None
        return caller

    def callees(self, number: int) -> list[Side]:
        """Give the carrier's sides of a call: more than one when a crash made it begin again."""
        last = self.bounds.dialled[number][-3:]
        return [side for side in self.north.sides if side.uri.split("@")[0].endswith(last)]

    def callee(self, number: int) -> Side | None:
        return next(reversed(self.callees(number)), None)

    def _rung(self, number: int) -> Side:
        callee = self.callee(number)
        assert callee is not None
        return callee

    # What must hold at every instant.

    def check_beat(self) -> None:
        switch = self.switch
        assert switch.faults == []
        state = switch.accounting.state
        assert len(state.slots.holders(OWNER)) <= 1
        assert state.slots.holders(OWNER) <= set(state.calls)
        assert state.slots.holders(TRUNK) == set(state.calls)
        assert state.book.imbalance_micros() == (0, 0)
        for number, caller in enumerate(self.callers):
            if caller is None:
                continue
            assert len(caller.finals) <= 1, "two final responses"
            if self._is_emergency(number):
                continue
            dialled = len(self.callees(number))
            assert dialled <= self._count(CallAdmitted, number), "dialled before it was durable"
            if caller.connected_at is not None:
                assert self._count(CallAnswered, number), "a 200 before its record was durable"

    def _count(self, kind: type[CallEvent], number: int) -> int:
        """Count the calls of a number of which the disk knows this."""
        return len(self._ids(number) & {one.call_id for one in self._written(kind)})

    def _is_emergency(self, number: int) -> bool:
        return self.bounds.dialled[number] in ("110", "112")

    # What must hold in the end.

    def finish(self) -> None:
        """Let the log catch up, everybody hang up, and every timer run out; then judge."""
        for number in range(2):
            self._log_catches_up()
            caller, callee = self.callers[number], self.callee(number)
            if caller is not None and caller.is_talking:
                self.happen(("caller's BYE", number))
            elif caller is not None and not caller.is_closed and not caller.is_cancelled:
                self.happen(("cancel", number))
            callee = self.callee(number)
            if callee is not None and callee.is_talking:
                # Its caller is gone; a switch that came back knows it, or never heard of it.
                self.happen(("callee's BYE", number))
        self._log_catches_up()
        self.switch.log.manner = "at once"
        self.switch.wire.advance(200.0)
        self.switch.assert_quiet()
        self._judge_log()
        for number in range(2):
            self._judge_call(number)

    def _log_catches_up(self) -> None:
        for _ in range(100):
            if not self.switch.log.waiting:
                return
            self.happen(("appended", 0))
        raise AssertionError("the log is never done")

    def _judge_log(self) -> None:
        """Every admission and answer has exactly one end; memory is the fold of the log."""
        closed = [
            one.call_id for one in (*self._written(CallEnded), *self._written(AttemptRefused))
        ]
        assert len(closed) == len(set(closed)), "an attempt was recorded twice"
        admitted = {one.call_id for one in self._written(CallAdmitted)}
        assert admitted <= set(closed), "an admitted call was lost"
        answered = {one.call_id for one in self._written(CallAnswered)}
        assert answered <= admitted
        book, folded = self.switch.accounting.state.book, self.switch.log.fold().book
        assert book.to_record() == folded.to_record()
        charged = sum(one.charged_micros for one in self._written(CallEnded))
        assert self.switch.owed_micros(1) == charged

    def _judge_call(self, number: int) -> None:
        caller = self.callers[number]
        if caller is None:
            return
        records = [one for one in self.switch.log.records() if one.call_id in self._ids(number)]
        talk_us = sum(self._truth_us(number, callee) for callee in self.callees(number))
        assert sum(one.rated_us for one in records) <= talk_us, "more charged than was talked"
        assert all(one.is_consistent() for one in records)
        if self.crashes:
            return
        assert len(records) == 1, "an attempt without exactly one record"
        (record,) = records
        assert len(caller.finals) == 1, "a caller without exactly one final response"
        if caller.connected_at is not None and not self._is_emergency(number):
            assert record.rated_us == talk_us, "less charged than was talked"
        if caller.connected_at is None:
            assert record.amount_micros == 0, "a call was charged that never came about"
            assert record.rated_us == 0
        if self._is_emergency(number):
            assert caller.finals in ([200], [487]), "an emergency call was refused"
            assert record.amount_micros == 0
        elif caller.finals == [486]:
            assert record.ending == "flatrate-limit"

    def _truth_us(self, number: int, callee: Side) -> int:
        """Give the talk time as the phones saw it: from the callee's 200 to the first BYE."""
        if callee.accepted_at is None:
            return 0
        ends = [side.ended_at for side in (self.caller(number), callee)]
        end = min((one for one in ends if one is not None), default=self.switch.wire.now)
        return round(end * US) - round(callee.accepted_at * US)

    def _ids(self, number: int) -> set[str]:
        """Give the switch's names for the attempts of a call, from the numbers in the log."""
        last = self.bounds.dialled[number][-3:]
        return {
            event.call_id
            for event, (_, personal) in zip(
                self.switch.log.events, self.switch.log.rows, strict=True
            )
            if isinstance(event, CallEvent)
            and personal is not None
            and personal.called_number.endswith(last)
        }

    def _written(self, kind: type[T]) -> list[T]:
        return [one for one in self.switch.log.events if isinstance(one, kind)]

    # Which states are one.

    def fingerprint(self) -> tuple[object, ...]:
        """Give what decides about the future, without names and absolute times."""
        switch, now = self.switch, self.switch.wire.now
        parts, state = switch.parts, switch.accounting.state
        ids = {call_id: n for n in range(2) for call_id in self._ids_known(n)}
        deadlines = sorted(round(one - now, 1) for one in _deadlines_of(switch))
        return (
            self.timers,
            self.failures,
            self.crashes,
            tuple(self._view(number) for number in range(2)),
            tuple(
                sorted((ids.get(one.id, -1), *_view_of_running(one)) for one in parts.calls._calls)
            ),
            tuple(
                sorted(
                    (ids.get(call_id, -1), call.is_answered, call.last_proof is None)
                    for call_id, call in state.calls.items()
                )
            ),
            tuple(
                (one.event.kind, ids.get(getattr(one.event, "call_id", ""), -1))
                for one in switch.log.waiting
            ),
            tuple(
                sorted(
                    (one.kind, ids.get(getattr(one, "call_id", ""), -1))
                    for one in switch.log.events
                )
            ),
            parts.layer.client_transactions,
            parts.layer.server_transactions,
            tuple(deadlines),
        )

    def _ids_known(self, number: int) -> set[str]:
        last = self.bounds.dialled[number][-3:]
        state = self.switch.accounting.state
        return self._ids(number) | {
            call_id
            for call_id, call in state.calls.items()
            if call.personal.called_number.endswith(last)
        }

    def _view(self, number: int) -> tuple[object, ...]:
        caller = self.callers[number]
        if caller is None:
            return ()
        return (
            tuple(caller.statuses),
            caller.is_cancelled,
            caller.is_talking,
            tuple(caller.bye_statuses),
            number in self.rung,
            tuple(_view_of_callee(one) for one in self.callees(number)),
        )


def _deadlines_of(switch: VirtualSwitch) -> Iterator[float]:
    for heap in (switch.parts.layer._outputs.deadlines, switch.parts.calls._calls._deadlines):
        yield from (when for when, _, one in heap._heap if one.item is not None)
    grants = switch.accounting.next_deadline()
    if grants is not None:
        yield grants
    yield from (one.due for phone in switch.phones.values() for one in phone._repeats.values())


def _view_of_running(one: RunningCall) -> tuple[int, ...]:
    return (
        one.phase,
        one.is_admitted,
        one.is_unproven,
        -1 if isinstance(one.call, SilentCall) else one.call._phase,
        one.has_probed_holders,
        len(one.dialogs),
    )


def _view_of_callee(one: Side) -> tuple[object, ...]:
    return (
        one.is_closed,
        one.is_cancelled,
        one.is_talking,
        one.accepted_at is None,
        one.byes_received,
        tuple(one.bye_statuses),
    )
