"""`freiton account`: what calls, is called, limited and charged."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from freiton.cli.described import described
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, euros, print_json, print_table, say
from freiton.routing.directory import Account, AccountKind, ChargingKind, Directory
from freiton.storage.site.specs import E164, AccountSpec, Spec

app = typer.Typer(help="Accounts: what calls, is called and pays.", no_args_is_help=True)


class _NumbersSpec(Spec):
    numbers: tuple[E164, ...] = ()


AccountName = Annotated[str, typer.Argument(help="The account: name or name@domain.")]
_Customer = Annotated[str | None, typer.Option(help="Whose account it is.")]
_Kind = Annotated[
    AccountKind | None, typer.Option(help="A phone's account, or a customer's exchange.")
]
_CountryCode = Annotated[str | None, typer.Option(help="For dialling without it; default 49.")]
_AreaCode = Annotated[str | None, typer.Option(help="For local dialling, such as 30.")]
_Number = Annotated[
    list[str] | None, typer.Option("--number", help="A number of its own: +4930123456; repeat.")
]
_MainNumber = Annotated[str | None, typer.Option(help="The number it calls with.")]
_Prepaid = Annotated[
    bool | None, typer.Option("--prepaid/--postpaid", help="Pays before or after its calls.")
]
_DailyLimit = Annotated[
    str | None, typer.Option(help="Euros a postpaid account may spend a day; default 20.")
]
_Premium = Annotated[
    bool | None, typer.Option("--premium/--no-premium", help="May call premium numbers.")
]
_NonEu = Annotated[
    bool | None, typer.Option("--non-eu/--no-non-eu", help="May call outside the EU.")
]
_Clir = Annotated[
    bool | None, typer.Option("--clir/--no-clir", help="Hides its number from the called.")
]
_RejectsAnonymous = Annotated[
    bool | None,
    typer.Option("--reject-anonymous/--accept-anonymous", help="Refuses callers who hide."),
]
_CallCentre = Annotated[
    bool | None,
    typer.Option("--call-centre/--no-call-centre", help="Calls people, so may not hide."),
]
_Channels = Annotated[int | None, typer.Option(help="Calls at once, in and out.")]
_ContactsMax = Annotated[int | None, typer.Option(help="Registered devices at most.")]
_ShortNumbers = Annotated[
    list[str] | None,
    typer.Option("--short-number", help="Short dialling: 12=+4930123456; repeat."),
]
_Algorithms = Annotated[
    list[str] | None,
    typer.Option("--algorithm", help="Digest to offer: MD5 or SHA-256; repeat for both."),
]
_RingS = Annotated[int | None, typer.Option(help="Seconds until nobody answers.")]
_Language = Annotated[str | None, typer.Option(help="Of texts and prompts: de or en.")]
_Enabled = Annotated[
    bool | None, typer.Option("--enabled/--disabled", help="Put it in or out of service.")
]


@app.command("add")
@app.command("change", help="Change the named properties of an account; the rest stays.")
def put_account(
    context: typer.Context,
    account: AccountName,
    *,
    customer: _Customer = None,
    kind: _Kind = None,
    country_code: _CountryCode = None,
    area_code: _AreaCode = None,
    numbers: _Number = None,
    main_number: _MainNumber = None,
    is_prepaid: _Prepaid = None,
    daily_limit: _DailyLimit = None,
    premium_allowed: _Premium = None,
    non_eu_allowed: _NonEu = None,
    clir: _Clir = None,
    rejects_anonymous: _RejectsAnonymous = None,
    is_call_centre: _CallCentre = None,
    channels: _Channels = None,
    contacts_max: _ContactsMax = None,
    short_numbers: _ShortNumbers = None,
    algorithms: _Algorithms = None,
    ring_s: _RingS = None,
    language: _Language = None,
    enabled: _Enabled = None,
) -> None:
    """Add an account.

    Example: freiton account add alice --area-code 30 --number +4930123456 --prepaid
    """
    spec, numbers_spec = _described(locals())  # each parameter is named as the field it fills
    with Desk.of(context).edit() as site:
        is_new = context.info_name == "add"
        row = site.accounts.add(spec) if is_new else site.accounts.change(spec)
        for number in numbers_spec.numbers:
            site.numbers.add(row, number)
        if spec.main_number is not None:
            site.numbers.set_main(row, spec.main_number)
        title = f"{row.name}@{row.domain}"
    say(f"Account {title} {'added' if is_new else 'changed'}.")


@app.command("list")
def list_accounts(context: typer.Context, as_json: AsJson = False) -> None:
    """List all accounts."""
    desk = Desk.of(context)
    directory = desk.directory()
    if as_json:
        print_json([_as_json(one, desk, directory) for one in directory.accounts])
        return
    rows = [
        (
            f"{one.name}@{one.domain}",
            one.kind,
            _plan(one, desk),
            one.main_number,
            len(directory.numbers_of(one.id)) + len(directory.blocks_of(one.id)),
            one.charging,
            _calls_at_once(one, desk),
            sum(device.account_id == one.id for device in directory.devices),
            one.enabled,
        )
        for one in directory.accounts
    ]
    columns = ("Account", "Kind", "Plan", "Main number", "Numbers", "Pays", "Flatrates")
    print_table((*columns, "Devices", "On"), rows, empty="There is no account yet.")


@app.command("show")
def show_account(context: typer.Context, account: AccountName, as_json: AsJson = False) -> None:
    """Show one account with all its properties."""
    desk = Desk.of(context)
    directory = desk.directory()
    found = _as_json(desk.account(account, directory), desk, directory)
    if as_json:
        print_json(found)
        return
    found["daily_limit"] = euros(found.pop("daily_limit_micros"))
    rows = [(name.replace("_", " "), _plain(value)) for name, value in found.items()]
    print_table(("Property", "Value"), rows, empty="")


@app.command("remove")
def remove_account(context: typer.Context, account: AccountName) -> None:
    """Remove an account with its devices, numbers and options.

    What it owes or has left stays in the charging log.
    """
    with Desk.of(context).edit() as site:
        site.accounts.remove(account)
    say(f"Account {account} removed.")


def _described(given: dict[str, Any]) -> tuple[AccountSpec, _NumbersSpec]:
    """Return what the options say of an account, and of its numbers."""
    del given["context"]
    name, _, domain = given.pop("account").partition("@")
    is_prepaid = given.pop("is_prepaid")
    numbers = described(
        _NumbersSpec, {"numbers": given.pop("numbers")}, options={"numbers": "--number"}
    )
    given |= {
        "name": name,
        "domain": domain or None,
        "short_numbers": _short_numbers(given["short_numbers"] or []),
        "charging": {None: None, True: ChargingKind.PREPAID, False: ChargingKind.POSTPAID}[
            is_prepaid
        ],
    }
    names = {
        "name": "ACCOUNT",
        "domain": "ACCOUNT",
        "short_numbers": "--short-number",
        "algorithms": "--algorithm",
    }
    return described(AccountSpec, given, options=names), numbers


def _short_numbers(pairs: list[str]) -> dict[str, str]:
    numbers = {}
    for pair in pairs:
        short, equals, number = pair.partition("=")
        if not equals:
            raise typer.BadParameter(
                f"{pair!r} should be like 12=+4930123456", param_hint="--short-number"
            )
        numbers[short.strip()] = number.strip()
    return numbers


def _plan(account: Account, desk: Desk) -> str | None:
    term = desk.subscription(account).plan_on(desk.today())
    return None if term is None else f"{term.provider}/{term.plan_id}"


def _calls_at_once(account: Account, desk: Desk) -> int | None:
    return desk.tariffs.concurrent_calls_max(desk.subscription(account), datetime.now(UTC))


def _as_json(account: Account, desk: Desk, directory: Directory) -> dict[str, Any]:
    customers = {one.id: one.name for one in directory.customers}
    return {
        "id": account.id,
        "name": account.name,
        "domain": account.domain,
        "customer": customers[account.customer_id],
        "kind": account.kind,
        "country_code": account.country_code,
        "area_code": account.area_code,
        "main_number": account.main_number,
        "numbers": list(directory.numbers_of(account.id)),
        "blocks": [
            f"{one.prefix} ({one.extension_digits} digits)"
            for one in directory.blocks_of(account.id)
        ],
        "devices": [one.auth_user for one in directory.devices if one.account_id == account.id],
        "plan": _plan(account, desk),
        "options": [
            {
                "provider": one.provider,
                "option": one.option_id,
                "count": one.count,
                "ordered_on": str(one.ordered_on),
                "valid_to": None if one.valid_to is None else str(one.valid_to),
            }
            for one in account.subscription.options
        ],
        "charging": account.charging,
        "daily_limit_micros": account.daily_limit_micros,
        "premium_allowed": account.premium_allowed,
        "non_eu_allowed": account.non_eu_allowed,
        "clir": account.clir,
        "rejects_anonymous": account.rejects_anonymous,
        "is_call_centre": account.is_call_centre,
        "channels": account.channels,
        "contacts_max": account.contacts_max,
        "short_numbers": dict(account.short_numbers),
        "algorithms": list(account.algorithms),
        "ring_s": account.ring_s,
        "language": account.language,
        "enabled": account.enabled,
    }


def _plain(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(str(_plain(one)) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items() if one is not None)
    return value
