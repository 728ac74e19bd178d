"""Who is at the other end of a leg, as one word that the leg carries for call control."""

from __future__ import annotations

from dataclasses import dataclass

from freiton.routing.decision import Connect
from freiton.routing.directory import Account, Device, Directory, Trunk

_ACCOUNT = "account"
_TRUNK = "trunk"


@dataclass(frozen=True, slots=True)
class Party:
    """An account of this site, and the device where that is known."""

    account: Account
    device: Device | None


def account_party(account: Account, device: Device | None = None) -> str:
    """Return the word for an account; a device that was called is not known by name."""
    return f"{_ACCOUNT}/{account.id}/{0 if device is None else device.id}"


def trunk_party(trunk: Trunk) -> str:
    """Return the word for whoever is behind a carrier."""
    return f"{_TRUNK}/{trunk.id}"


def caller_party(decision: Connect, device: Device | None) -> str:
    """Return the word for who calls; empty for a stranger who calls for help."""
    if decision.caller is not None:
        return account_party(decision.caller, device)
    trunk = decision.incoming_trunk
    return "" if trunk is None else trunk_party(trunk)


def party_of(word: str, directory: Directory) -> Party | None:
    """Return the account that a word names, if it is still served; None for a carrier."""
    kind, _, rest = word.partition("/")
    account_id, _, device_id = rest.partition("/")
    if kind != _ACCOUNT or not account_id.isdecimal() or not device_id.isdecimal():
        return None
    account = directory.account(int(account_id))
    if account is None or not account.enabled:
        return None
    device = next((one for one in directory.devices if one.id == int(device_id)), None)
    return Party(account, device)
