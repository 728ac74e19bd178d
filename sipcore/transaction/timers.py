"""The timers of RFC 3261 table 4 and RFC 6026, all derived from T1, T2 and T4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sipcore.transaction.table import Action


@dataclass(frozen=True, slots=True)
class Timers:
    """All in seconds.

    T1 is the estimated round trip, T2 the longest interval between two retransmissions, T4 the
    longest time that a message stays in the network.
    """

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    d_min: float = 32.0
    """Timer D must not shrink with our T1, since it waits for the peer's timer H (§17.1.1.2)."""

    trying_delay: float = 0.2
    """An INVITE that has no response after this gets a 100 (§17.2.1)."""

    unanswered_max: float = 3600.0
    """An INVITE without a final response for so long was forgotten by its user.

    Timer C and the no-answer time of a call are the user's and much shorter; this one only keeps
    a fault there from holding memory for ever.
    """

    @property
    def timeout(self) -> float:
        """64·T1: timers B, F, H, L and M, and J over UDP."""
        return 64 * self.t1

    def durations(self, *, is_reliable: bool) -> Mapping[Action, float]:
        """Return how long each lifetime timer runs over such a transport."""
        timeout = self.timeout
        return MappingProxyType(
            {
                Action.START_B: timeout,
                Action.START_D: 0.0 if is_reliable else max(self.d_min, timeout),
                Action.START_F: timeout,
                Action.START_H: timeout,
                Action.START_I: 0.0 if is_reliable else self.t4,
                Action.START_J: 0.0 if is_reliable else timeout,
                Action.START_K: 0.0 if is_reliable else self.t4,
                Action.START_L: timeout,
                Action.START_M: timeout,
                Action.START_ABANDON: self.unanswered_max,
            }
        )
