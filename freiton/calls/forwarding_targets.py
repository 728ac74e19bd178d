"""Where a forwarded request goes: to an account, a neighbour, the other side of a dialog."""

from __future__ import annotations

from collections.abc import Mapping

from freiton.calls.answers import Answer
from freiton.calls.called_devices import CalledDevices
from freiton.calls.carriers import Carriers
from freiton.calls.intake import Sender
from freiton.calls.ports import Site
from freiton.routing.directory import Account, Trunk
from freiton.routing.local_targets import aor_of, is_called, request_uri_of
from freiton.routing.request import ANY_DEVICE, CalledDevice
from freiton.routing.uncharged import is_public_number
from sipcore.errors import RemoteError
from sipcore.message import Request, SipUri
from sipcore.message.uri import TelUri, Uri
from sipcore.proxy import Side, Target
from sipcore.registrar.binding import Binding
from sipcore.registrar.location_table import LocationTable
from sipcore.registrar.outbound import by_device
from sipcore.transport.flow import Flow, Listener
from sipcore.transport.next_hop import choose_listener, next_hop, target_uri


class Found:
    """Whom a request is for; ``is_ours`` when it is an account, so that we may look further."""

    __slots__ = ("is_ours", "targets")

    def __init__(self, targets: list[Target], *, is_ours: bool) -> None:
        self.targets = targets
        self.is_ours = is_ours


class ForwardingTargets:
    """Looks them up (§16.5), and where none may be, says so."""

    def __init__(
        self,
        site: Site,
        locations: LocationTable,
        called_devices: CalledDevices,
        carriers: Carriers,
        listeners: Mapping[str, Listener],
    ) -> None:
        self._site = site
        self._locations = locations
        self._called_devices = called_devices
        self._carriers = carriers
        self._listeners = listeners

    def find(self, request: Request, sender: Sender, *, now: float) -> Found | Answer:
        """Return where a request outside of a dialog goes."""
        uri = request.uri
        if isinstance(uri, SipUri) and not self._site.directory.is_local_domain(uri.host):
            return self._at_neighbour(uri, request, sender, now=now)
        return self.of_account_at(uri, request, now=now)

    def of_account_at(self, uri: Uri, request: Request, *, now: float) -> Found | Answer:
        """Return the devices of an account of ours, the preferred ones first."""
        directory = self._site.directory
        if isinstance(uri, SipUri):
            found = self._called_devices.find(uri)
            if found is None:
                return Answer(404)
            user, device = found
            account = directory.account_by_aor(user, uri.host)
        elif isinstance(uri, TelUri):
            user, device = uri.number, ANY_DEVICE
            account = directory.owner_of_number(user)
        else:
            return Answer(416)
        if account is None or not account.enabled:
            return Answer(404)
        return Found(self._devices(account, user, device, request, now=now), is_ours=True)

    def of_side(self, side: Side, request: Request, *, now: float) -> Target | Answer:
        """Return where a request within a dialog goes; 403 when that is not where it belongs."""
        if side.flow is not None:
            return Target(request.uri_text, side.flow)
        trunk = next((one for one in self._site.directory.trunks if one.name == side.network), None)
        if trunk is None or not trunk.is_proxied:
            return Answer(403, "Relaying Denied")
        flow = self._flow_into(trunk, target_uri(request), now=now)
        if flow is None:
            return Answer(403, "Relaying Denied")
        return Target(request.uri_text, flow, network=trunk.name)

    def _devices(
        self,
        account: Account,
        user: str,
        device: CalledDevice,
        request: Request,
        *,
        now: float,
    ) -> list[Target]:
        number = None if user == account.name else user
        ring_s = account.ring_s if request.method == "INVITE" else None
        bindings = [
            binding
            for binding in self._locations.lookup(aor_of(account))
            if binding.expires_at > now and is_called(binding, device)
        ]
        return [
            Target(
                request_uri_of(binding, account, number, sub_gruu=device.sub_gruu),
                binding.flow,
                binding.path,
                q=binding.q,
                ring_s=ring_s,
                further=tuple(one.flow for one in others if _is_same_way(one, binding)),
            )
            for binding, *others in by_device(bindings)
        ]

    def _at_neighbour(
        self, uri: SipUri, request: Request, sender: Sender, *, now: float
    ) -> Found | Answer:
        """Return a neighbour, for accounts of ours: we carry nothing from one to another."""
        trunk = self._site.directory.neighbour(uri.host)
        if trunk is None or sender.source.account is None:
            return Answer(403, "Relaying Denied")
        if is_public_number(uri.user or ""):
            return Answer(403, "Numbers Are Not Proxied")
        first, *others = self._carriers.ways(trunk.id, now=now) or (None,)
        if first is None:
            return Found([], is_ours=False)
        target = Target(request.uri_text, first, further=tuple(others), network=trunk.name)
        return Found([target], is_ours=False)

    def _flow_into(self, trunk: Trunk, uri: Uri, *, now: float) -> Flow | None:
        """Return the way to a URI of a neighbour; None when it is no address of the neighbour's.

        So nobody who takes part in a dialog can have us send anywhere else.
        """
        try:
            hop = next_hop(uri)
        except RemoteError:
            return None
        ways = self._carriers.ways(trunk.id, now=now)
        if not hop.is_numeric:
            return ways[0] if ways and _is_name_of(trunk, hop.host) else None
        address = (hop.host, hop.port)
        for way in ways:
            if way.remote == address and way.transport is hop.transport:
                return way
        owner = self._site.directory.trunk_by_source(*address)
        if owner is None or owner.id != trunk.id:
            return None
        listener = choose_listener(self._listeners.values(), hop.transport, hop.host)
        return None if listener is None else Flow(listener, address)


def _is_name_of(trunk: Trunk, host: str) -> bool:
    """Tell whether a name is the neighbour's, so that its front door is the way to it."""
    domain = trunk.domain.lower()
    return host in (trunk.host.lower(), domain) or host.endswith(f".{domain}")


def _is_same_way(one: Binding, other: Binding) -> bool:
    """Tell whether two flows of a device differ in nothing but the flow."""
    return (one.contact, one.path) == (other.contact, other.path)
