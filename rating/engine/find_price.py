"""From a number and an instant to its quote.

The first that fits decides: free by law; no list on that day; the row of the list, in the column
that an option chose; free inside the own network; free by a flat that covers the number.
A number without a row has no price, and a call without a price is refused by whoever asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from rating.engine.quote import BY_LAW, ON_NET, Quote
from rating.numbering import E164Number, LineType, PrefixTable, ServiceKind, ServiceNumber
from rating.pricing import (
    FREE,
    Basis,
    BookedOption,
    Increments,
    OptionKind,
    PriceList,
    Rate,
    RateStatus,
    Tariffs,
    UnitPrice,
    typed_region,
)

TIMED_CALL_S_MAX: Final = 3600
"""Longest call to time-charged premium and directory numbers (TKG § 113)."""

READING_VAT: Final = "R-VAT"

# § 164 TKG (emergency), § 121 TKG (00800), and ranges that are free by their definition.
_FREE_BY_LAW: Final[Mapping[ServiceKind, str]] = MappingProxyType(
    {
        ServiceKind.EMERGENCY: "R-EMERG",
        ServiceKind.HARMONISED_116: "R-0800",
        ServiceKind.FREEPHONE_0800: "R-0800",
        ServiceKind.INTERNATIONAL_FREEPHONE_00800: "R-0800",
    }
)
_TIME_LIMITED: Final = frozenset({ServiceKind.PREMIUM_0900, ServiceKind.DIRECTORY_118})
_PER_SECOND: Final = Increments(1, 1)
_NO_TAX: Final = Fraction(0)


class UnpricedReason(StrEnum):
    """Why a number has no price."""

    NO_ROW = "no_row"
    EXTERNAL_PRICE = "external_price"
    """Somebody else sets the price, and nobody has told it."""
    BEFORE_LIST = "before_list"
    AFTER_LIST = "after_list"
    PREMIUM_ABROAD = "premium_abroad"
    """A premium number of another country without a row of its own: the way of fraud."""
    NOT_ASSIGNED = "not_assigned"
    """No numbering plan assigns the range."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """The list gives no price; the call must not be made."""

    reason: UnpricedReason
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class QuoteParams:
    """What a price depends on."""

    tariffs: Tariffs
    provider: str
    options: tuple[BookedOption, ...]
    number: E164Number | ServiceNumber
    prefix_table: PrefixTable
    at: datetime
    """When the call is answered or, before that, now; aware."""
    is_trunk_account: bool
    on_net_callee: bool
    """Whether the called number belongs to a subscriber of the same provider."""


def quote(params: QuoteParams) -> Quote | Unpriced:
    """Give the price that holds for a call from its answer to its end."""
    search = _Search(params)
    if isinstance(params.number, ServiceNumber):
        return search.quote_service(params.number)
    return search.quote_e164(params.number)


@dataclass(frozen=True, slots=True)
class _Row:
    """The row that prices a number, and the names that covers may know the number by."""

    rate: Rate
    readings: tuple[str, ...]
    prefix: str
    line_type: LineType
    names: tuple[str, ...]


class _Search:
    """What is the same for every number that the account may call at the instant."""

    __slots__ = ("_day", "_list", "_options", "_params", "_plan", "_vat_rate")

    def __init__(self, params: QuoteParams) -> None:
        tariffs = params.tariffs
        self._params = params
        self._plan = tariffs.plan(params.provider)
        self._day = tariffs.local_day(params.provider, params.at)
        self._list = self._plan.list_on(self._day)
        self._vat_rate = tariffs.vat.rate_at(self._plan.country, self._day) or _NO_TAX
        self._options = self._plan.options_on(
            self._day, params.options, is_trunk_account=params.is_trunk_account
        )

    def quote_service(self, number: ServiceNumber) -> Quote | Unpriced:
        """Price a German service number by the longest prefix that the list names."""
        price_list, digits = self._list, number.digits
        found = None
        if price_list is not None:
            found = price_list.rate_of_service(self._column(price_list), digits)
        if number.kind in _FREE_BY_LAW:
            return self._by_law(number, found)
        if price_list is None:
            return self._no_list()
        if found is None:
            return Unpriced(UnpricedReason.NO_ROW, digits)
        prefix, rate = found
        names = tuple(digits[:length] for length in range(2, len(digits) + 1))
        priced = self._priced(price_list, _Row(rate, (), prefix, LineType.SPECIAL, names))
        limited = number.kind in _TIME_LIMITED
        if limited and isinstance(priced, Quote) and priced.unit_price.second:
            return priced.capped(TIMED_CALL_S_MAX)
        return priced

    def quote_e164(self, number: E164Number) -> Quote | Unpriced:
        """Price a number of the world by its range in the prefix table."""
        if self._list is None:
            return self._no_list()
        entry = self._params.prefix_table.lookup(number.digits)
        if entry is None:
            return Unpriced(UnpricedReason.NOT_ASSIGNED)
        chosen = self._list.rate_of_range(self._column(self._list), entry)
        if chosen is None:
            reasons = {
                LineType.PREMIUM: UnpricedReason.PREMIUM_ABROAD,
                LineType.UNASSIGNED: UnpricedReason.NOT_ASSIGNED,
            }
            return Unpriced(reasons.get(entry.line_type, UnpricedReason.NO_ROW), entry.prefix)
        names = (typed_region(entry), entry.region, entry.breakout)
        row = _Row(chosen.rate, chosen.readings, entry.prefix, entry.line_type, names)
        return self._priced(self._list, row)

    def _column(self, price_list: PriceList) -> str:
        for option in self._options:
            if option.kind is OptionKind.COLUMN and option.column in price_list.terms.columns:
                return option.column
        return price_list.terms.columns[0]

    def _no_list(self) -> Unpriced:
        """Say why no list holds; a gap between two counts as the end of the earlier one."""
        if self._day < self._plan.price_lists[0].terms.valid_from:
            return Unpriced(UnpricedReason.BEFORE_LIST)
        return Unpriced(UnpricedReason.AFTER_LIST)

    def _cover(self, names: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
        """Name what makes the call free, with its readings."""
        on_net = self._plan.on_net
        if on_net is not None and self._params.on_net_callee and on_net.covers & set(names):
            return ON_NET, on_net.readings
        for option in self._options:
            if option.kind is OptionKind.FLAT and not option.covers.isdisjoint(names):
                return option.id, option.readings
        return None, ()

    def _priced(self, price_list: PriceList, row: _Row) -> Quote | Unpriced:
        rate, terms = row.rate, price_list.terms
        covered_by, readings = self._cover(row.names)
        if covered_by is not None:
            unit_price = FREE
        elif rate.status is RateStatus.PRICED:
            unit_price = rate.unit_price
            if terms.basis is Basis.GROSS and self._vat_rate != terms.vat_reference:
                # The net price is what was agreed; gross follows the tax of the day.
                unit_price = unit_price.times((1 + self._vat_rate) / (1 + terms.vat_reference))
                readings = (READING_VAT,)
        else:
            external = rate.status is RateStatus.EXTERNAL
            reason = UnpricedReason.EXTERNAL_PRICE if external else UnpricedReason.NO_ROW
            return Unpriced(reason, row.prefix)
        return self._made(price_list, row, unit_price, covered_by, readings)

    def _made(
        self,
        price_list: PriceList,
        row: _Row,
        unit_price: UnitPrice,
        covered_by: str | None,
        readings: tuple[str, ...],
    ) -> Quote:
        rate, terms = row.rate, price_list.terms
        return Quote(
            destination=rate.destination,
            line_type=row.line_type,
            prefix=row.prefix,
            table_version=self._params.prefix_table.version,
            row_id=rate.row_id,
            source=rate.source,
            list_id=terms.id,
            list_version=terms.version,
            unit_price=unit_price,
            increments=rate.increments,
            free_first_s=rate.free_first_s,
            basis=terms.basis,
            vat_rate=self._vat_rate,
            covered_by=covered_by,
            readings=terms.readings + rate.readings + row.readings + readings,
            caps_s=None,
        )

    def _by_law(self, number: ServiceNumber, found: tuple[str, Rate] | None) -> Quote:
        """Make a quote without a list; where one has a row for the number, it gives the label."""
        rate = None if found is None else found[1]
        price_list = self._list
        return Quote(
            destination=number.digits if rate is None else rate.destination,
            line_type=LineType.SPECIAL,
            prefix=number.digits if found is None else found[0],
            table_version=self._params.prefix_table.version,
            row_id=None if rate is None else rate.row_id,
            source=None if rate is None else rate.source,
            list_id=None if price_list is None else price_list.id,
            list_version=None if price_list is None else price_list.version,
            unit_price=FREE,
            increments=_PER_SECOND,
            free_first_s=0,
            basis=Basis.GROSS if price_list is None else price_list.terms.basis,
            vat_rate=self._vat_rate,
            covered_by=BY_LAW,
            readings=(_FREE_BY_LAW[number.kind],),
            caps_s=None,
        )
