"""What recorded calls would cost an account with other plans and options.

The calls go by as they did, and meet the slots that the flats of the day allow: a call for which
there was no slot is refused; it costs nothing, holds nothing and uses no allowance. A call that
was refused in its time is not simulated, since nobody knows how long it would have lasted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from rating.engine import RatedCall, Unpriced
from rating.pricing import Subscription
from rating.replay.recorded_call import RecordedCall
from rating.replay.replay import Replay, start_order


@dataclass(slots=True)
class Simulation:
    """What came of it; amounts are micro-euros."""

    calls: int = 0
    priced: int = 0
    net_micros: int = 0
    gross_micros: int = 0
    flat_calls: int = 0
    """Calls that cost nothing because a flat, the own network or the law says so."""
    allowance_s: int = 0
    """Seconds that allowances paid for."""
    refused: int = 0
    """Calls beyond the number at a time that the flats allow."""
    unpriced: Counter[str] = field(default_factory=Counter)
    """Calls without a price by the reason; the switch refuses them."""

    @property
    def lost(self) -> int:
        """Calls that could not have been made."""
        return self.calls - self.priced


@dataclass(frozen=True, slots=True)
class PeakOfCalls:
    """How many calls of an account ran at once at most, and when that was so first."""

    calls: int
    at: datetime | None


def simulate(
    replay: Replay, calls: Sequence[RecordedCall], subscription: Subscription
) -> Simulation:
    """Let the calls of one account, in the order of their starts, be made by a subscription."""
    found = Simulation(calls=len(calls))
    account = replay.of(subscription)
    running: list[datetime] = []
    for call in calls:
        price = account.quote(call)
        if isinstance(price, Unpriced):
            found.unpriced[price.reason] += 1
            continue
        _end_before(running, call.started_at)
        limit = account.calls_at_once_max(call)
        if limit is not None and len(running) >= limit:
            found.refused += 1
            continue
        heappush(running, call.ended_at)
        _count(found, account.charge(call, price))
    return found


def peak_of(calls: Iterable[RecordedCall]) -> PeakOfCalls:
    """Count how many calls ran at once at most; one that ends as another starts made room."""
    running: list[datetime] = []
    peak = PeakOfCalls(0, None)
    for call in sorted(calls, key=start_order):
        _end_before(running, call.started_at)
        heappush(running, call.ended_at)
        if len(running) > peak.calls:
            peak = PeakOfCalls(len(running), call.started_at)
    return peak


def by_account(calls: Iterable[RecordedCall]) -> Mapping[str, list[RecordedCall]]:
    """Sort calls by their accounts, and those of each by their starts."""
    found: dict[str, list[RecordedCall]] = {}
    for call in calls:
        found.setdefault(call.account_id, []).append(call)
    for of_account in found.values():
        of_account.sort(key=start_order)
    return found


def _count(found: Simulation, rated: RatedCall) -> None:
    found.priced += 1
    found.net_micros += rated.net_micros
    found.gross_micros += rated.gross_micros
    found.flat_calls += rated.quote.covered_by is not None
    found.allowance_s += sum(rated.allowance_used_s)


def _end_before(running: list[datetime], at: datetime) -> None:
    while running and running[0] <= at:
        heappop(running)
