"""`freiton cdr`: the records of calls."""

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from freiton.cli.desk import Desk
from freiton.cli.progress import watched
from freiton.storage.charging_log import iterate_cdrs
from rating.cdr import CallDetailRecord, export_csv, export_json_lines

app = typer.Typer(help="Call detail records.", no_args_is_help=True)


class Format(StrEnum):
    """What the records are written as."""

    CSV = "csv"
    JSON = "json"


@app.command("export")
def export(
    context: typer.Context,
    account: Annotated[
        str | None, typer.Option(help="Only the calls that this account pays.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only what ended then or later (tariff time).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Only what ended before (tariff time).")
    ] = None,
    as_format: Annotated[Format, typer.Option("--format", help="csv or json lines.")] = Format.CSV,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file instead of the terminal.")
    ] = None,
) -> None:
    """Write the record of every attempt.

    In the order in which they ended. Works while the switch runs, and without it.
    Example: freiton cdr export --account alice
    """
    desk = Desk.of(context)
    zone = desk.tariff_plan.time_zone
    payer = None if account is None else str(desk.account(account, desk.directory()).id)
    first = None if since is None else since.replace(tzinfo=zone)
    last = None if until is None else until.replace(tzinfo=zone)

    def is_wanted(record: CallDetailRecord) -> bool:
        return (
            payer in (None, record.account_id)
            and (first is None or record.ended_at >= first)
            and (last is None or record.ended_at < last)
        )

    records = filter(is_wanted, watched(iterate_cdrs(desk.charging_folder), "Reading"))
    text = export_csv(records) if as_format is Format.CSV else export_json_lines(records)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8", newline="")
