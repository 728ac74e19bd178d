"""`freiton device`: phones and exchanges, and what must be typed into them."""

from typing import Annotated

import typer

from freiton.cli.accounts import AccountName
from freiton.cli.described import described
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say
from freiton.cli.softphone import show_passwords
from freiton.storage.site.specs import DeviceSpec

app = typer.Typer(help="Devices: phones and exchanges that register.", no_args_is_help=True)

_User = Annotated[str, typer.Argument(help="The device's user.")]
_Origin = Annotated[
    str | None,
    typer.Option(help="voip, or mobile for a SIM behind the gateway to the mobile network."),
]
_Realm = Annotated[str | None, typer.Option(help="Its domain; the default domain if left out.")]


@app.command("add")
def add_device(
    context: typer.Context,
    account: AccountName,
    *,
    user: Annotated[str, typer.Option(help="The user it signs with; one per device.")],
    password: Annotated[
        str | None,
        typer.Option(
            envvar="FREITON_DEVICE_PASSWORD",
            help="Better left out: then one is made at random and shown once.",
        ),
    ] = None,
    origin: _Origin = None,
) -> None:
    """Add a device to an account.

    Example: freiton device add alice --user alice-desk
    """
    spec = described(DeviceSpec, {"user": user, "password": password, "origin": origin})
    desk = Desk.of(context)
    with desk.edit() as site:
        issued = site.devices.add(site.accounts.get(account), spec)
    say(f"Device {issued.user} added to {issued.account}.")
    if password is None:
        show_passwords([issued], desk.config)


@app.command("list")
def list_devices(
    context: typer.Context,
    account: Annotated[str | None, typer.Argument(help="Only this account's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the devices."""
    desk = Desk.of(context)
    directory = desk.directory()
    wanted = None if account is None else desk.account(account, directory).id
    rows = []
    for device in directory.devices:
        owner = directory.account(device.account_id)
        if owner is not None and wanted in (None, owner.id):
            title = f"{owner.name}@{owner.domain}"
            rows.append((device.auth_user, device.realm, title, device.origin, device.enabled))
    if as_json:
        names = ("user", "realm", "account", "origin", "enabled")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    titles = ("User", "Realm", "Account", "Origin", "On")
    print_table(titles, rows, empty="There is no device yet.")


@app.command("change")
def change_device(
    context: typer.Context,
    user: _User,
    *,
    realm: _Realm = None,
    origin: _Origin = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Put it in or out of service.")
    ] = None,
) -> None:
    """Change the named properties of a device; the rest stays.

    Example: freiton device change alice-mobile --origin mobile
    """
    spec = described(DeviceSpec, {"user": user, "origin": origin, "enabled": enabled})
    with Desk.of(context).edit() as site:
        site.devices.change(realm or site.domains.default, spec)
    say(f"Device {user} changed.")


@app.command("password")
def renew_password(context: typer.Context, user: _User, *, realm: _Realm = None) -> None:
    """Replace a device's password by a new one and show it once."""
    desk = Desk.of(context)
    with desk.edit() as site:
        issued = site.devices.renew_password(user, realm or site.domains.default)
    show_passwords([issued], desk.config)


@app.command("remove")
def remove_device(context: typer.Context, user: _User, *, realm: _Realm = None) -> None:
    """Remove a device."""
    with Desk.of(context).edit() as site:
        site.devices.remove(user, realm or site.domains.default)
    say(f"Device {user} removed.")
