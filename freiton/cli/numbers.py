"""`freiton number` and `freiton block`: who is called at which number."""

from typing import Annotated

import typer

from freiton.cli.accounts import AccountName
from freiton.cli.described import described
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say
from freiton.routing.directory import Directory
from freiton.storage.site.specs import E164, BlockPrefix, BlockSpec, Spec

app = typer.Typer(help="Single numbers of accounts.", no_args_is_help=True)
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
