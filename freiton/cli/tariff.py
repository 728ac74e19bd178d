"""`freiton tariff`: price lists looked at, checked, and compared."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, euros, print_json, print_table, say
from freiton.cli.past_calls import Since, Until, past_calls
from freiton.cli.tariff_money import MoneyChange, money_changes
from freiton.config import shipped
from freiton.config.rating_data import read_texts
from freiton.errors import OperatorError
from rating.charges import load_charges
from rating.errors import DataError, Problem
from rating.pricing import PriceList, Tariffs, load_tariffs, unreachable
from rating.replay import (
    RowChange,
    RuleChange,
    changed_lists,
    changed_rows,
    changed_rules,
    price_text,
)

app = typer.Typer(help="Price lists: looked at, checked, compared.", no_args_is_help=True)

_Folder = Annotated[Path | None, typer.Argument(help="A folder of tariffs; default: those in use.")]


@app.command("list")
def list_tariffs(context: typer.Context, as_json: AsJson = False) -> None:
    """List providers with their plans, options and price lists."""
    rows = list(_offer(Desk.of(context).tariffs))
    if as_json:
        columns = ("provider", "kind", "id", "name", "valid_from", "valid_to", "note")
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    titles = ("Provider", "Kind", "Id", "Name", "From", "To", "Note")
    print_table(titles, rows, empty="There is no tariff.")


@app.command("lint")
def lint(context: typer.Context, folder: _Folder = None, as_json: AsJson = False) -> None:
    """Check tariffs; every problem is named with file and line.

    Units mixed up, prices missing or above the legal caps, gaps in tiers of fees, lists that hold
    at the same time, rows that no number leads to, and more. Ends with 1 if there is any.
    Example: freiton tariff lint config/tariffs
    """
    desk = Desk.of(context)
    problems = _problems(desk, folder or desk.config.tariff.folder or shipped("tariffs"))
    if as_json:
        print_json(
            [{"file": one.file, "line": one.line, "message": one.message} for one in problems]
        )
    else:
        for problem in problems:
            say(str(problem))
        say(f"{len(problems)} problems." if problems else "No problem was found.")
    if problems:
        raise typer.Exit(1)


@app.command("diff")
def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="A folder of tariffs, or PROVIDER/LIST@VERSION.")],
    new: Annotated[str, typer.Argument(help="Another folder, or another version.")],
    *,
    since: Since = None,
    until: Until = None,
    calls: Annotated[
        bool, typer.Option(help="Rate the recorded calls with both folders, too.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Show which rows and rules differ, and what that means for the calls that were made.

    Two folders are compared provider by provider, two versions of a list row by row. Over the
    recorded calls of this switch, each account has what it has booked.
    Example: freiton tariff diff config/tariffs /tmp/tariffs --since 2026-11-01
    """
    desk = Desk.of(context)
    changes: tuple[MoneyChange, ...] = ()
    rules: list[RuleChange] = []
    if "@" in old or "@" in new:
        lists: list[dict[str, Any]] = []
        rows = list(changed_rows(_version(desk.tariffs, old), _version(desk.tariffs, new)))
    else:
        before, after = _loaded(Path(old)), _loaded(Path(new))
        lists, rows = _folder_changes(before, after)
        rules = _rule_changes(before, after)
        if calls and desk.has_site:
            past = past_calls(desk, since=since, until=until)
            past.tell_left_out()
            changes = money_changes(desk, past.calls, before, after)
    if as_json:
        money = [change.as_json() for change in changes]
        print_json(
            {
                "lists": lists,
                "rules": [asdict(rule) for rule in rules],
                "rows": [_row_json(row) for row in rows],
                "money": money,
            }
        )
        return
    for rule in rules:
        say(f"{rule.change}: {rule.provider}, {rule.rule}")
    _print_rows(lists, rows)
    if changes:
        _print_money(changes)


