"""From a number and an instant to its quote.

The first that fits decides: free by law; no plan, or no list on that day; free because a colleague
or the mailbox is called; the row of the list, in the most special column that has one; free inside
the own network; free by a flat that covers the number; else the price with what is added to it.
A number without a row has no price, and a call without a price is refused by whoever asked.
"""

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
from rating.engine.free_calls import free_by_law, free_inside
from rating.engine.quote import Quote
from rating.errors import LocalError
from rating.numbering import E164Number, LineType, NumberRange, ServiceKind, ServiceNumber
from rating.pricing import AS_FIXED, SERVICE, Callee, OriginKind, PriceList, Zone, typed_region

TIMED_CALL_S_MAX: Final = 3600
"""Longest call to time-charged premium and directory numbers (TKG § 113)."""

_TIME_LIMITED: Final = frozenset({ServiceKind.PREMIUM_0900, ServiceKind.DIRECTORY_118})
_DIGITS_OF_SELECTOR_MIN: Final = 3


def quote(params: QuoteParams) -> Quote | Unpriced:
    """Give the price that holds for a call from its answer to its end."""
    terms = CallTerms.of(params)
    by_law = free_by_law(params, terms)
    if by_law is not None:
        return by_law
    if terms is None:
        return Unpriced(UnpricedReason.NO_PLAN)
    price_list = terms.price_list
    if price_list is None:
        return _no_list(terms)
    inside = free_inside(terms)
    if inside is not None:
        return inside
    found = _match(terms, price_list)
    if isinstance(found, Unpriced):
        return found
    priced = price_match(terms, price_list, found)
    number = params.number
    limited = isinstance(number, ServiceNumber) and number.kind in _TIME_LIMITED
    if limited and isinstance(priced, Quote) and priced.unit_price.second:
        return priced.capped(TIMED_CALL_S_MAX)
    return priced


def _match(terms: CallTerms, price_list: PriceList) -> Match | Unpriced:
    """Find the row that prices the call."""
    origin, number = terms.params.origin.kind, terms.params.number
    if price_list.rows(origin).is_empty:
        return Unpriced(UnpricedReason.NOT_FROM_ORIGIN)
    if origin is OriginKind.ROAMING_INCOMING:
        return roaming.match_incoming(terms, price_list)
    if number is None:
        if terms.params.callee is Callee.OTHER:
            raise LocalError("a call to nobody")
        return Unpriced(UnpricedReason.NO_ROW)
    if origin is OriginKind.ROAMING:
        return roaming.match_outgoing(terms, price_list, number)
    if isinstance(number, ServiceNumber):
        return _match_service(terms, price_list, number)
    return _match_range(terms, price_list, number)


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
