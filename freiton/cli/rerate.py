"""`freiton rerate`: recorded calls are rated anew, and what they had cost is corrected."""

import re
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Final

import typer

from freiton.accounting.charging_events import CallRerated
from freiton.accounting.instants import Instant
from freiton.accounting.rating_runs import correction_of
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, counted, euros, print_json, print_table, say
from freiton.cli.past_calls import OneAccount, past_records
from freiton.cli.progress import watched
from freiton.cli.rating_door import rating_door
from freiton.errors import OperatorError
from freiton.storage.charging_log import prepaid_calls
from freiton.storage.charging_log_state import read_state
from rating.cdr import CallDetailRecord
from rating.pricing import Tariffs
from rating.replay import Replay, Rerating, as_of, rerate

BATCH_CALLS: Final = 500

ACCOUNT_GONE: Final = "account_gone"
NO_MOMENT: Final = Instant(0, 0, "")
"""Stands in a correction until its writer puts its own."""

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_WHY_KEPT: Final = (
    ("number_erased", "the called number has been erased, as the law demands"),
    ("number_unknown", "the numbering plan does not know the called number any more"),
    (ACCOUNT_GONE, "the account is not there any more"),
)


@dataclass(slots=True)
class AccountChange:
    """What a run means for one account; amounts are gross."""

    name: str
    calls: int = 0
    changed: list[Rerating] = field(default_factory=list)
    old_micros: int = 0
    new_micros: int = 0

    def as_json(self) -> dict[str, object]:
        """Give the fields for programs."""
        return {
            "account": self.name,
            "calls": self.calls,
            "changed": len(self.changed),
            "old_micros": self.old_micros,
            "new_micros": self.new_micros,
            "difference_micros": self.new_micros - self.old_micros,
        }


@dataclass(slots=True)
class LookBack:
    """What a run would change, as the log stood when it was read."""

    run: int
    accounts: list[AccountChange] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> list[Rerating]:
        """All calls whose charge changes, account by account in the order of their starts."""
        return [one for account in self.accounts for one in account.changed]


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which calls are rated again, and by what."""

    tariffs: Tariffs
    account_id: str | None
    since: datetime | None
    until: datetime | None
    run_id: str


def rerate_calls(
    context: typer.Context,
    *,
    account: OneAccount = None,
    month: Annotated[
        str | None, typer.Option(help="Only calls begun in a month (tariff time): 2026-11.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it stands in the log for ever.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    with_list_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="By the price lists in force on this day."),
    ] = None,
    run_id: Annotated[
        str | None, typer.Option(help="Names the run; a broken one goes on under its own name.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rate recorded calls again, and correct what they had cost.

    For a flat that was ordered within its month, a price row that was wrong, a call that was
    reported late. Without --month and --account, all recorded calls are rated. Nothing is edited: a
    new run is appended, which gives back the former charge and debits the new one; records, bills
    and explanations then show the newest run. Works through the running switch, and without one.
    Example: freiton rerate --account alice --month 2026-11 --reason "flat ordered" --dry-run
    """
    desk = Desk.of(context)
    since, until = _span(month)
    tariffs = desk.tariffs if with_list_of is None else _as_of(desk.tariffs, with_list_of.date())
    payer = None if account is None else str(desk.account(account, desk.directory()).id)
    scope = _Scope(tariffs, payer, since, until, run_id or uuid.uuid4().hex)
    found = _look_back(desk, scope)
    is_written = bool(found.changed) and not dry_run
    if is_written:
        found = _write(desk, scope, reason)
    _report(found, scope.run_id, is_written=is_written, as_json=as_json)


def _as_of(tariffs: Tariffs, day: date) -> Tariffs:
    """Take the lists of a day on which there are any, so that a slip of the pen is no rerating."""
    in_force = any(one.holds_on(day) for plan in tariffs.plans.values() for one in plan.price_lists)
    if not in_force:
        raise OperatorError(f"no price list was in force on {day}")
    return as_of(tariffs, day)