def _offer(tariffs: Tariffs) -> Iterator[tuple[object, ...]]:
    for tariff in tariffs.plans.values():
        provider = tariff.provider
        for plan in tariff.plans.values():
            notes = ["trunk"] if plan.is_trunk else []
            notes += [f"with {option_id}" for option_id in plan.includes]
            yield provider, "plan", plan.id, plan.name, None, None, ", ".join(notes)
        for option in tariff.options.values():
            plans = f"only {', '.join(sorted(option.plans))}" if option.plans else ""
            yield provider, option.kind, option.id, str(option.source), None, None, plans
        for price_list in tariff.price_lists:
            terms = price_list.terms
            flags = (
                (terms.id == tariff.default_list, "default"),
                (terms.is_pinned, "kept for the contract term"),
                (terms.is_example, "example: its prices are invented"),
            )
            words = ", ".join(word for is_so, word in flags if is_so)
            name = f"{terms.version}, {terms.basis}"
            yield provider, "list", terms.id, name, terms.valid_from, terms.valid_to, words


def _problems(desk: Desk, folder: Path) -> tuple[Problem, ...]:
    texts = read_texts(folder)
    try:
        tariffs = load_tariffs(texts)
        load_charges(texts, tariffs)
    except DataError as error:
        return error.problems
    return unreachable(tariffs, desk.numbering.prefix_table)


def _loaded(folder: Path) -> Tariffs:
    try:
        return load_tariffs(read_texts(folder))
    except DataError as error:
        count = len(error.problems)
        raise OperatorError(
            f"{folder}: {error.problems[0]}; `freiton tariff lint {folder}` names all {count}"
        ) from error


def _version(tariffs: Tariffs, reference: str) -> PriceList:
    """Find what PROVIDER/LIST@VERSION names."""
    provider, _, rest = reference.partition("/")
    known = tariffs.plans.get(provider)
    lists = () if known is None else known.price_lists
    for price_list in lists:
        if f"{price_list.id}@{price_list.version}" == rest:
            return price_list
    names = ", ".join(
        f"{tariff.provider}/{one.id}@{one.version}"
        for tariff in tariffs.plans.values()
        for one in tariff.price_lists
    )
    raise OperatorError(f"there is no price list {reference}; known: {names}")


def _folder_changes(
    before: Tariffs, after: Tariffs
) -> tuple[list[dict[str, Any]], list[RowChange]]:
    lists: list[dict[str, Any]] = []
    rows: list[RowChange] = []
    for provider in sorted(before.plans.keys() | after.plans.keys()):
        old, new = before.plans.get(provider), after.plans.get(provider)
        if old is not None and new is not None:
            gone, come, changes = changed_lists(old, new)
            rows += changes
        else:
            gone = () if old is None else old.price_lists
            come = () if new is None else new.price_lists
        for change, found in (("removed", gone), ("added", come)):
            lists += [
                {"change": change, "list": f"{provider}/{one.id}@{one.version}"} for one in found
            ]
    return lists, rows


def _rule_changes(before: Tariffs, after: Tariffs) -> list[RuleChange]:
    return [
        change
        for provider, old in before.plans.items()
        if provider in after.plans
        for change in changed_rules(old, after.plans[provider])
    ]


def _print_rows(lists: Iterable[dict[str, Any]], rows: Iterable[RowChange]) -> None:
    for one in lists:
        say(f"{one['change']}: list {one['list']}")
    cells = [
        (
            row.change,
            row.list_id,
            row.destination,
            row.cell,
            price_text(row.old),
            price_text(row.new),
        )
        for row in rows
    ]
    titles = ("Change", "List", "Destination", "Column", "Was", "Is")
    print_table(titles, cells, empty="No row differs.")
    counted = Counter(str(row[0]) for row in cells)
    if counted:
        say(", ".join(f"{count} {change}" for change, count in counted.items()) + ".")


def _print_money(changes: Iterable[MoneyChange]) -> None:
    say("")
    rows = [
        (one.destination, one.calls, euros(one.old_micros), euros(one.new_micros),
         euros(one.new_micros - one.old_micros), one.unpriced or None)
        for one in changes
    ]  # fmt: skip
    titles = ("Recorded calls to", "Calls", "Was", "Is", "Difference", "Without price now")
    print_table(titles, rows, empty="")


def _row_json(row: RowChange) -> dict[str, Any]:
    return {
        "change": row.change,
        "list": row.list_id,
        "destination": row.destination,
        "column": row.cell,
        "old": price_text(row.old),
        "new": price_text(row.new),
    }
