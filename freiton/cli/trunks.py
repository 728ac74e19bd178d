"""`freiton trunk`: ways to and from carriers."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from freiton.cli.described import described
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say
from freiton.routing.directory import Handling, NumberFormat, Trunk, TrunkKind
from freiton.storage.site.specs import TrunkSpec
from freiton.storage.site.trunks import OF_PRESET

app = typer.Typer(help="Trunks: ways to and from carriers.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="The trunk's name.")]
_Host = Annotated[
    str | None,
    typer.Option(help="The carrier: address, host:port, or a name alone, for SRV records."),
]
_Kind = Annotated[
    TrunkKind | None, typer.Option(help="Default: registration when there is a user name.")
]
_Transport = Annotated[str | None, typer.Option(help="udp, tcp or tls; default udp.")]
_Listener = Annotated[
    str | None, typer.Option(help="The listener to send from; default: named as the transport.")
]
_Domain = Annotated[str | None, typer.Option(help="The carrier's domain; default: host.")]
_Username = Annotated[str | None, typer.Option(help="Our user at the carrier.")]
_AuthUser = Annotated[
    str | None, typer.Option(help="Our user in credentials; default: the username.")
]
_Secret = Annotated[
    str | None,
    typer.Option(envvar="FREITON_TRUNK_SECRET", help="Our password; asked for if missing."),
]
_Realm = Annotated[str | None, typer.Option(help="The only realm to give the password to.")]
_ExpiresS = Annotated[int | None, typer.Option(help="Seconds a registration holds.")]
_Priority = Annotated[int | None, typer.Option(help="Lower is tried first; default 10.")]
_Weight = Annotated[int | None, typer.Option(help="Share among equal priorities.")]
_Channels = Annotated[int | None, typer.Option(help="Calls at once; default 30.")]
_Emergency = Annotated[
    bool | None, typer.Option("--emergency/--no-emergency", help="Takes 110 and 112.")
]
_Reserved = Annotated[int | None, typer.Option(help="Channels that only emergency calls may fill.")]
_AssertedNumber = Annotated[
    str | None, typer.Option(help="Shown in emergency calls of callers without a number.")
]
_Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source", help="Where its calls come from: 192.0.2.0/24 or 192.0.2.1:5060; repeat."
    ),
]
_NumberFormat = Annotated[NumberFormat | None, typer.Option(help="How it writes numbers.")]
_Trusted = Annotated[
    bool | None,
    typer.Option("--trusted/--untrusted", help="Its asserted identities are believed."),
]
_Foreign = Annotated[
    bool | None,
    typer.Option("--foreign/--domestic", help="Its calls come from abroad (TKG § 120 (4))."),
]
_Profile = Annotated[
    str | None,
    typer.Option(help="What kind of carrier it is; `freiton trunk profiles` lists them."),
]
_LimitStatus = Annotated[
    int | None, typer.Option(help="Answer to a call beyond the channels: 503 or 486.")
]
_Handling = Annotated[
    Handling | None,
    typer.Option(help="proxy: a neighbour whose calls are passed on uncharged; default b2bua."),
]
_Enabled = Annotated[
    bool | None, typer.Option("--enabled/--disabled", help="Put it in or out of service.")
]


@app.command("add")
@app.command("change", help="Change the named properties of a trunk; the rest stays.")
def put_trunk(
    context: typer.Context,
    name: _Name,
    *,
    host: _Host = None,
    kind: _Kind = None,
    transport: _Transport = None,
    listener: _Listener = None,
    domain: _Domain = None,
    username: _Username = None,
    auth_user: _AuthUser = None,
    secret: _Secret = None,
    realm: _Realm = None,
    expires_s: _ExpiresS = None,
    priority: _Priority = None,
    weight: _Weight = None,
    channels: _Channels = None,
    is_emergency: _Emergency = None,
    reserved_for_emergency: _Reserved = None,
    asserted_number: _AssertedNumber = None,
    sources: _Sources = None,
    number_format: _NumberFormat = None,
    sends_asserted_identity: _Trusted = None,
    is_foreign: _Foreign = None,
    profile: _Profile = None,
    limit_refusal_status: _LimitStatus = None,
    handling: _Handling = None,
    enabled: _Enabled = None,
) -> None:
    """Add a trunk.

    Example: freiton trunk add carrier1 --host 127.0.0.1:5070 --priority 10
    """
    given = locals()  # each parameter is named as the field it fills
    del given["context"]
    is_new = context.info_name == "add"
    if is_new and username and secret is None:
        given["secret"] = typer.prompt("Secret", hide_input=True, err=True)
    names = {"name": "NAME", "sources": "--source", "is_emergency": "--emergency"}
    with Desk.of(context).edit() as site:
        known = {} if is_new else site.trunks.described(name)
        if profile is not None:
            # What the old profile began with is not what the new one does.
            known = {key: value for key, value in known.items() if key not in OF_PRESET}
        spec = described(TrunkSpec, known | _named(given), options=names)
        if is_new:
            site.trunks.add(spec)
        else:
            site.trunks.put(spec)
    say(f"Trunk {name} {'added' if is_new else 'changed'}.")


@app.command("list")
def list_trunks(context: typer.Context, as_json: AsJson = False) -> None:
    """List the trunks in the order they are tried; those out of service come last."""
    trunks = Desk.of(context).directory().all_trunks
    if as_json:
        print_json([_as_json(one) for one in trunks])
        return
    rows = [
        (
            one.name,
            "neighbour" if one.is_proxied else one.kind,
            one.profile.name,
            f"{one.host}:{one.port or 'srv'}/{one.transport}",
            one.username,
            one.priority,
            one.weight,
            one.channels,
            one.reserved_for_emergency if one.is_emergency else None,
            ", ".join(map(str, one.sources)),
            one.enabled,
        )
        for one in trunks
    ]
    columns = (
        "Trunk",
        "Kind",
        "Profile",
        "Carrier",
        "User",
        "Priority",
        "Weight",
        "Channels",
        "Emergency",
    )
    print_table((*columns, "Calls from", "On"), rows, empty="There is no trunk yet.")


@app.command("profiles")
def list_profiles(context: typer.Context, as_json: AsJson = False) -> None:
    """List the profiles of carriers that a trunk may have."""
    presets = Desk.of(context).presets
    if as_json:
        print_json({name: asdict(one) for name, one in presets.items()})
        return
    rows = [
        (
            name,
            one.title,
            one.transport,
            one.number_format,
            one.profile.identity_header,
            one.profile.redirection,
            one.profile.registration,
            one.is_trusted,
        )
        for name, one in presets.items()
    ]
    columns = ("Profile", "What it is", "Transport", "Numbers", "Identity", "Redirections")
    print_table((*columns, "Registers", "Trusted"), rows, empty="There is no profile.")


@app.command("remove")
def remove_trunk(context: typer.Context, name: _Name) -> None:
    """Remove a trunk."""
    with Desk.of(context).edit() as site:
        site.trunks.remove(name)
    say(f"Trunk {name} removed.")


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [])}


def _as_json(trunk: Trunk) -> dict[str, Any]:
    return {
        "id": trunk.id,
        "name": trunk.name,
        "kind": trunk.kind,
        "host": trunk.host,
        "port": trunk.port,
        "transport": trunk.transport,
        "listener": trunk.listener,
        "domain": trunk.domain,
        "username": trunk.username,
        "auth_user": trunk.auth_user,
        "realm": trunk.realm,
        "expires_s": trunk.expires_s,
        "priority": trunk.priority,
        "weight": trunk.weight,
        "channels": trunk.channels,
        "reserved_for_emergency": trunk.reserved_for_emergency,
        "is_emergency": trunk.is_emergency,
        "asserted_number": trunk.asserted_number,
        "sources": [str(one) for one in trunk.sources],
        "number_format": trunk.number_format,
        "sends_asserted_identity": trunk.sends_asserted_identity,
        "is_foreign": trunk.is_foreign,
        "profile": trunk.profile.name,
        "limit_refusal_status": trunk.limit_refusal_status,
        "handling": trunk.handling,
        "enabled": trunk.enabled,
    }
