"""Recorded calls rated again, by the engine that charges and announces (no other arithmetic).

A call is priced as of its start, when its price was promised. Calls of an account share their
allowances in the order of their starts, month by month: the earlier call takes what it needs to
its end. Calls that ran one after the other get what they got live; where calls ran side by side,
they had taken seconds by turns and in slices, and the split may differ (reading R-REPLAY-ORDER).

Numbers with one prefix and calls of one day share their quotes, so a million calls cost little more
than their arithmetic; ``bench/rating.py`` measures ``Replay.of`` and ``AccountReplay.rate``.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from rating.allowances import period_of
from rating.engine import (
    Quote,
    QuoteParams,
    RatedCall,
    RatingParams,
    Unpriced,
    quote,
    rate_call,
)
from rating.numbering import E164Number, PrefixTable
from rating.pricing import BookedPlan, Subscription, Tariffs
from rating.replay.recorded_call import RecordedCall

QUOTES_KEPT_MAX: Final = 100_000
"""About 100 MB; a month of a large switch has fewer (prefix, day) pairs that are called."""

_NOTHING_TAKEN: Final[Mapping[tuple[str, str], int]] = MappingProxyType({})


class ReplayedCall(NamedTuple):
    """A recorded call and what it costs now, or why it has no price."""

    call: RecordedCall
    outcome: RatedCall | Unpriced


class Replay:
    """Rates recorded calls by one set of tariffs; keeps the quotes that calls share."""

    __slots__ = ("_prefix_table", "_quotes", "tariffs")

    def __init__(self, tariffs: Tariffs, prefix_table: PrefixTable) -> None:
        self.tariffs = tariffs
        self._prefix_table = prefix_table
        self._quotes: dict[tuple[object, ...], Quote | Unpriced] = {}

    def of(
        self,
        subscription: Subscription,
        *,
        taken_s: Mapping[tuple[str, str], int] = _NOTHING_TAKEN,
    ) -> "AccountReplay":
        """Begin with the calls of one account.

        ``taken_s`` are seconds of allowances, by option and month, that calls outside of the
        replay have used or hold.
        """
        return AccountReplay(self, subscription, taken_s)

    def quote(
        self, call: RecordedCall, subscription: Subscription, terms: "DayTerms | None"
    ) -> Quote | Unpriced:
        """Give the price promised at a call's start; ``terms`` are the account's of that day."""
        number = call.number
        called: object = number
        if isinstance(number, E164Number):
            # Of a number of the world only its range has a price.
            entry = self._prefix_table.lookup(number.digits)
            called = "" if entry is None else entry.prefix
        key = (called, terms, call.origin, call.callee, call.external_price)
        if terms is not None and key in self._quotes:
            return self._quotes[key]
        found = quote(
            QuoteParams(
                tariffs=self.tariffs,
                subscription=subscription,
                number=number,
                prefix_table=self._prefix_table,
                at=call.started_at,
                origin=call.origin,
                callee=call.callee,
                external_price=call.external_price,
            )
        )
        if len(self._quotes) >= QUOTES_KEPT_MAX:
            self._quotes.clear()
        self._quotes[key] = found
        return found


class DayTerms(NamedTuple):
    """All that prices of an account depend on, on one local day."""

    day: date
    booked: BookedPlan
    options: tuple[str, ...]
    """In booking order."""


class AccountReplay:
    """Rates the calls of one account in the order of their starts."""

    __slots__ = (
        "_granted_s",
        "_limits",
        "_replay",
        "_subscription",
        "_taken_s",
        "_terms",
        "_used_s",
    )

    def __init__(
        self, replay: Replay, subscription: Subscription, taken_s: Mapping[tuple[str, str], int]
    ) -> None:
        self._replay = replay
        self._subscription = subscription
        self._taken_s = taken_s
        self._limits: dict[date, int | None] = {}
        self._used_s: dict[tuple[str, str], int] = {}
        self._granted_s: dict[tuple[str, date], int] = {}
        self._terms: dict[tuple[str, date], DayTerms] = {}

    def rate_all(self, calls: Iterable[RecordedCall]) -> Iterator[ReplayedCall]:
        """Rate calls in the order of their starts, whatever order they come in."""
        for call in sorted(calls, key=start_order):
            yield ReplayedCall(call, self.rate(call))

    def rate(self, call: RecordedCall) -> RatedCall | Unpriced:
        """Rate the next call; calls must come in the order of their starts."""
        found = self.quote(call)
        return found if isinstance(found, Unpriced) else self.charge(call, found)

    def quote(self, call: RecordedCall) -> Quote | Unpriced:
        """Give the price that would have been promised at the start of a call."""
        return self._replay.quote(call, self._subscription, self._day_terms(call))

    def charge(self, call: RecordedCall, found: Quote) -> RatedCall:
        """Charge the next call at its quote, and take what it uses of allowances."""
        terms = self._day_terms(call) if found.allowances and call.rated_us else None
        if terms is None:
            return rate_call(RatingParams(found, call.rated_us))
        period = period_of(call.started_at)
        left_s = tuple(self._left(option_id, period, terms) for option_id in found.allowances)
        rated = rate_call(RatingParams(found, call.rated_us, left_s))
        self.keep(call.started_at, rated.allowance_use)
        return rated

    def keep(self, started_at: datetime, used_s: Mapping[str, int]) -> None:
        """Take what a call has used of allowances, by option, without rating it again."""
        period = period_of(started_at)
        for option_id, seconds in used_s.items():
            key = (option_id, period)
            self._used_s[key] = self._used_s.get(key, 0) + seconds

    def calls_at_once_max(self, call: RecordedCall) -> int | None:
        """Give how many outgoing calls at a time the flats allow on the day of a call."""
        terms = self._day_terms(call)
        if terms is None:
            return None
        if terms.day not in self._limits:
            tariff = self._replay.tariffs.plan(terms.booked.provider)
            self._limits[terms.day] = tariff.concurrent_calls_max(terms.day, self._subscription)
        return self._limits[terms.day]

    def _day_terms(self, call: RecordedCall) -> DayTerms | None:
        tariffs = self._replay.tariffs
        found = tariffs.plan_at(self._subscription, call.started_at)
        if found is None:
            return None
        booked, day = found
        terms = self._terms.get((booked.provider, day))
        if terms is None:
            plan = tariffs.plan(booked.provider)
            options = plan.options_on(day, self._subscription)
            terms = DayTerms(day, booked, tuple(option.id for option in options))
            self._terms[booked.provider, day] = terms
        return terms

    def _left(self, option_id: str, period: str, terms: DayTerms) -> int:
        """Give what is left of an allowance; units booked within a month count from their day."""
        key = (option_id, period)
        gone_s = self._used_s.get(key, 0) + self._taken_s.get(key, 0)
        return max(0, self._granted(option_id, terms) - gone_s)

    def _granted(self, option_id: str, terms: DayTerms) -> int:
        key = (option_id, terms.day)
        if key not in self._granted_s:
            tariff = self._replay.tariffs.plan(terms.booked.provider)
            self._granted_s[key] = tariff.included_s(option_id, terms.day, self._subscription)
        return self._granted_s[key]


def start_order(call: RecordedCall) -> tuple[datetime, str]:
    """Order calls by their starts; two of one instant by their ids."""
    return call.started_at, call.call_id
