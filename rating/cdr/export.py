"""Call records as text for others: CSV for spreadsheets, JSON lines for programs.

JSON lines hold the whole record and can be read back. CSV flattens what people look at, with
amounts as decimal euros, and keeps spreadsheets from running what a stranger dialled.
"""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO
from typing import Final

from rating.cdr.record import CallDetailRecord
from rating.money import format_decimal, format_euro

CSV_COLUMNS: Final = (
    "call_id", "customer_id", "account_id", "device_id", "direction", "calling_number",
    "called_number", "trunk_id", "is_emergency", "started_at", "answered_at", "ended_at",
    "duration_us", "ending", "released_by", "sip_status", "destination", "line_type", "prefix",
    "price_list", "row", "document_line", "price_per_minute_ct", "price_per_call_ct",
    "increments", "covered_by", "readings", "billed_s", "charged_s", "basis", "amount_euro",
    "net_euro", "vat_euro", "gross_euro", "partial_cause", "rating_run", "supersedes",
    "allowance_used_s", "plan", "origin", "joined_call_ids", "referred_by",
)  # fmt: skip

_CENTS_PER_EURO: Final = 100
_CENT_PLACES: Final = 6
# A cell that begins with one of these is a formula to a spreadsheet. A plus sign alone is not
# kept back: before digits it is a telephone number, and those are texts to every reader.
_FORMULA_SIGNS: Final = ("=", "-", "@", "\t", "\r")


def export_csv(records: Iterable[CallDetailRecord]) -> str:
    """Write records with a header line; the order of the columns only ever grows at its end."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for record in records:
        cells = _cells(record)
        writer.writerow(_harmless(cells[column]) for column in CSV_COLUMNS)
    return text.getvalue()


def export_json_lines(records: Iterable[CallDetailRecord]) -> str:
    """Write one JSON object per line, as ``CallDetailRecord.from_record`` reads it."""
    return "".join(
        json.dumps(record.to_record(), ensure_ascii=False, separators=(",", ":")) + "\n"
        for record in records
    )


def _cells(record: CallDetailRecord) -> dict[str, str]:
    return {**_attempt_cells(record), **_price_cells(record), **_amount_cells(record)}


def _attempt_cells(record: CallDetailRecord) -> dict[str, str]:
    return {
        "call_id": record.call_id,
        "customer_id": record.customer_id,
        "account_id": record.account_id,
        "device_id": record.device_id,
        "direction": record.direction,
        "calling_number": record.calling_number,
        "called_number": record.called_number,
        "trunk_id": record.trunk_id or "",
        "is_emergency": "yes" if record.is_emergency else "no",
        "started_at": _instant(record.started_at),
        "answered_at": "" if record.answered_at is None else _instant(record.answered_at),
        "ended_at": _instant(record.ended_at),
        "duration_us": str(record.duration_us),
        "ending": record.ending,
        "released_by": record.released_by or "",
        "sip_status": "" if record.sip_status is None else str(record.sip_status),
        "partial_cause": record.partial_cause or "",
        "joined_call_ids": " ".join(record.joined_call_ids),
        "referred_by": record.referred_by,
        "rating_run": str(record.rating_run),
        "supersedes": "" if record.supersedes is None else str(record.supersedes),
    }


def _price_cells(record: CallDetailRecord) -> dict[str, str]:
    quote = record.quote
    if quote is None:
        names = (
            "destination", "line_type", "prefix", "price_list", "row", "document_line",
            "price_per_minute_ct", "price_per_call_ct", "increments", "covered_by", "readings",
            "basis", "plan", "origin",
        )  # fmt: skip
        return dict.fromkeys(names, "")
    per_minute = quote.price_per_minute * _CENTS_PER_EURO
    per_call = quote.price_per_call * _CENTS_PER_EURO
    return {
        "destination": quote.destination,
        "line_type": quote.line_type.value,
        "prefix": quote.prefix,
        "price_list": f"{quote.list_id} {quote.list_version}" if quote.list_id else "",
        "row": quote.row_id or "",
        "document_line": "" if quote.source is None else str(quote.source.line),
        "price_per_minute_ct": format_decimal(per_minute, places=_CENT_PLACES),
        "price_per_call_ct": format_decimal(per_call, places=_CENT_PLACES),
        "increments": str(quote.increments),
        "covered_by": quote.covered_by or "",
        "readings": " ".join(quote.readings),
        "basis": quote.basis.value,
        "plan": f"{quote.provider}/{quote.plan_id}" if quote.provider else "",
        "origin": quote.origin.kind.value,
    }


def _amount_cells(record: CallDetailRecord) -> dict[str, str]:
    return {
        "billed_s": str(record.billed_s),
        "charged_s": str(record.charged_s),
        "allowance_used_s": " ".join(
            f"{option_id}={seconds}" for option_id, seconds in record.allowance_used_s.items()
        ),
        "amount_euro": format_euro(record.amount_micros, style="plain"),
        "net_euro": format_euro(record.net_micros, style="plain"),
        "vat_euro": format_euro(record.vat_micros, style="plain"),
        "gross_euro": format_euro(record.gross_micros, style="plain"),
    }


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def _harmless(cell: str) -> str:
    is_formula = cell.startswith(_FORMULA_SIGNS) or (
        cell.startswith("+") and not cell[1:].isdecimal()
    )
    return f"'{cell}" if is_formula else cell
