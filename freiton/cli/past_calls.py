"""The recorded calls of a switch, for the commands that look back at them."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, NamedTuple

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import counted, note
from freiton.storage.charging_log import iterate_cdrs
from rating.cdr import CallDetailRecord
from rating.replay import NotRatable, RecordedCall, recorded_call

OneAccount = Annotated[
    str | None, typer.Option("--account", "-a", help="Only the calls that this account pays.")
]
Since = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Only calls begun then or later (tariff time)."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Only calls begun before (tariff time)."
    ),
]


class PastCalls(NamedTuple):
    """Calls that can be rated again with their records, and why others cannot."""

    calls: list[RecordedCall]
    records: dict[str, CallDetailRecord]
    left_out: Counter[NotRatable]

    def tell_left_out(self) -> None:
        """Say what is missing because the law has taken it, or the numbering plan changed."""
        erased = self.left_out[NotRatable.NUMBER_ERASED]
        unknown = self.left_out[NotRatable.NUMBER_UNKNOWN]
        if erased:
            calls = counted(erased, "call")
            note(f"{calls} left out: the called number has been erased, as the law demands.")
        if unknown:
            calls = counted(unknown, "call")
            note(f"{calls} left out: the numbering plan does not know the called number.")


def past_calls(
    desk: Desk,
    *,
    account_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> PastCalls:
    """Read the calls of one account, or of all, that began in a span of tariff time."""
    past = PastCalls([], {}, Counter())
    plan = desk.numbering.plan
    for record in past_records(desk, account_id=account_id, since=since, until=until):
        call = recorded_call(record, plan)
        if isinstance(call, NotRatable):
            past.left_out[call] += 1
        else:
            past.calls.append(call)
            past.records[call.call_id] = record
    return past


def past_records(
    desk: Desk,
    *,
    account_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[CallDetailRecord]:
    """Read records by payer and beginning, in the order in which the calls ended."""
    zone = desk.tariff_plan.time_zone
    first = None if since is None else since.replace(tzinfo=zone)
    last = None if until is None else until.replace(tzinfo=zone)
    for record in iterate_cdrs(desk.charging_folder):
        is_wanted = (
            account_id in (None, record.account_id)
            and (first is None or record.started_at >= first)
            and (last is None or record.started_at < last)
        )
        if is_wanted:
            yield record
