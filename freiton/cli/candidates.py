"""Combinations of plan and options over recorded calls: what they cost and whom they serve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from freiton.cli.output import counted, euros
from rating.charges import ChargeBook, Month
from rating.pricing import TariffPlan
from rating.replay import (
    Combination,
    Fees,
    RecordedCall,
    Replay,
    Simulation,
    fees_of,
    months_between,
    peak_of,
    simulate,
)

NO_FEES = Fees(0, 0, (), ())
"""Of a provider that charges nothing but calls."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A combination and what came of it; amounts are gross."""

    combination: Combination
    simulation: Simulation
    fees: Fees
    is_example: bool
    """Whether prices of it are invented, since the document prints none."""

    @property
    def total_micros(self) -> int:
        """Calls and monthly fees; what is paid once is told apart."""
        return self.simulation.gross_micros + self.fees.monthly_micros

    def order(self) -> tuple[int, int, int, str]:
        """Put first what carries most calls; of those what costs least."""
        lost = self.simulation.lost
        return lost, self.total_micros, self.fees.once_micros, str(self.combination)

    def praise(self) -> str:
        """Say what the best candidate is."""
        lost = self.simulation.lost
        carries = "carries all calls" if not lost else f"carries all but {counted(lost, 'call')}"
        example = ", by invented prices" if self.is_example else ""
        return (
            f"the cheapest that {carries} is {self.combination}: {euros(self.total_micros)}"
            f" with fees{example}."
        )

    def as_json(self) -> dict[str, Any]:
        """Give the fields for programs."""
        simulation, fees = self.simulation, self.fees
        return {
            "combination": str(self.combination),
            "provider": self.combination.provider,
            "plan": self.combination.plan_id,
            "price_list": self.combination.price_list,
            "options": dict(self.combination.options),
            "calls": simulation.calls,
            "made": simulation.priced,
            "refused": simulation.refused,
            "unpriced": dict(simulation.unpriced),
            "free_calls": simulation.flat_calls,
            "allowance_s": simulation.allowance_s,
            "calls_net_micros": simulation.net_micros,
            "calls_gross_micros": simulation.gross_micros,
            "monthly_fees_micros": fees.monthly_micros,
            "once_micros": fees.once_micros,
            "total_micros": self.total_micros,
            "is_orderable": fees.is_orderable,
            "objections": list(objections(fees)),
            "is_example": self.is_example,
        }


def objections(fees: Fees) -> tuple[str, ...]:
    """Say why something cannot be ordered; each reason once."""
    reasons = [violation.reason_en for violation in fees.violations]
    reasons += [
        f"{fee.item} has no price ({fee.reason.replace('_', ' ')})." for fee in fees.unpriced
    ]
    return tuple(dict.fromkeys(reasons))


class Candidates:
    """Tries combinations over the calls of one account, in the order of their starts."""

    def __init__(
        self,
        replay: Replay,
        books: Mapping[str, ChargeBook],
        calls: Sequence[RecordedCall],
        *,
        facts: frozenset[str] = frozenset(),
    ) -> None:
        """Take a replay that may be shared, and what order rules may know of the customer."""
        self._replay = replay
        self._books = books
        self._calls = calls
        self._facts = facts
        self.peak = peak_of(calls).calls

    def fees_of(self, combination: Combination) -> Fees:
        """Say what a combination costs besides calls, and whether it can be ordered."""
        book = self._books.get(combination.provider)
        if book is None:
            return NO_FEES
        tariff = self._tariff(combination)
        return fees_of(
            book,
            combination,
            tariff.plan(combination.plan_id),
            months=self._months(tariff),
            calls_at_once=self.peak,
            facts=self._facts,
        )

    def of(self, combination: Combination, fees: Fees) -> Candidate:
        """Let the calls be made with it, booked as of the first month that has one."""
        tariff = self._tariff(combination)
        subscription = combination.subscription(self._months(tariff)[0].first_day)
        found = simulate(self._replay, self._calls, subscription)
        lists = tariff.versions_of(combination.price_list)
        is_example = any(price_list.terms.is_example for price_list in lists)
        return Candidate(combination, found, fees, is_example)

    def _tariff(self, combination: Combination) -> TariffPlan:
        return self._replay.tariffs.plan(combination.provider)

    def _months(self, tariff: TariffPlan) -> tuple[Month, ...]:
        ends = (self._calls[0].started_at, self._calls[-1].started_at)
        first, last = (at.astimezone(tariff.time_zone).date() for at in ends)
        return months_between(first, last)
