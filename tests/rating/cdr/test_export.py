from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO

import pytest

from rating.cdr import CSV_COLUMNS, CallDetailRecord, export_csv, export_json_lines
from tests.rating.cdr.records import answered_call, refused_call


def csv_rows(*records: CallDetailRecord) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(export_csv(records), newline="")))


def test_csv_of_a_paid_call() -> None:
    (row,) = csv_rows(answered_call())
    assert tuple(row) == CSV_COLUMNS
    assert row["called_number"] == "+447700900123"
    assert row["answered_at"] == "2026-05-20T12:00:05.000+00:00"
    assert row["destination"] == "United Kingdom"
    assert row["price_list"] == "tgnet-call 2010-03-01"
    assert (row["row"], row["document_line"]) == ("302/standard/mobile", "302")
    assert (row["price_per_minute_ct"], row["price_per_call_ct"]) == ("39", "0")
    assert (row["increments"], row["billed_s"], row["charged_s"]) == ("1/1", "62", "62")
    assert row["amount_euro"] == row["gross_euro"] == "0.403000"
    assert (row["net_euro"], row["vat_euro"]) == ("0.338655", "0.064345")


def test_csv_names_the_seconds_of_each_allowance() -> None:
    record = replace(answered_call(), allowance_used_s={"FREE-120": 20, "PACKAGE": 40})
    (row,) = csv_rows(record)
    assert row["allowance_used_s"] == "FREE-120=20 PACKAGE=40"
    (row,) = csv_rows(answered_call())
    assert row["allowance_used_s"] == ""


def test_csv_of_a_refused_attempt() -> None:
    (row,) = csv_rows(refused_call())
    assert (row["ending"], row["sip_status"]) == ("flatrate-limit", "486")
    assert row["answered_at"] == row["destination"] == row["row"] == ""
    assert row["amount_euro"] == "0.000000"


def test_csv_without_records_is_a_header() -> None:
    assert export_csv([]) == ",".join(CSV_COLUMNS) + "\r\n"


@pytest.mark.parametrize(
    "dialled", ["=1+2", "@SUM(A1)", "-1", "+cmd|' /C calc'!A0", "\t=1", "+1=2"]
)
def test_a_stranger_cannot_write_formulas_into_a_spreadsheet(dialled: str) -> None:
    (row,) = csv_rows(refused_call(called_number=dialled))
    assert row["called_number"] == f"'{dialled}"


@pytest.mark.parametrize("dialled", ["+4930123456", "112", "", 'a"b,c\nd'])
def test_other_texts_are_written_as_they_are(dialled: str) -> None:
    (row,) = csv_rows(refused_call(called_number=dialled))
    assert row["called_number"] == dialled


def test_json_lines_hold_everything() -> None:
    records = [answered_call(), refused_call(called_number="Zoë\n")]
    lines = export_json_lines(records).splitlines()
    assert [CallDetailRecord.from_record(json.loads(line)) for line in lines] == records
    assert export_json_lines([]) == ""
