"""`freiton option` and `freiton flatrate`: what accounts have booked besides their plans.

A flatrate is the option by which the account's provider limits calls at once, whatever its name.
"""

from datetime import date, datetime
from typing import Annotated

import typer

from freiton.cli.accounts import AccountName
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say
from freiton.storage.schema import AccountRow
from freiton.storage.site.edit import SiteEdit
from rating.engine import BookedOption

app = typer.Typer(help="Options of the tariff, such as PLUS.", no_args_is_help=True)
flatrate_app = typer.Typer(
    help="Flatrates: one outgoing call at a time each.", no_args_is_help=True
)

_Count = Annotated[int, typer.Option(min=1, max=1000, help="How many.")]
_Option = Annotated[str, typer.Argument(help="The option's name in the tariff.")]
_OrderedOn = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the order; default today.")
]
_From = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="Day of provision; default the order's."),
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
    _book(context, account, None, count, ordered_on)


@flatrate_app.command("list")
def list_flatrates(context: typer.Context, as_json: AsJson = False) -> None:
    """List booked flatrates, also those that have ended.

    What ended on the day on which it began is shown with --json only.
    """
    _list(context, only_flatrates=True, as_json=as_json)


@flatrate_app.command("remove")
def remove_flatrate(
    context: typer.Context, account: AccountName, *, count: _Count = 1, on: _On = None
) -> None:
    """Let flatrates end; running calls go on."""
    _end(context, account, None, count, on)


@app.command("add")
def add_option(
    context: typer.Context,
    account: AccountName,
    option: _Option,
    *,
    count: _Count = 1,
    ordered_on: _OrderedOn = None,
    begins: _From = None,
) -> None:
    """Book an option of the provider whose plan the account is on.

    Example: freiton option add alice PLUS
    """
    _book(context, account, option, count, ordered_on, begins)


@app.command("list")
def list_options(context: typer.Context, as_json: AsJson = False) -> None:
    """List booked options, also those that have ended.

    What ended on the day on which it began is shown with --json only.
    """
    _list(context, only_flatrates=False, as_json=as_json)


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
    context: typer.Context,
    account: str,
    option: str | None,
    count: int,
    ordered_on: datetime | None,
    begins: datetime | None = None,
) -> None:
    with Desk.of(context).edit() as site:
        row = site.accounts.get(account)
        name = option or site.options.flatrate(row)
        site.options.book(row, name, count=count, ordered_on=_day(ordered_on), begins=_day(begins))
        told = _booked(site, row, name)
    say(told)


def _end(
    context: typer.Context, account: str, option: str | None, count: int, on: datetime | None
) -> None:
    with Desk.of(context).edit() as site:
        row = site.accounts.get(account)
        name = option or site.options.flatrate(row)
        site.options.end(row, name, count=count, on=_day(on))
        told = _booked(site, row, name)
    say(told)


def _booked(site: SiteEdit, account: AccountRow, option: str) -> str:
    return f"{account.name} now has {site.options.count(account, option)} of {option}."


def _list(context: typer.Context, *, only_flatrates: bool, as_json: bool) -> None:
    desk = Desk.of(context)
    columns = ("account", "provider", "option", "count", "ordered_on", "valid_from", "valid_to")
    rows = [
        (
            f"{one.name}@{one.domain}",
            made.provider,
            made.option_id,
            made.count,
            made.ordered_on,
            made.valid_from,
            made.valid_to,
        )
        for one in desk.directory().accounts
        for made in one.subscription.options
        if (not only_flatrates or desk.limits_calls(made)) and (as_json or not _was_void(made))
    ]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    titles = ("Account", "Provider", "Option", "Count", "Ordered on", "From", "Ends on")
    print_table(titles, rows, empty="Nothing is booked.")


def _was_void(booking: BookedOption) -> bool:
    """Tell whether a booking holds on no day at all."""
    return booking.valid_to is not None and booking.valid_to <= booking.valid_from


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
