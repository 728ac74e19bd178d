"""What a server behind us can take: RFC 7339 as its client, with the loss algorithm of §7.

Our Via says that we listen (`oc`), and responses come back with the share of new requests that is
to be held back, for how long, and when that was decided. The text was not at hand; it is cited from
memory.
"""

from __future__ import annotations

import re
from typing import Final

from sipcore.limits import OVERLOAD_VALIDITY_MAX_S
from sipcore.message.parameters import Parameters

_LOSS: Final = "loss"
_LOSS_MAX: Final = 100
_VALIDITY_S: Final = 0.5
"""Of a report that names none (§4.3)."""

_LOSS_VALUE: Final = re.compile(r"[0-9]{1,3}")
_VALIDITY: Final = re.compile(r"[0-9]{1,10}")
_SEQUENCE: Final = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,10}))?")
_FRACTION_DIGITS: Final = 10

Sequence = tuple[int, int]


class LoadReport:
    """What one response says of the load of the server that sent it."""

    __slots__ = ("loss", "sequence", "validity_s")

    def __init__(self, loss: int, *, validity_s: float, sequence: Sequence) -> None:
        self.loss = loss
        """Per cent of new requests that are to be held back."""
        self.validity_s = validity_s
        self.sequence = sequence

    @classmethod
    def of(cls, via: Parameters) -> LoadReport | None:
        """Read the parameters of our Via in a response.

        None when the server takes no part, asks for another algorithm than ours, or says what is
        none of §4: nothing is held back on a doubt.
        """
        loss, sequence = via.get("oc"), _sequence(via.get("oc-seq"))
        if loss is None or sequence is None or not _LOSS_VALUE.fullmatch(loss):
            return None
        if int(loss) > _LOSS_MAX or (via.get("oc-algo") or _LOSS).strip('"').lower() != _LOSS:
            return None
        validity = via.get("oc-validity")
        if validity is None:
            return cls(int(loss), validity_s=_VALIDITY_S, sequence=sequence)
        if not _VALIDITY.fullmatch(validity):
            return None
        validity_s = min(int(validity) / 1000, OVERLOAD_VALIDITY_MAX_S)
        return cls(int(loss), validity_s=validity_s, sequence=sequence)


class OfferedLoad:
    """How much of the load meant for one server it may be offered now."""

    __slots__ = ("_loss", "_sequence", "_until")

    def __init__(self) -> None:
        self._loss = 0
        self._sequence: Sequence = (-1, 0)
        self._until = 0.0

    def learn(self, report: LoadReport, *, now: float) -> None:
        """Take a report, unless it is older than the last one (§4.4: responses overtake)."""
        if report.sequence < self._sequence:
            return
        self._sequence = report.sequence
        self._loss = report.loss
        self._until = now + report.validity_s  # 0: the server is fine again (§4.3)

    def loss(self, *, now: float) -> int:
        """Return the share to be held back, in per cent; 0 when the last report is over."""
        return self._loss if now < self._until else 0

    def is_withheld(self, chance: float, *, now: float) -> bool:
        """Tell whether a new request is held back; ``chance`` is drawn from 0 to 100."""
        return chance < self.loss(now=now)


def _sequence(value: str | None) -> Sequence | None:
    """Return a time as whole and fraction, which are compared as they are, without a float."""
    match = None if value is None else _SEQUENCE.fullmatch(value)
    if match is None:
        return None
    return int(match[1]), int((match[2] or "0").ljust(_FRACTION_DIGITS, "0"))
