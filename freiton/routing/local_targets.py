"""The registered devices of an account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from freiton.routing.context import RouteContext
from freiton.routing.decision import DeviceGroup, DeviceTarget
from freiton.routing.directory import Account, AccountKind
from freiton.routing.identity import CallerIdentity
from freiton.routing.leg_identity import identity_for_device
from freiton.routing.redirected import Redirected
from freiton.routing.request import ANY_DEVICE, CalledDevice
from sipcore.message.uri import SipUri
from sipcore.registrar.binding import Binding
from sipcore.registrar.outbound import by_device


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
    called_device: CalledDevice = ANY_DEVICE,
) -> DeviceGroup | None:
    """Return all devices of an account as one group; None when nobody is there.

    ``number`` is the called number in E.164, None when the account was called by name.
    """
    bindings = context.locations.lookup(aor_of(account)) if account.enabled else ()
    devices = by_device(one for one in bindings if is_called(one, called_device))
    if not devices:
        return None

    def way(binding: Binding) -> DeviceTarget:
        uri = request_uri_of(binding, account, number, sub_gruu=called_device.sub_gruu)
        return DeviceTarget(binding=binding, request_uri=uri)

    return DeviceGroup(
        account=account,
        targets=tuple(
            replace(way(first), others=tuple(map(way, others))) for first, *others in devices
        ),
        identity=identity_for_device(
            caller,
            host=account.domain,
            called_user=number or account.name,
            history=history,
        ),
    )


def is_called(binding: Binding, called_device: CalledDevice) -> bool:
    """Tell whether a binding is of the device that is called, if one alone is."""
    return called_device.instance_id in ("", binding.instance_id)


def request_uri_of(
    binding: Binding, account: Account, number: str | None, *, sub_gruu: str = ""
) -> str:
    """Return the contact; an exchange finds the extension that was dialled in its user part.

    One that registered all its numbers at once (RFC 6140) finds a number there even when it
    was called by name, its main one, and no trace of how it registered.
    """
    is_bulk = binding.is_bulk
    if account.kind is not AccountKind.PBX or (number is None and not is_bulk):
        return binding.request_uri
    uri = SipUri.parse(binding.request_uri)
    if is_bulk:
        del uri.parameters["bnc"]
        if sub_gruu:
            uri.parameters["sg"] = sub_gruu
    extension = SipUri(
        uri.host,
        user=number or account.main_number,
        port=uri.port,
        scheme=uri.scheme,
        parameters=uri.parameters,
    )
    return str(extension)
