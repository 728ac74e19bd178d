"""MESSAGE, OPTIONS and whatever else is no call: answered here, or forwarded to all devices."""

from __future__ import annotations

from typing import Final

from freiton.calls.answers import Answer
from freiton.calls.intake import Intake
from freiton.calls.ports import Site
from freiton.routing.local_targets import aor_of
from sipcore.message import SipUri
from sipcore.proxy.forward import Target
from sipcore.proxy.proxy import Proxy, ProxyCommand
from sipcore.registrar.location_table import LocationTable
from sipcore.transaction.events import RequestReceived, ResponseReceived, TransactionFailed

FORWARDED: Final = frozenset({"MESSAGE", "OPTIONS"})
"""Requests outside of a dialog that go to the devices of an account."""


class Forwarding:
    """Forwards only between senders who proved who they are and accounts of this site."""

    def __init__(self, site: Site, intake: Intake, locations: LocationTable, proxy: Proxy) -> None:
        self._site = site
        self._intake = intake
        self._locations = locations
        self._proxy = proxy

    def forward(self, received: RequestReceived, *, now: float) -> list[ProxyCommand] | Answer:
        """Return what to send, or the answer when nothing is forwarded.

        Raises RemoteError for what cannot be read.
        """
        request = received.request
        refusal = self._proxy.validate(request)
        if refusal is not None:
            return Answer(refusal.status, refusal.reason, refusal.fields)
        sender = self._intake.authenticate(request, received.flow, now=now, as_proxy=True)
        if isinstance(sender, Answer):
            return sender
        if sender.source.account is not None and not sender.source.account.enabled:
            return Answer(403, "Account Out Of Service")
        shown = request.from_.uri
        if not isinstance(shown, SipUri) or not self._intake.may_show(sender, shown):
            return Answer(403, "Not Your Identity")
        uri = request.uri
        if not isinstance(uri, SipUri):
            return Answer(416)
        account = self._site.directory.account_by_aor(uri.user or "", uri.host)
        if account is None or not account.enabled:
            return Answer(404)
        targets = [
            Target(binding.request_uri, binding.flow, binding.path)
            for binding in self._locations.lookup(aor_of(account))
            if binding.expires_at > now
        ]
        return list(self._proxy.forward(received, targets))

    def receive(self, event: ResponseReceived | TransactionFailed) -> list[ProxyCommand]:
        """Take what became of a forwarded request."""
        return list(self._proxy.receive(event))
