"""Calls of many kinds on the virtual switch, chosen by a seed, and their recordings."""

from __future__ import annotations

import random
from collections.abc import Callable

from freiton.trace.recording import Recording
from freiton.trace.trace_file import Trace, decode_trace, encode_trace, trace_of
from sipcore.transaction.timers import Timers
from tests.freiton.calls.scene import open_switch, talk
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, account, trunk

Story = Callable[[VirtualSwitch, random.Random], None]

REGISTRAR = ("x-realm", "secret")


def trace(switch: VirtualSwitch, recording: Recording) -> Trace:
    """Give a recording as it stands in its file."""
    at_rest = trace_of(
        recording, timers=switch_timers(switch), utc=switch.clock.utc(), now=switch.wire.now
    )
    return decode_trace(encode_trace(at_rest))


def switch_timers(switch: VirtualSwitch) -> Timers:
    timers = switch.config.timers
    return Timers(t1=timers.t1_s, t2=timers.t2_s, t4=timers.t4_s)


def played(seed: int) -> tuple[str, VirtualSwitch]:
    """Play the story of a seed and give its name."""
    chance = random.Random(seed)  # noqa: S311 - a story, no secret
    name = sorted(STORIES)[seed % len(STORIES)]
    switch = open_switch(
        account(1, "anna"), account(2, "ben"), trunks=(trunk(1, "north"), trunk(2, "south"))
    )
    STORIES[name](switch, chance)
    switch.wire.advance(chance.choice((0.0, 0.3, 40.0, 200.0)))
    return name, switch


def _pause(switch: VirtualSwitch, chance: random.Random, *, longest: float = 8.0) -> None:
    switch.wire.advance(chance.choice((0.0, 0.15, 0.6, chance.uniform(0.0, longest))))


def _answered(switch: VirtualSwitch, chance: random.Random) -> None:
    caller, _ = talk(switch)
    _pause(switch, chance, longest=900.0)
    switch.phone("anna").bye(caller)


def _answered_and_left(switch: VirtualSwitch, chance: random.Random) -> None:
    _, callee = talk(switch)
    _pause(switch, chance, longest=400.0)
    switch.carrier("north").bye(callee)


def _rung(switch: VirtualSwitch, chance: random.Random) -> None:
    caller = switch.phone("anna").call(MOBILE)
    carrier = switch.carrier("north")
    callee = carrier.sides[-1]
    _pause(switch, chance)
    carrier.ring(callee, chance.choice((180, 183)))
    _pause(switch, chance, longest=70.0)
    carrier.answer(callee)
    _pause(switch, chance)
    switch.phone("anna").bye(caller)


def _cancelled(switch: VirtualSwitch, chance: random.Random) -> None:
    caller = switch.phone("anna").call(MOBILE)
    if chance.random() < 0.7:
        switch.carrier("north").ring(switch.carrier("north").sides[-1])
    _pause(switch, chance)
    switch.phone("anna").cancel(caller)


def _busy(switch: VirtualSwitch, chance: random.Random) -> None:
    switch.phone("anna").call(MOBILE)
    carrier = switch.carrier("north")
    _pause(switch, chance)
    carrier.refuse(carrier.sides[-1], chance.choice((404, 480, 486, 503, 600, 603)))


def _unanswered(switch: VirtualSwitch, chance: random.Random) -> None:
    switch.phone("anna").call(MOBILE)
    carrier = switch.carrier("north")
    if chance.random() < 0.5:
        carrier.ring(carrier.sides[-1])
    switch.wire.advance(180.0)


def _to_colleague(switch: VirtualSwitch, chance: random.Random) -> None:
    ben = switch.phone("ben")
    caller = switch.phone("anna").call("ben")
    ben.ring(ben.sides[-1])
    _pause(switch, chance)
    if chance.random() < 0.3:
        ben.refuse(ben.sides[-1], 486)
        return
    ben.answer(ben.sides[-1])
    _pause(switch, chance, longest=2000.0)
    switch.phone("anna").bye(caller)


def _forked(switch: VirtualSwitch, chance: random.Random) -> None:
    second, first = switch.phone("ben", 2), switch.phone("ben")
    second.register()
    caller = switch.phone("anna").call("ben")
    first.ring(first.sides[-1])
    second.ring(second.sides[-1])
    _pause(switch, chance)
    winner = chance.choice((first, second))
    winner.answer(winner.sides[-1])
    _pause(switch, chance)
    switch.phone("anna").bye(caller)


def _inbound(switch: VirtualSwitch, chance: random.Random) -> None:
    ben = switch.phone("ben")
    number = next(one for one in switch.town.accounts if one.name == "ben").main_number
    caller = switch.carrier("north").call(number or "ben")
    if not ben.sides:
        return
    ben.ring(ben.sides[-1])
    _pause(switch, chance)
    ben.answer(ben.sides[-1])
    _pause(switch, chance, longest=300.0)
    switch.carrier("north").bye(caller)


def _emergency(switch: VirtualSwitch, chance: random.Random) -> None:
    switch.phone("anna").call("112")
    _pause(switch, chance)


def _held(switch: VirtualSwitch, chance: random.Random) -> None:
    caller, _ = talk(switch)
    for method in ("INVITE", "INFO", "UPDATE", "OPTIONS"):
        _pause(switch, chance)
        switch.phone("anna").send_in_dialog(caller, method)
        switch.wire.settle()
    _pause(switch, chance)
    switch.phone("anna").bye(caller)


def _died(switch: VirtualSwitch, chance: random.Random) -> None:
    talk(switch)
    _pause(switch, chance)
    switch.phone("anna").is_dead = True
    switch.wire.advance(chance.choice((100.0, 700.0)))


def _log_down(switch: VirtualSwitch, chance: random.Random) -> None:
    switch.log.manner = chance.choice(("failing", "by hand"))
    switch.phone("anna").call(MOBILE)
    switch.wire.advance(2.0)


def _cut(switch: VirtualSwitch, chance: random.Random) -> None:
    talk(switch)
    _pause(switch, chance)
    switch.hang_up_all()


def _restarted(switch: VirtualSwitch, chance: random.Random) -> None:
    caller, _ = talk(switch)
    _pause(switch, chance)
    switch.crash()
    switch.start()
    switch.wire.settle()
    _pause(switch, chance, longest=400.0)
    switch.phone("anna").bye(caller)


def _lossy(switch: VirtualSwitch, chance: random.Random) -> None:
    switch.wire.loses = lambda *_packet: chance.random() < 0.25
    caller = switch.phone("anna").call(MOBILE)
    switch.wire.advance(3.0)
    carrier = switch.carrier("north")
    if carrier.sides:
        carrier.answer(carrier.sides[-1])
    switch.wire.advance(chance.uniform(1.0, 80.0))
    if caller.is_talking:
        switch.phone("anna").bye(caller)
    switch.wire.advance(70.0)


STORIES: dict[str, Story] = {
    "answered": _answered,
    "answered and left": _answered_and_left,
    "busy": _busy,
    "cancelled": _cancelled,
    "cut by the switch": _cut,
    "died": _died,
    "emergency": _emergency,
    "forked": _forked,
    "held": _held,
    "inbound": _inbound,
    "log down": _log_down,
    "lossy": _lossy,
    "restarted": _restarted,
    "rung": _rung,
    "to a colleague": _to_colleague,
    "unanswered": _unanswered,
}
