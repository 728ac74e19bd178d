"""REGISTER, from the request to the bindings and their store (RFC 3261 §10.3)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from freiton.calls.answers import Answer
from freiton.calls.intake import Intake
from freiton.calls.ports import RegistrationStore, Site
from freiton.routing.directory import Account, AccountKind
from freiton.routing.local_targets import aor_of
from sipcore.b2bua.extensions import check_extensions
from sipcore.message import NameAddress, Request, SipUri
from sipcore.registrar.binding import Binding
from sipcore.registrar.gruu import OPTION_TAG as GRUU
from sipcore.registrar.gruu import Gruus, asks_for_gruus
from sipcore.registrar.location_table import LocationTable
from sipcore.registrar.outbound import OPTION_TAG as OUTBOUND
from sipcore.registrar.update import Refusal, RegistrarLimits, response_fields, update_bindings
from sipcore.transport.flow import Flow

GIN: Final = "gin"
EXTENSIONS: Final = frozenset({"path", OUTBOUND, GRUU, GIN})
"""What a device may require of this registrar."""


class Registrations:
    """Answers REGISTER; owns no binding, the location table does."""

    def __init__(
        self,
        site: Site,
        intake: Intake,
        locations: LocationTable,
        store: RegistrationStore,
        *,
        gruus: Gruus,
        limits: RegistrarLimits,
        gives_service_route: bool,
    ) -> None:
        self._site = site
        self._intake = intake
        self._locations = locations
        self._store = store
        self._gruus = gruus
        self._limits = limits
        self._gives_service_route = gives_service_route

    def register(self, request: Request, flow: Flow, *, now: float) -> Answer:
        """Return the answer to a REGISTER.

        Raises RemoteError for what cannot be read.
        """
        domain = request.uri
        if not isinstance(domain, SipUri):
            return Answer(416)
        # A REGISTER for another domain could only be forwarded to a stranger (step 1).
        if not self._site.directory.is_local_domain(domain.host):
            return Answer(404, "Domain Not Served")
        refused = check_extensions(request, extensions=EXTENSIONS)
        if refused is not None:
            return Answer(refused.status, refused.reason, tuple(refused.fields))
        sender = self._intake.authenticate(request, flow, now=now)
        if isinstance(sender, Answer):
            return sender
        aor = request.to.uri
        if not isinstance(aor, SipUri):
            return Answer(404)
        if not self._intake.may_register(sender, aor):
            return Answer(403, "Not Your Address-Of-Record")
        # A Path that the device does not know of would be a secret kept from it (RFC 3327 §5.3).
        if request.has("path") and "path" not in request.tokens("supported"):
            return Answer(420, fields=(("unsupported", "path"),))
        return self._update(request, flow, sender.source.account, now=now)

    def flow_failed(self, flow: Flow, *, now: float) -> None:
        """Forget who was reached over a connection that is gone."""
        self._keep(self._locations.flow_failed(flow), now=now)

    def expire(self, *, now: float) -> None:
        """Forget bindings whose time is over."""
        self._keep(self._locations.expire(now=now), now=now)

    def _update(
        self, request: Request, flow: Flow, account: Account | None, *, now: float
    ) -> Answer:
        if account is None:
            return Answer(403)
        forbidden = self._why_not(request, account)
        if forbidden is not None:
            return forbidden
        aor = aor_of(account)
        before = self._locations.lookup(aor)
        changes = update_bindings(
            before,
            request,
            flow,
            limits=replace(self._limits, contacts_max=account.contacts_max),
            now=now,
        )
        if isinstance(changes, Refusal):
            return Answer(changes.status, changes.reason, changes.fields)
        changes = self._gruus.mark(changes, request, before)
        if request.has("contact"):
            self._locations.apply(aor, changes, now=now)
            self._store.save(aor, changes.bindings, now=now)
        parameters = None
        if asks_for_gruus(request):
            shown = SipUri(account.domain, user=account.name)
            parameters = partial(self._gruus.parameters, shown)
        fields = response_fields(changes, request, parameters=parameters, now=now)
        if self._gives_service_route and changes.bindings:
            fields.append(("service-route", _service_route(flow)))
        return Answer(200, fields=tuple(fields))

    def _why_not(self, request: Request, account: Account) -> Answer | None:
        """Check what some Contacts must not be; most have neither parameter."""
        is_exchange = account.kind is AccountKind.PBX
        if GIN in request.tokens("require") and not is_exchange:
            return Answer(403, "Not An Exchange")
        for entry in request.entries("contact"):
            lowered = entry.lower()
            if ";gr" not in lowered and ";bnc" not in lowered:
                continue
            uri = NameAddress.parse(entry).uri
            if not isinstance(uri, SipUri):
                continue
            # It would lead to itself (RFC 5627 §5.1).
            if "gr" in uri.parameters and self._site.directory.is_local_domain(uri.host):
                return Answer(403, "Contact Is A GRUU")
            if "bnc" in uri.parameters:
                if not is_exchange:
                    return Answer(403, "Not An Exchange")
                if uri.user is not None:
                    return Answer(400, "Bulk Contact With A User")
        return None

    def _keep(self, removed: list[tuple[str, Binding]], *, now: float) -> None:
        for aor in {aor for aor, _ in removed}:
            self._store.save(aor, self._locations.lookup(aor), now=now)


def _service_route(flow: Flow) -> str:
    """Return the way that a device's own requests are to take: to where it has just been heard.

    A loose route over the same transport (RFC 3608 §6.3).
    """
    here = SipUri.parse(flow.listener.contact_uri("route"))
    parameters = {**here.parameters, "lr": None}
    return f"<{SipUri(here.host, port=here.port, parameters=parameters)}>"
