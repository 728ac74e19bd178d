"""Whether both peers of a call still live: OPTIONS on each leg, one verdict for both."""

from __future__ import annotations

from sipcore.b2bua.call_events import CallCommand, Proven
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.pending import Kind
from sipcore.b2bua.session_change import GONE


class Probing:
    """The probe of one call, if one is on its way."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: set[int] = set()

    def ask(
        self, legs: tuple[Leg, ...], *, limit_s: float, now: float, out: list[CallCommand]
    ) -> None:
        """Ask every leg; a probe that is on its way already answers this one as well.

        It does so within the shorter of the two limits: nobody waits for a patient one.
        """
        if self._open:
            _hasten(legs, by=now + limit_s)
            return
        for leg in legs:
            self._open.add(leg.number)
            leg.send(Kind.PROBE, "OPTIONS", now=now, out=out, limit_s=limit_s)

    def conclude(self, leg: Leg, status: int, *, out: list[CallCommand]) -> None:
        """Take the answer of one leg; any but 408 and 481 proves that there is somebody."""
        if leg.number not in self._open:
            return
        if status in GONE:
            self.give_up(out=out)
            return
        self._open.remove(leg.number)
        if not self._open:
            out.append(Proven(is_alive=True))

    def give_up(self, *, out: list[CallCommand]) -> None:
        """Call the peers dead, if somebody waits for a verdict."""
        if self._open:
            self._open.clear()
            out.append(Proven(is_alive=False))


def _hasten(legs: tuple[Leg, ...], *, by: float) -> None:
    for leg in legs:
        for pending in leg.pending.values():
            if pending.kind is Kind.PROBE:
                pending.deadline = min(pending.deadline, by)
