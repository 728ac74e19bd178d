"""`freiton flatrate` and `freiton option`: what accounts have booked."""

from datetime import date, datetime
from typing import Annotated

import typer

from freiton.cli.accounts import AccountName
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say
from freiton.routing.directory import FLATRATE

app = typer.Typer(help="Options of the tariff, such as PLUS.", no_args_is_help=True)
flatrate_app = typer.Typer(
    help="Flatrates: one outgoing call at a time each.", no_args_is_help=True
)

_Count = Annotated[int, typer.Option(min=1, max=1000, help="How many.")]
_Option = Annotated[str, typer.Argument(help="The option's name in the tariff.")]
_OrderedOn = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the order; default today.")
]
_On = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="First day without it; default today."),
]


@flatrate_app.command("add")
def add_flatrate(
    context: typer.Context,
    account: AccountName,
    *,
    count: _Count = 1,
    ordered_on: _OrderedOn = None,
) -> None:
    """Book flatrates; they count for the next call already.

    Example: freiton flatrate add alice --count 1
    """
    _book(context, account, FLATRATE, count, ordered_on)


@flatrate_app.command("list")
def list_flatrates(context: typer.Context, as_json: AsJson = False) -> None:
    """List booked flatrates, also those that have ended."""
    _list(context, only=FLATRATE, as_json=as_json)


@flatrate_app.command("remove")
def remove_flatrate(
    context: typer.Context, account: AccountName, *, count: _Count = 1, on: _On = None
) -> None:
    """Let flatrates end; running calls go on."""
    _end(context, account, FLATRATE, count, on)


@app.command("add")
def add_option(
    context: typer.Context,
    account: AccountName,
    option: _Option,
    *,
    count: _Count = 1,
    ordered_on: _OrderedOn = None,
) -> None:
    """Book an option.

    Example: freiton option add alice PLUS
    """
    _book(context, account, option, count, ordered_on)


@app.command("list")
def list_options(context: typer.Context, as_json: AsJson = False) -> None:
    """List booked options, also those that have ended."""
    _list(context, only=None, as_json=as_json)


@app.command("remove")
def remove_option(
    context: typer.Context,
    account: AccountName,
    option: _Option,
    *,
    count: _Count = 1,
    on: _On = None,
) -> None:
    """Let an option end."""
    _end(context, account, option, count, on)


def _book(
    context: typer.Context, account: str, option: str, count: int, ordered_on: datetime | None
) -> None:
    with Desk.of(context).edit() as site:
        row = site.accounts.get(account)
        site.options.book(row, option, count=count, ordered_on=_day(ordered_on))
        booked = site.options.count(row, option)
    say(f"{account} now has {booked} of {option}.")


def _end(
    context: typer.Context, account: str, option: str, count: int, on: datetime | None
) -> None:
    with Desk.of(context).edit() as site:
        row = site.accounts.get(account)
        site.options.end(row, option, count=count, on=_day(on))
        booked = site.options.count(row, option)
    say(f"{account} now has {booked} of {option}.")


def _list(context: typer.Context, *, only: str | None, as_json: bool) -> None:
    columns = ("account", "option", "count", "ordered_on", "valid_to")
    rows = [
        (f"{one.name}@{one.domain}", made.option, made.count, made.ordered_on, made.valid_to)
        for one in Desk.of(context).directory().accounts
        for made in one.options
        if only in (None, made.option)
    ]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    titles = ("Account", "Option", "Count", "Ordered on", "Ends on")
    print_table(titles, rows, empty="Nothing is booked yet.")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
