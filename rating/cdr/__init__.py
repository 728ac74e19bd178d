"""What stays of a call: its record, and the record as text."""

from rating.cdr.export import CSV_COLUMNS, export_csv, export_json_lines
from rating.cdr.record import CallDetailRecord

__all__ = ["CSV_COLUMNS", "CallDetailRecord", "export_csv", "export_json_lines"]
