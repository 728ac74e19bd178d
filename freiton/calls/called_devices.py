"""GRUUs in Request-URIs, back to the account and the one device that they name (RFC 5627 §5.4)."""

from __future__ import annotations

from dataclasses import replace

from freiton.calls.ports import Site
from freiton.routing.request import ANY_DEVICE, CalledDevice, RouteRequest
from sipcore.message import SipUri
from sipcore.message.uri import Uri
from sipcore.registrar.gruu import Gruus, instance_of
from sipcore.registrar.location_table import LocationTable


class CalledDevices:
    """Reads the GRUUs that the registrar gave out."""

    def __init__(self, site: Site, locations: LocationTable, gruus: Gruus) -> None:
        self._site = site
        self._locations = locations
        self._gruus = gruus

    def find(self, uri: SipUri) -> tuple[str, CalledDevice] | None:
        """Return the user of the address-of-record and the device; None when a GRUU is dead.

        ``uri`` is of a domain of ours; it need not be a GRUU.
        """
        user = uri.user or ""
        if "gr" not in uri.parameters:
            return user, ANY_DEVICE
        instance_id = instance_of(uri)
        if instance_id is not None:
            return user, CalledDevice(
                instance_id=instance_id, sub_gruu=uri.parameters.get("sg") or ""
            )
        handle = self._gruus.handle_of(user)
        device = None if handle is None else self._locations.device_of(handle)
        if device is None:
            return None
        aor, instance_id = device
        return aor.rpartition("@")[0], CalledDevice(instance_id=instance_id)

    def narrow(self, request: RouteRequest, uri: Uri) -> RouteRequest | None:
        """Return a call attempt with what its Request-URI names; None when a GRUU is dead."""
        if not isinstance(uri, SipUri) or "gr" not in uri.parameters:
            return request
        if not self._site.directory.is_local_domain(uri.host):
            return request
        found = self.find(uri)
        if found is None:
            return None
        user, device = found
        return replace(request, dialled=user, called_device=device)
