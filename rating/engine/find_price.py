"""From a number and an instant to its quote.

The first that fits decides: free by law; no plan, or no list on that day; free because a colleague
or the mailbox is called; the row of the list, in the most special column that has one; free inside
the own network; free by a flat that covers the number; else the price with what is added to it.
A number without a row has no price, and a call without a price is refused by whoever asked.
"""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from rating.engine import roaming
from rating.engine.add_up import price_match
from rating.engine.call_terms import (
    CallTerms,
    Match,
    QuoteParams,
    Unpriced,
    UnpricedReason,
    zone_readings,
)
from rating.engine.quote import BY_LAW, INTERNAL, Quote
from rating.errors import LocalError
from rating.numbering import (
    E164Number,
    LineType,
    NumberRange,
    ServiceKind,
    ServiceNumber,
)
from rating.pricing import (
    AS_FIXED,
    AT_HOME,
    FREE,
    SERVICE,
    Basis,
    Callee,
    CallOrigin,
    Increments,
    Internal,
    OriginKind,
    PriceList,
    Zone,
    typed_region,
)

TIMED_CALL_S_MAX: Final = 3600
"""Longest call to time-charged premium and directory numbers (TKG § 113)."""

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
_WITHIN: Final = frozenset({Callee.INTERNAL, Callee.MAILBOX})
_PER_SECOND: Final = Increments(1, 1)
_NO_TAX: Final = Fraction(0)
_DIGITS_OF_SELECTOR_MIN: Final = 3


def quote(params: QuoteParams) -> Quote | Unpriced:
    """Give the price that holds for a call from its answer to its end."""
    terms = CallTerms.of(params)
    if isinstance(params.number, ServiceNumber) and _is_free_by_law(params.number, params.origin):
        return _by_law(params, params.number, terms)
    if terms is None:
        return Unpriced(UnpricedReason.NO_PLAN)
    price_list = terms.price_list
    if price_list is None:
        return _no_list(terms)
    origin, number = params.origin.kind, params.number
    internal = terms.tariff.internal
    if internal is not None and params.callee in _WITHIN and origin in AT_HOME:
        return _internal(terms, price_list, internal)
    if price_list.rows(origin).is_empty:
        return Unpriced(UnpricedReason.NOT_FROM_ORIGIN)
    if origin is OriginKind.ROAMING_INCOMING:
        found = roaming.match_incoming(terms, price_list)
    elif number is None:
        if params.callee is Callee.OTHER:
            raise LocalError("a call to nobody")
        found = Unpriced(UnpricedReason.NO_ROW)
    elif origin is OriginKind.ROAMING:
        found = roaming.match_outgoing(terms, price_list, number)
    elif isinstance(number, ServiceNumber):
        found = _match_service(terms, price_list, number)
    else:
        found = _match_range(terms, price_list, number)
    if isinstance(found, Unpriced):
        return found
    priced = price_match(terms, price_list, found)
    limited = isinstance(number, ServiceNumber) and number.kind in _TIME_LIMITED
    if limited and isinstance(priced, Quote) and priced.unit_price.second:
        return priced.capped(TIMED_CALL_S_MAX)
    return priced


def _match_service(
    terms: CallTerms, price_list: PriceList, number: ServiceNumber
) -> Match | Unpriced:
    """Match a German service number by the longest prefix that the list names."""
    digits = number.digits
    found = price_list.rows(terms.params.origin.kind).of_service(terms.columns(), digits)
    if found is None:
        return Unpriced(UnpricedReason.NO_ROW, digits)
    prefix, rate = found
    prefixes = (digits[:end] for end in range(_DIGITS_OF_SELECTOR_MIN, len(digits) + 1))
    return Match(rate, (), prefix, LineType.SPECIAL, (SERVICE, *prefixes))


def _match_range(terms: CallTerms, price_list: PriceList, number: E164Number) -> Match | Unpriced:
    """Match a number of the world by its range in the prefix table."""
    entry = terms.params.prefix_table.lookup(number.digits)
    if entry is None:
        return Unpriced(UnpricedReason.NOT_ASSIGNED)
    zones: tuple[Zone, ...] = ()
    if entry.line_type is LineType.MOBILE or entry.line_type in AS_FIXED:
        zones = price_list.call_zones.of_range(entry)
    rows = price_list.rows(terms.params.origin.kind)
    chosen = rows.of_range(terms.columns(), entry, zones)
    if chosen is None:
        reasons = {
            LineType.PREMIUM: UnpricedReason.PREMIUM_ABROAD,
            LineType.UNASSIGNED: UnpricedReason.NOT_ASSIGNED,
        }
        return Unpriced(reasons.get(entry.line_type, UnpricedReason.NO_ROW), entry.prefix)
    readings = chosen.readings + zone_readings(chosen.rate, entry, zones)
    return Match(chosen.rate, readings, entry.prefix, entry.line_type, _names(entry, zones))


