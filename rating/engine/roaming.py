"""Calls of a SIM abroad: the zone that prices them, and its row.

A call to home, within the visited country or within its zone costs what the visited zone costs;
any other what the higher of the two zones costs. Numbers that are no subscriber lines, and calls
from the sea, cost what the partner abroad asks for, if the list has a row that says so.
"""

from typing import Final

from rating.engine.call_terms import (
    CallTerms,
    Match,
    Unpriced,
    UnpricedReason,
    zone_readings,
)
from rating.numbering import E164Number, LineType, NumberRange, ServiceNumber
from rating.pricing import (
    AT_SEA,
    SERVICE,
    PriceList,
    RateIndex,
    Zone,
    typed_region,
)

_SUBSCRIBER_LINES: Final = frozenset(
    {LineType.FIXED, LineType.MOBILE, LineType.EITHER, LineType.VOIP}
)


def match_outgoing(
    terms: CallTerms, price_list: PriceList, number: E164Number | ServiceNumber
) -> Match | Unpriced:
    """Find the row of a call from abroad."""
    visited = terms.params.origin.visited or AT_SEA
    rows, columns = price_list.rows(terms.params.origin.kind), terms.columns()
    if isinstance(number, ServiceNumber):
        selector = AT_SEA if visited == AT_SEA else SERVICE
        rate = rows.of_selector(columns, selector, LineType.FIXED)
        if rate is None:
            return Unpriced(UnpricedReason.NO_ROW, number.digits)
        return Match(rate, (), number.digits, LineType.SPECIAL, ())
    entry = terms.params.prefix_table.lookup(number.digits)
    if entry is None or entry.line_type is LineType.UNASSIGNED:
        return Unpriced(UnpricedReason.NOT_ASSIGNED, "" if entry is None else entry.prefix)
    if visited != AT_SEA and entry.line_type in _SUBSCRIBER_LINES:
        zone = _price_zone(terms, price_list, visited, entry)
        return _match_zone(rows, columns, zone, entry)
    selectors = (AT_SEA,) if visited == AT_SEA else (typed_region(entry), SERVICE)
    for selector in selectors:
        rate = rows.of_selector(columns, selector, LineType.FIXED)
        if rate is not None:
            return Match(rate, (), entry.prefix, entry.line_type, ())
    return Unpriced(UnpricedReason.NO_ROW, entry.prefix)


def match_incoming(terms: CallTerms, price_list: PriceList) -> Match | Unpriced:
    """Find the row of a call that reaches a SIM abroad; who calls does not matter."""
    visited = terms.params.origin.visited or AT_SEA
    zones = price_list.roaming_zones.of_region(visited)
    selector = zones[0].selector if zones else visited
    rows = price_list.rows(terms.params.origin.kind)
    rate = rows.of_selector(terms.columns(), selector, LineType.FIXED)
    if rate is None:
        return Unpriced(UnpricedReason.NO_ROW)
    names = (selector, f"{selector}/{LineType.MOBILE}")
    return Match(rate, (), "", LineType.MOBILE, names)


def _price_zone(
    terms: CallTerms, price_list: PriceList, visited: str, entry: NumberRange
) -> Zone | None:
    """Choose between the zone of the visited country and that of the called number."""
    zones = price_list.roaming_zones
    here = next(iter(zones.of_region(visited)), None)
    if here is None or entry.region in (visited, terms.tariff.country):
        return here
    there = next(iter(zones.of_range(entry)), None)
    return None if there is None else max(here, there, key=lambda zone: zone.rank)


def _match_zone(
    rows: RateIndex, columns: tuple[str, ...], zone: Zone | None, entry: NumberRange
) -> Match | Unpriced:
    line_type = LineType.MOBILE if entry.line_type is LineType.MOBILE else LineType.FIXED
    if zone is not None:
        names = (f"{zone.selector}/{line_type}", zone.selector)
        for name in names:
            rate = rows.of_selector(columns, name, line_type)
            if rate is not None:
                readings = zone_readings(rate, entry, (zone,))
                return Match(rate, readings, entry.prefix, entry.line_type, names)
    return Unpriced(UnpricedReason.NO_ROW, entry.prefix)
