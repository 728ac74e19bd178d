"""Calls that cost nothing whatever a list says: free by law, or inside the own company."""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from rating.engine.call_terms import CallTerms, QuoteParams
from rating.engine.quote import BY_LAW, INTERNAL, Quote
from rating.numbering import LineType, ServiceKind, ServiceNumber
from rating.pricing import (
    AT_HOME,
    FREE,
    Basis,
    Callee,
    Increments,
    OriginKind,
    Source,
)

# § 164 TKG (emergency), § 121 TKG (00800), and ranges that are free by their definition.
_BY_LAW: Final[Mapping[ServiceKind, str]] = MappingProxyType(
    {
        ServiceKind.EMERGENCY: "R-EMERG",
        ServiceKind.HARMONISED_116: "R-0800",
        ServiceKind.FREEPHONE_0800: "R-0800",
        ServiceKind.INTERNATIONAL_FREEPHONE_00800: "R-0800",
    }
)
_INSIDE: Final = frozenset({Callee.INTERNAL, Callee.MAILBOX})
_PER_SECOND: Final = Increments(1, 1)
_NO_TAX: Final = Fraction(0)


class _Row(NamedTuple):
    """What a free call is labelled with, and where that is printed."""

    destination: str
    prefix: str
    row_id: str | None = None
    source: Source | None = None


def free_by_law(params: QuoteParams, terms: CallTerms | None) -> Quote | None:
    """Make the quote of a call that nobody may charge; ``None`` for any other.

    It needs no plan and no list; where a list has a row for the number, it gives the label.
    """
    number, origin = params.number, params.origin.kind
    if not isinstance(number, ServiceNumber):
        return None
    # A network abroad may charge for freephone numbers, never for help.
    is_free = origin in AT_HOME or (number.is_emergency and origin is OriginKind.ROAMING)
    if not is_free or number.kind not in _BY_LAW:
        return None
    price_list = None if terms is None else terms.price_list
    row = _Row(number.digits, number.digits)
    if terms is not None and price_list is not None:
        # Tables of calls from abroad have no row for help; the label is that of home.
        rows = price_list.rows(origin if origin in AT_HOME else OriginKind.VOIP)
        found = rows.of_service(terms.columns(), number.digits)
        if found is not None:
            prefix, rate = found
            row = _Row(rate.destination, prefix, rate.row_id, rate.source)
    return _free(params, terms, row=row, covered_by=BY_LAW, readings=(_BY_LAW[number.kind],))


def free_inside(terms: CallTerms) -> Quote | None:
    """Make the quote of a call to a colleague, a short dial code or the mailbox, if it is free.

    A list must hold on that day, as for any call of the plan.
    """
    params, internal = terms.params, terms.tariff.internal
    if internal is None or params.callee not in _INSIDE or params.origin.kind not in AT_HOME:
        return None
    row = _Row(params.callee.value, "", source=internal.source)
    return _free(params, terms, row=row, covered_by=INTERNAL, readings=internal.readings)


def _free(
    params: QuoteParams,
    terms: CallTerms | None,
    *,
    row: _Row,
    covered_by: str,
    readings: tuple[str, ...],
) -> Quote:
    price_list = None if terms is None else terms.price_list
    return Quote(
        destination=row.destination,
        line_type=LineType.SPECIAL,
        prefix=row.prefix,
        table_version=params.prefix_table.version,
        row_id=row.row_id,
        source=row.source,
        list_id=None if price_list is None else price_list.id,
        list_version=None if price_list is None else price_list.version,
        unit_price=FREE,
        increments=_PER_SECOND,
        free_first_s=0,
        basis=Basis.GROSS if price_list is None else price_list.terms.basis,
        vat_rate=_NO_TAX if terms is None else terms.vat_rate,
        covered_by=covered_by,
        readings=readings,
        caps_s=None,
        provider=None if terms is None else terms.booked.provider,
        plan_id=None if terms is None else terms.booked.plan_id,
        origin=params.origin,
        callee=params.callee,
    )
