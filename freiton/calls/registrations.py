"""REGISTER, from the request to the bindings and their store (RFC 3261 §10.3)."""

from __future__ import annotations

from dataclasses import replace

from freiton.calls.answers import Answer
from freiton.calls.intake import Intake
from freiton.calls.ports import RegistrationStore, Site
from freiton.routing.directory import Account
from freiton.routing.local_targets import aor_of
from sipcore.b2bua.extensions import check_extensions
from sipcore.message import Request, SipUri
from sipcore.registrar.binding import Binding
from sipcore.registrar.location_table import LocationTable
from sipcore.registrar.update import Refusal, RegistrarLimits, response_fields, update_bindings
from sipcore.transport.flow import Flow


class Registrations:
    """Answers REGISTER; owns no binding, the location table does."""

    def __init__(
        self,
        site: Site,
        intake: Intake,
        locations: LocationTable,
        store: RegistrationStore,
        *,
        limits: RegistrarLimits,
    ) -> None:
        self._site = site
        self._intake = intake
        self._locations = locations
        self._store = store
        self._limits = limits

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
        refused = check_extensions(request)
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
        if request.has("contact"):
            self._locations.apply(aor, changes, now=now)
            self._store.save(aor, changes.bindings, now=now)
        return Answer(200, fields=tuple(response_fields(changes, request, now=now)))

    def _keep(self, removed: list[tuple[str, Binding]], *, now: float) -> None:
        for aor in {aor for aor, _ in removed}:
            self._store.save(aor, self._locations.lookup(aor), now=now)