def _names(entry: NumberRange, zones: tuple[Zone, ...]) -> tuple[str, ...]:
    """Name a number in all ways that a cover may; its line is named as a table would."""
    line_type = entry.line_type
    if line_type is LineType.MOBILE:
        names = [typed_region(entry)]
    elif line_type in AS_FIXED:
        line_type = LineType.FIXED
        names = [f"{entry.region}/{line_type}", typed_region(entry)]
    else:
        # Numbers of a class with prices of its own belong to nothing larger.
        return (typed_region(entry),)
    names += (entry.region, entry.breakout)
    for zone in zones:
        names += (zone.selector, f"{zone.selector}/{line_type}")
    return tuple(names)


def _no_list(terms: CallTerms) -> Unpriced:
    """Say why no list holds; a gap between two counts as the end of the earlier one."""
    versions = terms.tariff.versions_of(terms.booked.price_list)
    day = terms.booked.valid_from if versions[0].terms.is_pinned else terms.day
    if day < versions[0].terms.valid_from:
        return Unpriced(UnpricedReason.BEFORE_LIST)
    return Unpriced(UnpricedReason.AFTER_LIST)


def _is_free_by_law(number: ServiceNumber, origin: CallOrigin) -> bool:
    """Tell whether nobody may charge the call; from abroad that holds for emergencies only."""
    if origin.kind in AT_HOME:
        return number.kind in _FREE_BY_LAW
    return number.is_emergency and origin.kind is OriginKind.ROAMING


def _by_law(params: QuoteParams, number: ServiceNumber, terms: CallTerms | None) -> Quote:
    """Make a quote without a list; where one has a row for the number, it gives the label."""
    price_list = None if terms is None else terms.price_list
    found = None
    if terms is not None and price_list is not None:
        # Abroad only emergencies get here, and the tables of roaming have no row for them.
        origin = params.origin.kind if params.origin.kind in AT_HOME else OriginKind.VOIP
        found = price_list.rows(origin).of_service(terms.columns(), number.digits)
    prefix, rate = found or (number.digits, None)
    return Quote(
        destination=number.digits if rate is None else rate.destination,
        line_type=LineType.SPECIAL,
        prefix=prefix,
        table_version=params.prefix_table.version,
        row_id=None if rate is None else rate.row_id,
        source=None if rate is None else rate.source,
        list_id=None if price_list is None else price_list.id,
        list_version=None if price_list is None else price_list.version,
        unit_price=FREE,
        increments=_PER_SECOND,
        free_first_s=0,
        basis=Basis.GROSS if price_list is None else price_list.terms.basis,
        vat_rate=_NO_TAX if terms is None else terms.vat_rate,
        covered_by=BY_LAW,
        readings=(_FREE_BY_LAW[number.kind],),
        caps_s=None,
        provider=None if terms is None else terms.booked.provider,
        plan_id=None if terms is None else terms.booked.plan_id,
        origin=params.origin,
        callee=params.callee,
    )


def _internal(terms: CallTerms, price_list: PriceList, internal: Internal) -> Quote:
    """Make the quote of a call that needs no row: to a colleague, a short dial code, a mailbox."""
    params = terms.params
    return Quote(
        destination=params.callee.value,
        line_type=LineType.SPECIAL,
        prefix="",
        table_version=params.prefix_table.version,
        row_id=None,
        source=internal.source,
        list_id=price_list.id,
        list_version=price_list.version,
        unit_price=FREE,
        increments=_PER_SECOND,
        free_first_s=0,
        basis=price_list.terms.basis,
        vat_rate=terms.vat_rate,
        covered_by=INTERNAL,
        readings=internal.readings,
        caps_s=None,
        provider=terms.booked.provider,
        plan_id=terms.booked.plan_id,
        origin=params.origin,
        callee=params.callee,
    )
