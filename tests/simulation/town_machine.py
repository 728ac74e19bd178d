"""A town that telephones for money, as a machine of rules: phones, carrier, log, clock, death.

The phones keep the truth; the wire notes when the switch could know of an answer and of an end.
Slots, books and records are judged by both at every beat and in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from freiton.accounting.charging_events import CallAnswered
from rating.cdr import CallDetailRecord
from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import SWITCH, Town, account, trunk
from tests.support.virtual_wire import Packet
from tests.support.weather import Mischief, Weather, WeatherOnWire

FLATRATES: Final = 2
CHANNELS: Final = 3
CREDIT_MICROS: Final = 400_000
MISCHIEF_MAX: Final = 6
CALLS_MAX: Final = 8
US: Final = 1_000_000
ANNA, CARLA = "account/1/outgoing", "prepaid/3"

callers = st.sampled_from((("anna", 1), ("anna", 2), ("ben", 1), ("carla", 1)))
some = st.integers(0, 7)


@dataclass
class Placed:
    """One call: who placed it, what was dialled, and what the wire saw of it."""

    phone: ScriptedPhone
    side: Side
    number: str
    """The subscriber's last digits, another for each call; empty for a colleague."""


class TownMachine(RuleBasedStateMachine):
    """Anna has two flatrates and two phones, Ben pays by the month, Carla before; one carrier."""

    def __init__(self) -> None:
        super().__init__()
        town = Town(
            (
                account(1, "anna", flatrates=FLATRATES),
                account(2, "ben"),
                account(3, "carla", prepaid=True),
            ),
            (trunk(1, "north", channels=CHANNELS),),
        )
        self.switch = VirtualSwitch(town)
        self.wire = self.switch.wire
        self.weather = Weather()
        WeatherOnWire(self.wire, self.weather)
        self.placed: list[Placed] = []
        self.north = self.switch.carrier("north")
        for name, place in (("anna", 1), ("anna", 2), ("ben", 1), ("carla", 1)):
            phone = self.switch.phone(name, place)
            phone.register()
            phone.may_hear_late = True
        self.north.may_hear_late = True
        self.switch.pay_in(3, CREDIT_MICROS)
        self.paid_micros = CREDIT_MICROS
        self.crashes = self.failures = self.deaths = 0
        self.answered_at: dict[str, float] = {}
        self.bye_at: dict[str, float] = {}
        """By Call-ID: when the switch first heard a 200 to INVITE, said or granted a BYE."""
        self.switch.check = self.check_beat
        self.wire.loses = self.is_lost

    def is_lost(self, packet: Packet) -> bool:
        source, target, data = packet
        is_gone = self.weather.take(packet, self.wire.packets, now=self.wire.now)
        is_answer = data.startswith(b"SIP/2.0 200")
        if target == SWITCH and not is_gone and is_answer and b" INVITE\r\n" in data:
            self.answered_at.setdefault(call_id_of(data), self.wire.now)
        elif source == SWITCH and (data.startswith(b"BYE ") or (is_answer and b" BYE\r\n" in data)):
            self.bye_at.setdefault(call_id_of(data), self.wire.now)
        return is_gone

    # Phones.

    @precondition(lambda self: len(self.placed) < CALLS_MAX)
    @rule(who=callers, is_internal=st.sampled_from((False, False, False, True)))
    def call(self, who: tuple[str, int], *, is_internal: bool) -> None:
        phone = self.switch.phone(*who)
        if phone.is_dead:
            return
        number = "" if is_internal else f"9{len(self.placed):02d}"
        dialled = "+493023125002" if is_internal else f"01701230{number}"
        self.placed.append(Placed(phone, phone.call(dialled), number))

    @rule(which=some, status=st.sampled_from((180, 183)))
    def ring(self, which: int, status: int) -> None:
        found = self.open_callee(which)
        if found is not None:
            found[0].ring(found[1], status)

    @rule(which=some)
    def answer(self, which: int) -> None:
        found = self.open_callee(which)
        if found is not None:
            found[0].answer(found[1])

    @rule(which=some, status=st.sampled_from((302, 404, 408, 486, 503, 603)))
    def refuse(self, which: int, status: int) -> None:
        found = self.open_callee(which)
        if found is not None:
            found[0].refuse(found[1], status)

    @rule(which=some)
    def cancel(self, which: int) -> None:
        waiting = [
            one
            for one in self.placed
            if not (one.side.is_closed or one.side.is_cancelled or one.phone.is_dead)
        ]
        if waiting:
            one = waiting[which % len(waiting)]
            one.phone.cancel(one.side)

    @rule(which=some)
    def bye(self, which: int) -> None:
        talking = self.talking()
        if talking:
            phone, side = talking[which % len(talking)]
            phone.bye(side)

    @rule(which=some, method=st.sampled_from(("INFO", "UPDATE", "OPTIONS", "MESSAGE", "FOO")))
    def say(self, which: int, method: str) -> None:
        talking = self.talking()
        if talking:
            phone, side = talking[which % len(talking)]
            phone.send_in_dialog(side, method)
            self.wire.settle()

    @rule(which=some, back=st.integers(1, 3), method=st.sampled_from(("BYE", "INVITE", "INFO")))
    def say_out_of_order(self, which: int, back: int, method: str) -> None:
        """Use numbers again: that ends nothing and changes nothing."""
        talking = self.talking()
        if talking:
            phone, side = talking[which % len(talking)]
            side.cseq -= back
            if side.cseq >= 0:
                phone.send_in_dialog(side, method)
                self.wire.settle()
            side.cseq += back + 1

    @rule(who=callers)
    def lose_power(self, who: tuple[str, int]) -> None:
        """A phone dies, or is there again and knows of nothing."""
        phone = self.switch.phone(*who)
        self.deaths += 1
        phone.is_dead = not phone.is_dead

    # The log, the process, the clock, the wire.

    @rule(by_hand=st.booleans())
    def log_manner(self, *, by_hand: bool) -> None:
        self.log_catches_up()
        self.switch.log.manner = "by hand" if by_hand else "at once"

    @precondition(lambda self: bool(self.switch.log.waiting))
    @rule()
    def log_answers(self) -> None:
        self.switch.acknowledge_next()

    @precondition(lambda self: bool(self.switch.log.waiting) and self.failures < 2)
    @rule(written=st.integers(0, 2))
    def log_fails(self, written: int) -> None:
        self.failures += 1
        self.switch.fail_waiting(written=written)
        self.wire.advance(0.01)
        self.switch.restore_log()

    @precondition(lambda self: self.crashes < 2 and bool(self.placed))
    @rule(written=st.integers(0, 2), away_s=st.sampled_from((0.1, 3.0)))
    def crash(self, written: int, away_s: float) -> None:
        self.crashes += 1
        self.switch.crash(written=written)
        self.wire.advance(away_s)
        self.switch.start()
        self.wire.settle()

    @rule(seconds=st.sampled_from((0.01, 0.4, 1.0, 7.0, 35.0, 70.0, 330.0)))
    def time_passes(self, seconds: float) -> None:
        self.wire.advance(seconds)

    @rule(seconds=st.sampled_from((-3600.0, 3600.0)))
    def clock_is_set(self, seconds: float) -> None:
        self.switch.clock.step(seconds)

    @rule(micros=st.sampled_from((10_000, 250_000)))
    def pay_in(self, micros: int) -> None:
        self.paid_micros += micros
        self.switch.pay_in(3, micros, reference=f"paid up to {self.paid_micros}")

    @precondition(lambda self: self.weather.count + len(self.weather.planned) < MISCHIEF_MAX)
    @rule(
        kind=st.sampled_from(("lose", "double", "delay")),
        skipped=st.integers(0, 4),
        delay_s=st.sampled_from((0.05, 0.7, 2.0)),
    )
    def mischief(self, kind: str, skipped: int, delay_s: float) -> None:
        self.weather.planned.append(Mischief(kind, skipped, delay_s))

    # What must hold at every beat.

    def check_beat(self) -> None:
        switch, state = self.switch, self.switch.accounting.state
        assert switch.faults == []
        assert len(state.slots.holders(ANNA)) <= FLATRATES
        assert len(state.slots.holders("trunk/1")) <= CHANNELS
        assert state.slots.holders(ANNA) | state.slots.holders("trunk/1") <= set(state.calls)
        assert state.book.imbalance_micros() == (0, 0)
        if state.book.has_account(CARLA):
            credit = state.book.account(CARLA)
            assert credit.balance_micros - credit.debits_pending >= 0, "spent more than was there"
        assert all(len(one.side.finals) <= 1 for one in self.placed), "two final responses"

    # What must hold in the end.

    def teardown(self) -> None:
        self.come_to_rest()
        switch = self.switch
        switch.assert_quiet()
        assert switch.accounting.state.book.to_record() == switch.log.fold().book.to_record()
        records = switch.log.records()
        assert len({one.call_id for one in records}) == len(records), "an attempt recorded twice"
        answered = {one.call_id for one in switch.log.events if isinstance(one, CallAnswered)}
        assert answered <= {one.call_id for one in records}, "an answered call without a record"
        assert all(one.is_consistent() for one in records)
        for account_id in ("1", "2"):
            own = [one for one in records if one.account_id == account_id]
            charged = sum(one.gross_micros for one in own)
            assert switch.owed_micros(int(account_id)) == charged
        for one in self.placed:
            if one.number:
                self.judge(one, [r for r in records if r.called_number.endswith(one.number)])
        if not self.deaths:
            assert self.talking() == [], "somebody believes that he still talks"

    def judge(self, placed: Placed, records: list[CallDetailRecord]) -> None:
        talk_us = sum(self.truth_us(placed, one) for one in self.callees(placed))
        assert sum(one.rated_us for one in records) <= talk_us, "more charged than was talked"
        if self.crashes:
            return
        assert len(records) == 1, "an attempt without exactly one record"
        record = records[0]
        if self.failures or self.deaths:
            return
        assert len(placed.side.finals) == 1, "a caller without exactly one final response"
        if placed.side.connected_at is None:
            assert (record.amount_micros, record.rated_us) == (0, 0), "charged for nothing"
        elif record.released_by in ("caller", "callee"):
            assert record.rated_us == talk_us, "less charged than was talked"

    def truth_us(self, placed: Placed, callee: Side) -> int:
        """Give how long a callee talked as the switch could know: from answer to first BYE."""
        start = self.answered_at.get(callee.call_id)
        if start is None:
            return 0
        ends = (self.bye_at.get(one.call_id) for one in (placed.side, callee))
        end = min((at for at in ends if at is not None), default=self.wire.now)
        return max(0, round(end * US) - round(start * US))

    def come_to_rest(self) -> None:
        self.weather.clear_up()
        self.log_catches_up()
        self.switch.log.manner = "at once"
        for phone in self.switch.phones.values():
            phone.is_dead = False
        self.wire.advance(3.0)
        for one in self.placed:
            if not one.side.is_closed and not one.side.is_cancelled:
                one.phone.cancel(one.side)
        self.wire.advance(10.0)
        for phone, side in self.talking():
            if side.is_talking:
                phone.bye(side)
        self.wire.advance(400.0)

    def log_catches_up(self) -> None:
        for _ in range(10_000):
            if not self.switch.log.waiting:
                return
            self.switch.acknowledge_next()
        raise AssertionError("the log is never done")

    # Who is who.

    def parties(self) -> list[ScriptedPhone]:
        return [phone for phone in self.switch.phones.values() if not phone.is_dead]

    def open_callee(self, which: int) -> tuple[ScriptedPhone, Side] | None:
        """Give a call that somebody may still answer."""
        found = [
            (phone, side)
            for phone in self.parties()
            for side in phone.sides
            if side.invite_from is not None and not side.is_closed and not side.is_cancelled
        ]
        return found[which % len(found)] if found else None

    def talking(self) -> list[tuple[ScriptedPhone, Side]]:
        return [
            (phone, side) for phone in self.parties() for side in phone.sides if side.is_talking
        ]

    def callees(self, placed: Placed) -> list[Side]:
        """Give the carrier's sides of a call: more than one when a crash made it begin again."""
        ending = placed.number
        return [one for one in self.north.sides if one.uri.split("@")[0].endswith(ending)]


def call_id_of(data: bytes) -> str:
    head = data.partition(b"\r\ncall-id: ")[2] or data.partition(b"\r\nCall-ID: ")[2]
    return head.partition(b"\r\n")[0].decode()
