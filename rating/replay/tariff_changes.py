"""What differs between two states of a provider's price lists, row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from rating.money import format_decimal
from rating.pricing import (
    Option,
    OriginKind,
    Plan,
    PriceList,
    PriceListTerms,
    Rate,
    RateStatus,
    Surcharge,
    TariffPlan,
)

_PLACES: Final = 9
"""As fine as prices can be written in the files."""

RowKey = tuple[str, str, str, frozenset[OriginKind]]
"""List, label, column with line type, and the kinds of access that a row is for."""


class Change(StrEnum):
    """What happened to a row."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that is not what it was; what is missing is ``None``."""

    change: Change
    list_id: str
    destination: str
    cell: str
    """Price column and line type, such as ``standard/fixed``."""
    old: Rate | None
    new: Rate | None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that is not what it was."""

    change: Change
    provider: str
    rule: str
    """What it is, such as ``option FLAT.DE``."""


def changed_rows(old: PriceList, new: PriceList) -> tuple[RowChange, ...]:
    """Compare two lists, or two versions of one, by the labels of their rows."""
    before, after = dict(_rows(old)), dict(_rows(new))
    return tuple(_changes(before, after, new.id))


def changed_lists(
    old: TariffPlan, new: TariffPlan
) -> tuple[tuple[PriceList, ...], tuple[PriceList, ...], tuple[RowChange, ...]]:
    """Compare the lists of a provider: those that went, those that came, rows of those that stay.

    A list stays if its id and version are in both.
    """
    before = {(one.id, one.version): one for one in old.price_lists}
    after = {(one.id, one.version): one for one in new.price_lists}
    gone = tuple(one for key, one in before.items() if key not in after)
    come = tuple(one for key, one in after.items() if key not in before)
    changes = [
        change
        for key, price_list in before.items()
        if key in after
        for change in changed_rows(price_list, after[key])
    ]
    return gone, come, tuple(changes)


def changed_rules(old: TariffPlan, new: TariffPlan) -> tuple[RuleChange, ...]:
    """Compare what a provider rules besides its rows: plans, options, surcharges, zones.

    Where something is printed does not count; all that a call or an order can feel does.
    """
    before, after = dict(_rules(old)), dict(_rules(new))
    changes = []
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            changes.append(RuleChange(Change.REMOVED, old.provider, name))
        elif name not in before:
            changes.append(RuleChange(Change.ADDED, old.provider, name))
        elif before[name] != after[name]:
            changes.append(RuleChange(Change.CHANGED, old.provider, name))
    return tuple(changes)


def price_text(rate: Rate | None) -> str:
    """Write what a row charges; nothing for a row that is not there."""
    if rate is None:
        return ""
    amounts = (
        (rate.price_per_minute, "min"),
        (rate.setup_fee, "call"),
        (rate.price_per_message, "message"),
    )
    parts = [
        f"{format_decimal(amount, places=_PLACES)} €/{unit}" for amount, unit in amounts if amount
    ]
    if rate.factor is not None:
        parts.append(f"{format_decimal(rate.factor, places=_PLACES)} of the external price")
    if rate.free_first_s:
        parts.append(f"first {rate.free_first_s} s free")
    if rate.status is not RateStatus.PRICED:
        parts.append(rate.status.value)
    return f"{' + '.join(parts) or '0 €'}, {rate.increments}"


def _rules(tariff: TariffPlan) -> Iterator[tuple[str, object]]:
    """Name everything but rows, with what makes it what it is."""
    for plan in tariff.plans.values():
        yield f"plan {plan.id}", _unprinted(plan)
    for option in tariff.options.values():
        yield f"option {option.id}", _unprinted(option)
    for surcharge in tariff.surcharges:
        part = (surcharge.part.per_minute, surcharge.part.per_call)
        yield f"surcharge {surcharge.id}", (*_unprinted(surcharge, "part"), part)
    for column in tariff.columns.columns:
        yield f"column {column.id}", column
    for price_list in tariff.price_lists:
        terms = price_list.terms
        name = f"list {terms.id}@{terms.version}"
        yield name, _unprinted(terms)
        for zone in price_list.zones:
            yield f"zone {zone.id} of {name}", (zone.rank, zone.is_rest, zone.within)
            for member in zone.members:
                yield f"{member} in zone {zone.id} of {name}", True
    yield "own network", None if tariff.on_net is None else tariff.on_net.covers
    yield "internal calls", tariff.internal is not None


def _unprinted(rule: Plan | Option | Surcharge | PriceListTerms, *more: str) -> tuple[object, ...]:
    """Give the fields of a rule without its place in a document."""
    left_out = {"source", "readings", *more}
    return tuple(getattr(rule, one.name) for one in fields(rule) if one.name not in left_out)


def _rows(price_list: PriceList) -> Iterator[tuple[RowKey, Rate]]:
    for rate in price_list.rates:
        cell = f"{rate.column}/{rate.line_type}"
        yield (price_list.id, rate.destination, cell, rate.origins), rate


def _changes(
    before: Mapping[RowKey, Rate], after: Mapping[RowKey, Rate], list_id: str
) -> Iterator[RowChange]:
    for key, rate in before.items():
        if key not in after:
            yield RowChange(Change.REMOVED, list_id, key[1], key[2], rate, None)
        elif _terms(rate) != _terms(after[key]):
            yield RowChange(Change.CHANGED, list_id, key[1], key[2], rate, after[key])
    for key, rate in after.items():
        if key not in before:
            yield RowChange(Change.ADDED, list_id, key[1], key[2], None, rate)


def _terms(rate: Rate) -> tuple[object, ...]:
    """Give all of a row that a call can feel; where it is printed is not."""
    return (
        frozenset(rate.match),
        rate.setup_fee,
        rate.price_per_minute,
        rate.price_per_message,
        rate.increments,
        rate.free_first_s,
        rate.status,
        rate.factor,
    )