def _look_back(desk: Desk, scope: _Scope) -> LookBack:
    state = read_state(desk.charging_folder)
    is_resumed = state.rating_run_id == scope.run_id
    found = LookBack(state.rating_run if is_resumed else state.rating_run + 1)
    by_account: dict[str, list[CallDetailRecord]] = {}
    records = past_records(desk, account_id=scope.account_id, since=scope.since, until=scope.until)
    for record in watched(records, "Reading"):
        if record.quote is not None:
            by_account.setdefault(record.account_id, []).append(record)
    held_s: dict[str, dict[tuple[str, str], int]] = {}
    for balance in state.allowances.states():
        key = balance.key
        held_s.setdefault(key.account_id, {})[key.option_id, key.period] = balance.reserved_s
    replay = Replay(scope.tariffs, desk.numbering.prefix_table)
    accounts = {str(one.id): one for one in desk.directory().accounts}
    for account_id, of_account in watched(by_account.items(), "Rating", total=len(by_account)):
        account = accounts.get(account_id)
        if account is None:
            found.kept[ACCOUNT_GONE] += len(of_account)
            continue
        rating = replay.of(desk.subscription(account), taken_s=held_s.get(account_id, {}))
        change = AccountChange(f"{account.name}@{account.domain}")
        for one in rerate(of_account, rating, desk.numbering.plan, run=found.run):
            _count(found, change, one)
        found.accounts.append(change)
    return found


def _count(found: LookBack, change: AccountChange, one: Rerating) -> None:
    change.calls += 1
    change.old_micros += one.former.gross_micros
    change.new_micros += one.former.gross_micros
    if one.kept is not None:
        found.kept[one.kept] += 1
    # What this very run has corrected already, before it broke off, is done.
    elif one.rerated is not None and one.former.rating_run != found.run:
        change.changed.append(one)
        change.new_micros += one.gross_difference_micros


def _write(desk: Desk, scope: _Scope, reason: str) -> LookBack:
    """Begin the run, then look: calls that ended before it, and other runs, are in the log now."""
    with rating_door(desk) as door:
        door.begin(scope.run_id, reason=reason)
        found = _look_back(desk, scope)
        changed = found.changed
        is_prepaid = _prepaid(desk, {one.former.call_id for one in changed})
        starts = range(0, len(changed), BATCH_CALLS)
        for start in watched(starts, "Correcting", total=len(starts)):
            batch = changed[start : start + BATCH_CALLS]
            door.correct(list(_corrections(batch, is_prepaid)))
    return found


def _corrections(changed: list[Rerating], is_prepaid: dict[str, bool]) -> Iterator[CallRerated]:
    for one in changed:
        if one.rerated is not None:
            paid_before = is_prepaid[one.former.call_id]
            yield correction_of(one.former, one.rerated, is_prepaid=paid_before, when=NO_MOMENT)


def _prepaid(desk: Desk, call_ids: set[str]) -> dict[str, bool]:
    return {
        call_id: is_prepaid
        for call_id, is_prepaid in prepaid_calls(desk.charging_folder)
        if call_id in call_ids
    }


def _span(month: str | None) -> tuple[datetime | None, datetime | None]:
    if month is None:
        return None, None
    if _MONTH.fullmatch(month) is None:
        raise typer.BadParameter(f"{month!r} should be like 2026-11", param_hint="--month")
    first = datetime.strptime(month, "%Y-%m")  # noqa: DTZ007 - becomes tariff time where it is used
    return first, _next_month(first)


def _next_month(first: datetime) -> datetime:
    is_december = first.month == 12
    return first.replace(year=first.year + is_december, month=1 if is_december else first.month + 1)


def _report(found: LookBack, run_id: str, *, is_written: bool, as_json: bool) -> None:
    difference = sum(one.new_micros - one.old_micros for one in found.accounts)
    if as_json:
        report: dict[str, Any] = {
            "run": found.run if is_written else None,
            "run_id": run_id if is_written else None,
            "changed": len(found.changed),
            "difference_micros": difference,
            "accounts": [one.as_json() for one in found.accounts],
            "kept": dict(found.kept),
        }
        print_json(report)
        return
    rows = [
        (one.name, one.calls, len(one.changed), euros(one.old_micros), euros(one.new_micros),
         euros(one.new_micros - one.old_micros))
        for one in found.accounts
    ]  # fmt: skip
    titles = ("Account", "Calls", "Changed", "Was", "Is", "Difference")
    print_table(titles, rows, empty="There are no calls to rate.")
    _tell_kept(found.kept)
    calls = counted(len(found.changed), "call")
    if is_written:
        say(f"Rating run {found.run} ({run_id}) corrects {calls} by {euros(difference)}.")
    elif found.changed:
        say(f"{calls} would change by {euros(difference)}. Nothing was written.")
    else:
        say("No charge changes. Nothing was written.")


def _tell_kept(kept: Counter[str]) -> None:
    known = dict(_WHY_KEPT)
    for why, count in kept.items():
        words = known.get(why, f"there is no price any more ({why.replace('_', ' ')})")
        say(f"Charge kept for {counted(count, 'call')}: {words}.")
