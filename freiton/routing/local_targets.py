"""The registered devices of an account."""

from __future__ import annotations

from collections.abc import Iterable

from freiton.routing.context import RouteContext
from freiton.routing.decision import DeviceGroup, DeviceTarget
from freiton.routing.directory import Account, AccountKind
from freiton.routing.identity import CallerIdentity
from freiton.routing.leg_identity import identity_for_device
from freiton.routing.redirected import Redirected
from sipcore.message.uri import SipUri
from sipcore.registrar.binding import Binding


def aor_of(account: Account) -> str:
    """Return the address-of-record under which all devices of an account are registered."""
    return f"{account.name}@{account.domain}"


def device_group(
    account: Account,
    number: str | None,
    caller: CallerIdentity,
    *,
    context: RouteContext,
    history: Iterable[Redirected] = (),
) -> DeviceGroup | None:
    """Return all devices of an account as one group; None when nobody is there.

    ``number`` is the called number in E.164, None when the account was called by name.
    """
    bindings = context.locations.lookup(aor_of(account)) if account.enabled else ()
    if not bindings:
        return None
    return DeviceGroup(
        account=account,
        targets=tuple(
            DeviceTarget(binding=one, request_uri=request_uri_of(one, account, number))
            for one in bindings
        ),
        identity=identity_for_device(
            caller,
            host=account.domain,
            called_user=number or account.name,
            history=history,
        ),
    )


def request_uri_of(binding: Binding, account: Account, number: str | None) -> str:
    """Return the contact; an exchange finds the extension that was dialled in its user part."""
    if account.kind is not AccountKind.PBX or number is None:
        return binding.request_uri
    uri = SipUri.parse(binding.request_uri)
    extension = SipUri(
        uri.host, user=number, port=uri.port, scheme=uri.scheme, parameters=uri.parameters
    )
    return str(extension)
