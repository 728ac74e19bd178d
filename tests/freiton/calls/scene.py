"""Short ways to a call on the composed switch, for the tests of call control."""

from __future__ import annotations

from freiton.routing.directory import Account, Trunk
from freiton.routing.refusals import REFUSALS, RefusalCause
from rating.cdr import CallDetailRecord
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, Town, account, trunk

ANNA = account(1, "anna")
BEN = account(2, "ben")
NORTH = trunk(1, "north")
SOUTH = trunk(2, "south")
RESCUE = trunk(3, "rescue", is_emergency=True, channels=2, reserved_for_emergency=2)


def open_switch(*accounts: Account, trunks: tuple[Trunk, ...] = (NORTH,)) -> VirtualSwitch:
    """A switch whose accounts' first phones are registered and whose carriers listen."""
    switch = VirtualSwitch(Town(accounts or (ANNA, BEN), trunks))
    for one in trunks:
        switch.carrier(one.name)
    for owner in accounts or (ANNA, BEN):
        if owner.enabled:
            switch.phone(owner.name).register()
    return switch


def talk(
    switch: VirtualSwitch, name: str = "anna", dialled: str = MOBILE, *, carrier: str = "north"
) -> tuple[Side, Side]:
    """Bring an account and somebody behind a carrier into conversation."""
    caller = switch.phone(name).call(dialled)
    callee = switch.carrier(carrier).sides[-1]
    switch.carrier(carrier).answer(callee)
    assert caller.finals == [200], caller.statuses
    return caller, callee


def last_record(switch: VirtualSwitch) -> CallDetailRecord:
    return switch.log.records()[-1]


def assert_refused(
    switch: VirtualSwitch, side: Side, cause: RefusalCause, *, status: int | None = None
) -> None:
    """The refusal of the table, said to the phone and to people, and exactly one record of it."""
    row = REFUSALS[cause]
    expected = row.status if status is None else status
    assert side.finals == [expected], side.statuses
    assert f"cause={row.q850};" in side.final.required("reason")
    assert row.de in side.final.required("warning")
    assert side.final.required("warning").startswith("399 example.org ")
    assert side.final.has("retry-after") == row.has_retry_after
    record = last_record(switch)
    assert record.ending == cause.value
    assert record.sip_status == expected
    assert record.amount_micros == 0
