"""The itemised bill of an account, made of nothing but its call records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.box import SIMPLE
from rich.table import Table

from rating.cdr import CallDetailRecord
from rating.engine import describe
from rating.engine.quote import BY_LAW, ON_NET
from rating.money import format_euro
from rating.pricing import TariffPlan

COLUMNS: Final = ("Time", "Number", "Destination", "Duration", "Price", "Amount", "Why")
_RIGHT: Final = frozenset({"Duration", "Amount"})
_UNBROKEN: Final = frozenset({"Time", "Number", "Duration", "Amount"})
_WHY: Final = {ON_NET: "free within the house", BY_LAW: "free by law"}


def itemised_bill(title: str, records: Iterable[CallDetailRecord], plan: TariffPlan) -> Table:
    """Return the bill of one account: its answered calls and their sum."""
    table = Table(title=title, title_justify="left", title_style="bold", show_footer=True)
    table.box, table.padding = SIMPLE, (0, 1, 0, 0)
    calls = [one for one in records if one.answered_at is not None]
    total = format_euro(sum(one.amount_micros for one in calls), style="plain")
    for column in COLUMNS:
        footer = {"Time": "Sum", "Amount": total}.get(column, "")
        table.add_column(
            column,
            footer=footer,
            justify="right" if column in _RIGHT else "left",
            no_wrap=column in _UNBROKEN,
            overflow="fold",
        )
    for call in calls:
        table.add_row(*_cells(call, plan))
    table.caption, table.caption_justify = _documents(calls), "left"
    return table


def why(record: CallDetailRecord) -> str:
    """Say where the price of a call comes from."""
    quote = record.quote
    if quote is None:
        return "emergency call, free" if record.is_emergency else "nothing to pay"
    covered = quote.covered_by
    if covered is not None:
        return _WHY.get(covered, f"covered by {covered}")
    place = "" if quote.source is None else f" (line {quote.source.line})"
    return f"{quote.row_id}{place}"


def _documents(calls: list[CallDetailRecord]) -> str:
    """Name the documents whose lines are meant."""
    sources = (one.quote.source for one in calls if one.quote is not None)
    names = dict.fromkeys(source.document for source in sources if source is not None)
    return f"Amounts in euros; lines of the {' and '.join(names)}." if names else ""


def _cells(record: CallDetailRecord, plan: TariffPlan) -> tuple[str, ...]:
    quote = record.quote
    answered_at = record.answered_at or record.started_at
    return (
        answered_at.astimezone(plan.time_zone).strftime("%H:%M:%S"),
        record.called_number,
        "" if quote is None else quote.destination,
        f"{record.charged_s} s" if quote is not None else f"{record.duration_us / 1e6:.1f} s",
        "" if quote is None else describe(quote, "en"),
        format_euro(record.amount_micros, style="plain"),
        why(record),
    )
