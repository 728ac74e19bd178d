"""Who is no stranger to this switch, as the gate asks before anybody has proved anything."""

from __future__ import annotations

from freiton.calls.call_control import CallControl
from freiton.calls.ports import Site
from freiton.routing.local_targets import aor_of
from sipcore.auth.nonce import Nonces
from sipcore.dialog.dialog import DialogId
from sipcore.errors import RemoteError
from sipcore.message import Request, SipUri
from sipcore.message.credentials import read_credentials
from sipcore.registrar.location_table import LocationTable
from sipcore.transport.flow import Flow


class Acquaintances:
    """Registered devices by their flow or address, carriers by theirs, callers by their call."""

    __slots__ = ("_calls", "_locations", "_nonces", "_site")

    def __init__(
        self, site: Site, locations: LocationTable, calls: CallControl, nonces: Nonces
    ) -> None:
        self._nonces = nonces
        self._site = site
        self._locations = locations
        self._calls = calls

    def are_expecting(self, request: Request, flow: Flow) -> bool:
        """Tell whether a request is no stranger's, or belongs to a call that stands."""
        return self.is_known(flow) or self.is_in_call(request)

    def is_known(self, flow: Flow) -> bool:
        """Tell whether a device is registered over this flow, or a carrier sends from it."""
        if self._locations.aors_over(flow):
            return True
        return self._site.directory.trunk_by_source(*flow.remote) is not None

    def hears_us(self, request: Request, host: str, *, now: float) -> bool:
        """Tell whether a request proves that its sender hears what we send to that address.

        It does by a nonce that we sent there.
        """
        try:
            return any(
                self._nonces.was_given_to(host, credentials.get("nonce"), now=now)
                for key in ("authorization", "proxy-authorization")
                if request.has(key)
                for credentials in read_credentials(request, key)
            )
        except RemoteError:
            return False

    def is_in_call(self, request: Request) -> bool:
        """Tell whether a request belongs to the dialog of a call that stands."""
        if request.to.tag is None:
            return False
        return self._calls.has_dialog(DialogId.of_request(request))

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
