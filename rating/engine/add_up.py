"""From a row to the price of a call: what makes it free, what is added, what the tax changes."""

from dataclasses import replace
from fractions import Fraction
from typing import Final, NamedTuple

from rating.engine.call_terms import CallTerms, Match, Unpriced, UnpricedReason
from rating.engine.quote import EXTERNAL_PART, ON_NET, Quote
from rating.numbering import ServiceNumber
from rating.pricing import (
    AT_HOME,
    FREE,
    Basis,
    Callee,
    ExternalPrice,
    Option,
    OptionKind,
    PriceList,
    PricePart,
    RateStatus,
    Surcharge,
    UnitPrice,
)

READING_VAT: Final = "R-VAT"

_OWN_NETWORK: Final = frozenset({Callee.OWN_NETWORK, Callee.INTERNAL})


class _Price(NamedTuple):
    """What a call costs, and why."""

    unit_price: UnitPrice
    parts: tuple[PricePart, ...]
    readings: tuple[str, ...]
    covered_by: str | None = None
    told: ExternalPrice | None = None


def price_match(terms: CallTerms, price_list: PriceList, match: Match) -> Quote | Unpriced:
    """Price a call by its row."""
    price = _free(terms, match)
    if price is None:
        told = _told(terms, price_list, match)
        status = match.rate.status
        if status is RateStatus.UNPRICED:
            return Unpriced(UnpricedReason.NO_ROW, match.prefix)
        if status is RateStatus.EXTERNAL and told is None:
            return Unpriced(UnpricedReason.EXTERNAL_PRICE, match.prefix)
        price = _add_up(terms, price_list, match, told)
    return _made(terms, price_list, match, price)


def _free(terms: CallTerms, match: Match) -> _Price | None:
    """Find what makes the call free."""
    on_net, params = terms.tariff.on_net, terms.params
    within = params.callee in _OWN_NETWORK and params.origin.kind in AT_HOME
    if within and on_net is not None and not on_net.covers.isdisjoint(match.names):
        return _Price(FREE, (), on_net.readings, ON_NET)
    for flat in _paying(OptionKind.FLAT, terms, match):
        return _Price(FREE, (), flat.readings, flat.id)
    return None


def _told(terms: CallTerms, price_list: PriceList, match: Match) -> ExternalPrice | None:
    """Give the price of somebody else, if the row asks for one and it is known."""
    rate, params = match.rate, terms.params
    if rate.status is RateStatus.PRICED and rate.factor is None:
        return None
    number = params.number
    if params.external_price is not None:
        return params.external_price
    if not isinstance(number, ServiceNumber) or params.origin.kind not in AT_HOME:
        return None
    return params.tariffs.external.price_of(
        number.digits, terms.day, basis=price_list.terms.basis, vat_rate=terms.vat_rate
    )


def _add_up(
    terms: CallTerms, price_list: PriceList, match: Match, told: ExternalPrice | None
) -> _Price:
    rate, printed = match.rate, price_list.terms
    parts, unit_price = rate.parts, rate.unit_price
    readings: tuple[str, ...] = ()
    for surcharge in terms.tariff.surcharges:
        if _is_added(surcharge, terms, match):
            parts += (surcharge.part,)
            unit_price = unit_price.plus(surcharge.unit_price)
            readings += surcharge.readings
    if printed.basis is Basis.GROSS and terms.vat_rate != printed.vat_reference:
        # The net price is what was agreed; gross follows the tax of the day.
        factor = (1 + terms.vat_rate) / (1 + printed.vat_reference)
        parts = tuple(_scaled(part, factor) for part in parts)
        unit_price = unit_price.times(factor)
        readings += (READING_VAT,)
    if told is not None:
        # Told today, with the tax of today.
        part = PricePart(EXTERNAL_PART, told.per_minute, told.per_call, rate.source)
        part = part if rate.factor is None else _scaled(part, rate.factor)
        parts += (part,)
        unit_price = unit_price.plus(UnitPrice.compile(part.per_call, part.per_minute))
    return _Price(unit_price, parts, readings, told=told)


def _is_added(surcharge: Surcharge, terms: CallTerms, match: Match) -> bool:
    return (
        terms.params.origin.kind in surcharge.origins
        and surcharge.dropped_by.isdisjoint(terms.option_ids)
        and surcharge.except_.isdisjoint(match.names)
    )


def _scaled(part: PricePart, factor: Fraction) -> PricePart:
    return replace(part, per_minute=part.per_minute * factor, per_call=part.per_call * factor)


def _paying(kind: OptionKind, terms: CallTerms, match: Match) -> list[Option]:
    """List the options of a kind that cover the call, in booking order."""
    origin = terms.params.origin.kind
    return [
        option
        for option in terms.options
        if option.kind is kind
        and origin in option.origins
        and not option.covers.isdisjoint(match.names)
    ]


def _made(terms: CallTerms, price_list: PriceList, match: Match, price: _Price) -> Quote:
    rate, printed, params = match.rate, price_list.terms, terms.params
    allowances = _paying(OptionKind.ALLOWANCE, terms, match) if price.unit_price.second else []
    readings = printed.readings + rate.readings + match.readings + price.readings
    for option in allowances:
        readings += option.readings
    return Quote(
        destination=rate.destination,
        line_type=match.line_type,
        prefix=match.prefix,
        table_version=params.prefix_table.version,
        row_id=rate.row_id,
        source=rate.source,
        list_id=printed.id,
        list_version=printed.version,
        unit_price=price.unit_price,
        increments=rate.increments,
        free_first_s=rate.free_first_s,
        basis=printed.basis,
        vat_rate=terms.vat_rate,
        covered_by=price.covered_by,
        readings=tuple(dict.fromkeys(readings)),
        caps_s=None,
        provider=terms.booked.provider,
        plan_id=terms.booked.plan_id,
        origin=params.origin,
        callee=params.callee,
        external_price=price.told,
        parts=price.parts,
        allowances=tuple(option.id for option in allowances),
    )
