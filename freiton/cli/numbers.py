"""`freiton number`, `freiton number right`, `freiton block`: who is called at, and shows, which."""

from typing import Annotated

import typer

from freiton.cli.accounts import AccountName
from freiton.cli.described import described
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say
from freiton.routing.directory import Directory
from freiton.storage.site.specs import E164, BlockPrefix, BlockSpec, NumberRightSpec, Spec

app = typer.Typer(help="Single numbers of accounts.", no_args_is_help=True)
right_app = typer.Typer(
    help="Proven rights to show numbers that are assigned elsewhere (CLIP no screening).",
    no_args_is_help=True,
)
app.add_typer(right_app, name="right")
block_app = typer.Typer(help="Blocks of extensions of exchanges.", no_args_is_help=True)


class _NumberSpec(Spec):
    number: E164


class _PrefixSpec(Spec):
    prefix: BlockPrefix


_Number = Annotated[str, typer.Argument(help="With country code, such as +4930123456.")]
_Prefix = Annotated[str, typer.Argument(help="What all its numbers begin with: +4930123.")]


@app.command("add")
def add_number(context: typer.Context, account: AccountName, number: _Number) -> None:
    """Give an account a number; its first one becomes its main number.

    Example: freiton number add alice +4930123456
    """
    spec = described(_NumberSpec, {"number": number}, options={"number": "NUMBER"})
    with Desk.of(context).edit() as site:
        site.numbers.add(site.accounts.get(account), spec.number)
    say(f"{spec.number} now rings at {account}.")


@app.command("list")
def list_numbers(context: typer.Context, as_json: AsJson = False) -> None:
    """List the single numbers."""
    directory = Desk.of(context).directory()
    rows = [
        (number, _title(directory, account_id))
        for number, account_id in sorted(directory.numbers.items())
    ]
    if as_json:
        print_json([{"number": number, "account": account} for number, account in rows])
        return
    print_table(("Number", "Account"), rows, empty="There is no number yet.")


@app.command("remove")
def remove_number(context: typer.Context, number: _Number) -> None:
    """Take a number from its account."""
    spec = described(_NumberSpec, {"number": number}, options={"number": "NUMBER"})
    with Desk.of(context).edit() as site:
        site.numbers.remove(spec.number)
    say(f"{spec.number} removed.")


@right_app.command("add")
def add_right(
    context: typer.Context,
    account: AccountName,
    number: _Number,
    *,
    document: Annotated[str, typer.Option(help="What proves the right: contract, letter, call.")],
    expires: Annotated[str, typer.Option(help="The last day of the proof: 2027-12-31.")],
    verified: Annotated[
        str | None, typer.Option(help="When it was checked; default today.")
    ] = None,
    is_business: Annotated[
        bool, typer.Option("--business", help="For a foreign number: it is a business that calls.")
    ] = False,
) -> None:
    """Let an account show a number that is assigned elsewhere; entered again, the proof is renewed.

    The number assigned to the account goes along. A foreign number is shown in calls into its own
    country only.

    Example: freiton number right add alice +4930123456 --document "letter of 3 May" --expires
    2027-12-31
    """
    desk = Desk.of(context)
    given = {
        "number": number,
        "document": document,
        "verified_on": verified or str(desk.today()),
        "expires_on": expires,
        "is_business": is_business,
    }
    names = {"number": "NUMBER", "verified_on": "--verified", "expires_on": "--expires"}
    spec = described(NumberRightSpec, given, options=names)
    with desk.edit() as site:
        is_new = site.number_rights.put(site.accounts.get(account), spec)
    change = "may show" if is_new else "may go on to show"
    say(f"{account} {change} {spec.number} until {spec.expires_on}.")


@right_app.command("list")
def list_rights(context: typer.Context, as_json: AsJson = False) -> None:
    """List the rights, and which of them hold today."""
    desk = Desk.of(context)
    directory, today = desk.directory(), desk.today()
    rows = [
        (
            _title(directory, one.account_id),
            one.number,
            one.document,
            str(one.verified_on),
            str(one.expires_on),
            one.is_business,
            one.holds_on(today),
        )
        for one in directory.number_rights
    ]
    if as_json:
        names = ("account", "number", "document", "verified_on", "expires_on", "is_business")
        print_json([dict(zip((*names, "holds"), row, strict=True)) for row in rows])
        return
    columns = ("Account", "Number", "Proof", "Verified", "Expires", "Business", "Holds")
    print_table(columns, rows, empty="There is no right yet.")


@right_app.command("remove")
def remove_right(context: typer.Context, account: AccountName, number: _Number) -> None:
    """Take a right away; the next call shows the account's own number again."""
    spec = described(_NumberSpec, {"number": number}, options={"number": "NUMBER"})
    with Desk.of(context).edit() as site:
        site.number_rights.remove(site.accounts.get(account), spec.number)
    say(f"{account} may no longer show {spec.number}.")


@block_app.command("add")
def add_block(
    context: typer.Context,
    account: AccountName,
    prefix: _Prefix,
    *,
    digits: Annotated[int, typer.Option(help="Longest extension, in digits.")],
) -> None:
    """Give an account a block: all extensions of one to DIGITS digits.

    Example: freiton block add musterhaus +4940123 --digits 2
    """
    names = {"prefix": "PREFIX"}
    spec = described(BlockSpec, {"prefix": prefix, "digits": digits}, options=names)
    with Desk.of(context).edit() as site:
        site.numbers.add_block(site.accounts.get(account), spec)
    say(f"Block {spec.prefix} now rings at {account}.")


@block_app.command("list")
def list_blocks(context: typer.Context, as_json: AsJson = False) -> None:
    """List the blocks of extensions."""
    directory = Desk.of(context).directory()
    rows = [
        (one.prefix, one.extension_digits, _title(directory, one.account_id))
        for one in sorted(directory.blocks, key=lambda block: block.prefix)
    ]
    if as_json:
        print_json([{"prefix": one, "digits": two, "account": three} for one, two, three in rows])
        return
    print_table(("Prefix", "Digits", "Account"), rows, empty="There is no block yet.")


@block_app.command("remove")
def remove_block(context: typer.Context, prefix: _Prefix) -> None:
    """Take a block from its account."""
    spec = described(_PrefixSpec, {"prefix": prefix}, options={"prefix": "PREFIX"})
    with Desk.of(context).edit() as site:
        site.numbers.remove_block(spec.prefix)
    say(f"Block {spec.prefix} removed.")


def _title(directory: Directory, account_id: int) -> str:
    account = directory.account(account_id)
    return "" if account is None else f"{account.name}@{account.domain}"
