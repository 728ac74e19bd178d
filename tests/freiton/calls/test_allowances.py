"""Minute packages on the composed switch: their last second, a crash, and a new month."""

from __future__ import annotations

from datetime import date

from freiton.routing.directory import Account, AccountKind
from freiton.routing.refusals import RefusalCause
from rating.allowances import AllowanceKey, AllowanceState
from rating.pricing import BookedOption, BookedPlan, Subscription
from tests.freiton.calls.scene import BEN, assert_refused, last_record, open_switch, talk
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, account

PACKAGE = "PACK-MOBILE-100"
PACKAGE_S = 6_000
TERM = date(2025, 1, 1)


def packed(**changes: bool) -> Account:
    """An exchange with one package a month, at the example prices of 2024: 12.2 ct/min after it."""
    plan = BookedPlan("plusnet", "sip-trunk", TERM)
    package = BookedOption(PACKAGE, 1, TERM, None, TERM, provider="plusnet")
    booked = Subscription((plan,), (package,))
    return account(1, "anna", subscription=booked, kind=AccountKind.PBX, **changes)


def balance(switch: VirtualSwitch, month: str = "2026-05") -> AllowanceState:
    return switch.accounting.state.allowances.state(AllowanceKey("1", PACKAGE, month))


def test_without_credit_a_call_lasts_exactly_as_long_as_the_package() -> None:
    switch = open_switch(packed(prepaid=True), BEN)
    caller, callee = talk(switch)
    switch.wire.advance(PACKAGE_S - 0.01)
    assert caller.is_talking
    switch.wire.advance(0.06)
    for side in (caller, callee):
        assert 'text="credit-exhausted"' in side.received[-1].required("reason")
    record = last_record(switch)
    assert (record.charged_s, record.amount_micros) == (PACKAGE_S, 0)
    assert record.allowance_used_s == {PACKAGE: PACKAGE_S}
    again = switch.phone("anna").call(MOBILE)
    assert_refused(switch, again, RefusalCause.NO_CREDIT)


def test_a_crash_neither_loses_nor_doubles_a_second() -> None:
    switch = open_switch(packed(), BEN)
    caller, _ = talk(switch)
    switch.wire.advance(70.5)
    # Three slices of thirty seconds are reserved.
    assert balance(switch).reserved_s == 90
    switch.crash()
    switch.start()
    switch.wire.advance(5)
    assert caller.is_talking
    switch.phone("anna").bye(caller)
    record = last_record(switch)
    assert record.allowance_used_s == {PACKAGE: record.charged_s}
    assert record.charged_s == 76
    assert balance(switch)[1:] == (PACKAGE_S, record.charged_s, 0)


def test_every_month_has_a_package_of_its_own() -> None:
    """The virtual day is the 20th of May; a call belongs to the month that it begins in."""
    switch = open_switch(packed(), BEN)
    caller, _ = talk(switch)
    switch.clock.step(12 * 24 * 3600)
    switch.wire.advance(59.5)
    switch.phone("anna").bye(caller)
    later, _ = talk(switch)
    switch.wire.advance(29.5)
    switch.phone("anna").bye(later)
    assert balance(switch)[1:] == (PACKAGE_S, 60, 0)
    assert balance(switch, "2026-06")[1:] == (PACKAGE_S, 30, 0)
