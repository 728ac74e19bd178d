"""An account that calls without end: it waits, nothing is recorded, and others go on."""

from __future__ import annotations

from freiton.config import Config
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch, shipped_config

UNKNOWN = "nobody"
BURST = 5


def settings(*, per_s: int) -> Config:
    shipped = shipped_config()
    limits = {"calls_per_account_per_s": per_s, "calls_per_account_burst": BURST}
    return shipped.model_copy(update={"defence": shipped.defence.model_copy(update=limits)})


def registered(switch: VirtualSwitch, *names: str) -> list[ScriptedPhone]:
    phones = [switch.phone(name) for name in names]
    for phone in phones:
        phone.register()
    return phones


def too_many(phone: ScriptedPhone, *, calls: int) -> list[int]:
    """Call so often in an instant and return how each call ended."""
    return [phone.call(UNKNOWN).finals[-1] for _ in range(calls)]


def test_beyond_its_rate_an_account_is_refused_and_nothing_is_recorded() -> None:
    switch = VirtualSwitch(settings=settings(per_s=2))
    (anna,) = registered(switch, "anna")
    assert 503 not in too_many(anna, calls=BURST)
    records = len(switch.log.rows)
    late = anna.call(UNKNOWN)
    assert late.finals == [503]
    assert 5 <= int(late.final.required("retry-after")) <= 30
    assert len(switch.log.rows) == records
    assert switch.parts.setup.account_rate.refused == 1


def test_the_rate_comes_back_with_time() -> None:
    switch = VirtualSwitch(settings=settings(per_s=2))
    (anna,) = registered(switch, "anna")
    too_many(anna, calls=BURST + 1)
    switch.wire.advance(1.0)
    assert too_many(anna, calls=3).count(503) == 1


def test_other_accounts_and_calls_for_help_go_on() -> None:
    switch = VirtualSwitch(settings=settings(per_s=2))
    anna, ben = registered(switch, "anna", "ben")
    north = switch.carrier("north")
    assert too_many(anna, calls=BURST + 1)[-1] == 503
    called = ben.call("+493023125001")
    anna.answer(anna.sides[-1])
    assert called.finals == [200]
    for_help = anna.call("112")
    north.answer(north.sides[-1])
    assert for_help.finals == [200]


def test_calls_for_help_take_no_place() -> None:
    switch = VirtualSwitch(settings=settings(per_s=2))
    (anna,) = registered(switch, "anna")
    north = switch.carrier("north")
    for _ in range(BURST + 1):
        side = anna.call("112")
        north.answer(north.sides[-1])
        anna.bye(side)
    assert 503 not in too_many(anna, calls=BURST)


def test_a_rate_of_0_is_none() -> None:
    switch = VirtualSwitch(settings=settings(per_s=0))
    (anna,) = registered(switch, "anna")
    assert 503 not in too_many(anna, calls=5 * BURST)
