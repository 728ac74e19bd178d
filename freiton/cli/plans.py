"""`freiton plan`: with which provider, and on which of its plans, accounts are."""

from datetime import date, datetime
from typing import Annotated

import typer

from freiton.cli.accounts import AccountName
from freiton.cli.described import described
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say
from freiton.storage.site.specs import PlanSpec

app = typer.Typer(help="Plans of providers, such as enreach/advanced.", no_args_is_help=True)


@app.command("set")
def set_plan(
    context: typer.Context,
    account: AccountName,
    plan: Annotated[str, typer.Argument(help="Provider and plan: tgnet/account.")],
    *,
    begins: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day with it; default today."),
    ] = None,
    price_list: Annotated[
        str | None, typer.Option(help="The list picked in the contract, where there are several.")
    ] = None,
) -> None:
    """Put an account on a plan from a day on.

    The plan before ends on that day, and so do options that the new one does not have.
    Example: freiton plan set alice enreach/advanced --from 2026-06-01
    """
    given = {"name": plan, "valid_from": begins and begins.date(), "price_list": price_list}
    spec = described(PlanSpec, given, options={"name": "PLAN", "valid_from": "--from"})
    with Desk.of(context).edit() as site:
        change = site.plans.book(site.accounts.get(account), spec)
    say(f"{account} is on {plan} from {change.begins}.")
    if change.ended:
        say(f"Options that end with that: {', '.join(change.ended)}.")


@app.command("list")
def list_plans(
    context: typer.Context,
    account: Annotated[str | None, typer.Argument(help="Only this account's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the plans of accounts, also those that have ended or are to begin.

    The default plan of the settings, which nobody books, is shown while an account is on it.
    """
    desk = Desk.of(context)
    directory = desk.directory()
    accounts = directory.accounts if account is None else (desk.account(account, directory),)
    today = desk.today()
    rows = [
        (
            f"{one.name}@{one.domain}",
            f"{term.provider}/{term.plan_id}",
            term.price_list,
            None if term.valid_from == date.min else term.valid_from,
            term.valid_to,
        )
        for one in accounts
        for term in desk.subscription(one).plans
        if term.valid_from != date.min or term.valid_to is None or term.valid_to > today
    ]
    if as_json:
        names = ("account", "plan", "price_list", "valid_from", "valid_to")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    titles = ("Account", "Plan", "Price list", "From", "Ends on")
    print_table(titles, rows, empty="There is no account yet.")
