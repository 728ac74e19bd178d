"""120 free minutes on the composed switch: two phones share them to the second, across a crash."""

from __future__ import annotations

from datetime import date

import pytest

from rating.allowances import AllowanceState
from rating.pricing import BookedOption, Subscription
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import GERMANY, Town, account, trunk

FREE_S = 120 * 60
MAY = date(2026, 5, 1)
HOME = Subscription((), (BookedOption("FREE-120", 1, MAY, None, MAY, "tgnet"),))


def open_switch() -> VirtualSwitch:
    """One prepaid account without money, two phones, and a carrier."""
    anna = account(1, "anna", prepaid=True, subscription=HOME)
    switch = VirtualSwitch(Town((anna,), (trunk(1, "north"),)))
    for place in (1, 2):
        switch.phone("anna", place).register()
    switch.carrier("north")
    return switch


def balance(switch: VirtualSwitch) -> AllowanceState:
    (only,) = switch.accounting.state.allowances.states()
    return only


@pytest.mark.parametrize("crash_after_s", [None, 1_000])
def test_two_phones_share_the_free_minutes(crash_after_s: int | None) -> None:
    switch = open_switch()
    north = switch.carrier("north")
    callers = []
    for place in (1, 2):
        callers.append(switch.phone("anna", place).call(GERMANY))
        north.answer(north.sides[-1])
        switch.wire.advance(50.3)
    if crash_after_s is not None:
        switch.wire.advance(crash_after_s)
        before = balance(switch)
        switch.crash(written=0)
        switch.wire.advance(1.5)
        switch.start()
        switch.wire.settle()
        assert balance(switch) == before
    switch.wire.advance(FREE_S)
    assert [caller.is_talking for caller in callers] == [False, False]
    records = switch.log.records()
    assert [record.ending for record in records] == ["credit-exhausted", "credit-exhausted"]
    assert sum(record.allowance_used_s["FREE-120"] for record in records) == FREE_S
    assert [record.amount_micros for record in records] == [0, 0]
    assert all(record.is_consistent() for record in records)
    assert balance(switch)[1:] == (FREE_S, FREE_S, 0)


def test_money_pays_what_the_free_minutes_leave() -> None:
    switch = open_switch()
    north = switch.carrier("north")
    switch.pay_in(1, 1_000_000)
    caller = switch.phone("anna").call(GERMANY)
    north.answer(north.sides[-1])
    switch.wire.advance(FREE_S + 60.5)
    switch.phone("anna").bye(caller)
    (record,) = switch.log.records()
    assert record.allowance_used_s == {"FREE-120": FREE_S}
    # Sixty-one seconds at 2.9 cents a minute.
    assert record.amount_micros == 29_483
