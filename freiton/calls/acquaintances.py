"""Who is no stranger to this switch, as the gate asks before anybody has proved anything."""

from __future__ import annotations

from freiton.calls.ports import Site
from freiton.routing.local_targets import aor_of
from sipcore.message import Request, SipUri
from sipcore.registrar.location_table import LocationTable
from sipcore.transport.flow import Flow


class Acquaintances:
    """Registered devices by their flow or address, carriers by theirs."""

    __slots__ = ("_locations", "_site")

    def __init__(self, site: Site, locations: LocationTable) -> None:
        self._site = site
        self._locations = locations

    def is_known(self, flow: Flow) -> bool:
        """Tell whether a device is registered over this flow, or a carrier sends from it."""
        if self._locations.aors_over(flow):
            return True
        return self._site.directory.trunk_by_source(*flow.remote) is not None

    def is_registered_near(self, request: Request, host: str) -> bool:
        """Tell whether the account that From names has a device registered from this address.

        A phone that starts anew behind a NAT comes from another port, and is still the same one.
        """
        uri = request.from_.uri
        if not isinstance(uri, SipUri) or uri.user is None:
            return False
        directory = self._site.directory
        domain = directory.local_domain(uri.host)
        if domain is None:
            return False
        account = directory.account_by_aor(uri.user, domain)
        if account is None:
            device = directory.device(uri.user, domain)
            account = None if device is None else directory.account(device.account_id)
        if account is None:
            return False
        bindings = self._locations.lookup(aor_of(account))
        return any(binding.flow.remote[0] == host for binding in bindings)
