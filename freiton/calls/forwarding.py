"""What is forwarded and not joined: MESSAGE, OPTIONS, what nobody here knows, calls of neighbours.

Nothing is relayed for strangers. Who begins something proves who it is; what belongs to a dialog
carries the Record-Route that we signed when the dialog began; all else is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from freiton.calls.answers import Answer
from freiton.calls.forwarding_targets import ForwardingTargets, Found
from freiton.calls.intake import Intake, Sender
from freiton.calls.perform import WireCommand
from freiton.calls.ports import Site
from freiton.routing.emergency import calls_for_help
from freiton.routing.identity import shows_forbidden_number
from freiton.routing.refusals import REFUSALS, RefusalCause
from freiton.routing.request import read_request
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.limits import RETRY_AFTER_S
from sipcore.message import NameAddress, Request, SipUri
from sipcore.message.privacy import Privacy
from sipcore.proxy import Proxy, Redirected, Refusal, Side, Target
from sipcore.transaction.events import (
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
)

NOT_FORWARDED: Final = frozenset({"NOTIFY", "PRACK", "REFER", "REGISTER"})
"""What no stranger to the dialog may send to a phone of ours: a phone obeys a REFER, and to some
events (``check-sync``) as well."""

_NO_DIALOG: Final = frozenset({"MESSAGE", "OPTIONS", "PUBLISH"})
"""They begin none, so nothing needs to come by here again (§16.6 step 4)."""

_PRIVACY_OF_SESSIONS: Final = frozenset({"header", "session", "user"})
"""Privacy that only a B2BUA gives (RFC 3323)."""


class Forwarding:
    """Forwards between accounts of this site, their neighbours, and nobody else."""

    def __init__(
        self,
        site: Site,
        intake: Intake,
        proxy: Proxy,
        targets: ForwardingTargets,
        *,
        identifiers: Identifiers,
        is_draining: Callable[[], bool],
    ) -> None:
        self._site = site
        self._intake = intake
        self.proxy = proxy
        self._targets = targets
        self._identifiers = identifiers
        self._is_draining = is_draining
        self.relays_refused = 0
        """Requests that wanted to be sent somewhere we do not send for their sender."""
        self.acks_dropped = 0
        """ACKs of a recorded dialog that could not go where they wanted."""

    def takes(self, received: RequestReceived) -> bool:
        """Tell whether a request that begins something is between us and a neighbour.

        That is whatever goes to a neighbour's domain, and every call that comes from a neighbour.
        A call for help never is: it is joined, so that it can try one way after another.
        """
        directory = self._site.directory
        if not directory.has_neighbours:
            return False
        request = received.request
        if request.method == "REGISTER" or calls_for_help(request):
            return False
        uri = request.uri
        if isinstance(uri, SipUri) and directory.neighbour(uri.host) is not None:
            return True
        trunk = directory.trunk_by_source(*received.flow.remote)
        return trunk is not None and trunk.is_proxied and request.method == "INVITE"

    def forward(self, received: RequestReceived, *, now: float) -> list[WireCommand] | Answer:
        """Forward what begins something; return what to send, or the answer when nothing is.

        Raises RemoteError for what cannot be read.
        """
        request = received.request
        routed = self.proxy.admit(request)
        if isinstance(routed, Refusal):
            return self._refused(routed)
        sender = self._intake.authenticate(request, received.flow, now=now, as_proxy=True)
        if isinstance(sender, Answer):
            return sender
        refused = self._why_not(request, sender)
        if refused is not None:
            return refused
        found = self._targets.find(routed.request, sender, now=now)
        if isinstance(found, Answer):
            self.relays_refused += found.status == 403
            return found
        return [
            *self.proxy.forward(
                received,
                routed,
                found.targets,
                sender=None if request.method in _NO_DIALOG else _side(sender, received),
                follows_redirects=found.is_ours,
                now=now,
            )
        ]

    def forward_in_dialog(
        self, received: RequestReceived, *, now: float
    ) -> list[WireCommand] | Answer | None:
        """Forward a request of a dialog that we recorded; None when there is no sign of that."""
        request = received.request
        if not _may_be_recorded(request):
            return None
        routed = self.proxy.admit(request)
        if isinstance(routed, Refusal):
            return self._refused(routed)
        if routed.side is None:
            return None
        target = self._targets.of_side(routed.side, routed.request, now=now)
        if isinstance(target, Answer):
            self.relays_refused += 1
            return target
        return [*self.proxy.forward(received, routed, [target], now=now)]

    def acknowledge(self, received: AckReceived, *, now: float) -> list[WireCommand] | None:
        """Forward an ACK of a dialog that we recorded; None when there is no sign of that."""
        ack = received.request
        try:
            if not _may_be_recorded(ack):
                return None
            routed = self.proxy.admit(ack)
            if isinstance(routed, Refusal) or routed.side is None:
                return None
            target = self._targets.of_side(routed.side, routed.request, now=now)
            if isinstance(target, Target):
                return [self.proxy.forward_ack(ack, routed, target)]
        except RemoteError:
            pass
        # Nobody answers an ACK (§17).
        self.acks_dropped += 1
        return []

    def cancel(self, event: CancelReceived, *, now: float) -> list[WireCommand] | None:
        """Cancel a forwarded INVITE; None when it is none of ours."""
        commands = self.proxy.cancel(event, now=now)
        return None if commands is None else [*commands]

    def receive(
        self, event: ResponseReceived | TransactionFailed, *, now: float
    ) -> list[WireCommand]:
        """Take what became of a forwarded request."""
        commands: list[WireCommand] = []
        for one in self.proxy.receive(event, now=now):
            if isinstance(one, Redirected):
                commands += self.proxy.follow(one, self._redirections(one, now=now), now=now)
            else:
                commands.append(one)
        return commands

    def handle_deadlines(self, *, now: float) -> list[WireCommand]:
        """Give up what has rung for too long."""
        return [*self.proxy.handle_deadlines(now=now)]

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        return self.proxy.next_deadline()

    def _why_not(self, request: Request, sender: Sender) -> Answer | None:
        account = sender.source.account
        if account is not None and not account.enabled:
            return Answer(403, "Account Out Of Service")
        shown = request.from_.uri
        if not isinstance(shown, SipUri) or not self._intake.may_show(sender, shown):
            return Answer(403, "Not Your Identity")
        if shows_forbidden_number(read_request(request, sender.source)):
            return Answer(REFUSALS[RefusalCause.CALLER_NUMBER_FORBIDDEN].status)
        if request.has("privacy"):
            wanted = Privacy.of(request).values
            if "critical" in wanted and not _PRIVACY_OF_SESSIONS.isdisjoint(wanted):
                return Answer(500, "Privacy Not Available")
        if request.method == "INVITE" and self._is_draining():
            wait_s = round(self._identifiers.spread(*RETRY_AFTER_S))
            return Answer(503, fields=(("retry-after", str(wait_s)),))
        return None

    def _refused(self, refusal: Refusal) -> Answer:
        self.relays_refused += refusal.status == 403
        return Answer(refusal.status, refusal.reason, refusal.fields)

    def _redirections(self, redirected: Redirected, *, now: float) -> dict[str, list[Target]]:
        """Return where the Contacts of a 3xx lead that name accounts of ours, and only those."""
        found: dict[str, list[Target]] = {}
        for entry in redirected.response.entries("contact"):
            try:
                uri = NameAddress.parse(entry).uri
            except RemoteError:
                continue
            targets = self._targets.of_account_at(uri, redirected.request, now=now)
            if isinstance(targets, Found):
                found[entry] = targets.targets
        return found


def _side(sender: Sender, received: RequestReceived) -> Side:
    trunk = sender.source.trunk
    return Side(received.flow) if trunk is None else Side(network=trunk.name)


def _may_be_recorded(request: Request) -> bool:
    """Tell by a glance: our entry stands in a Route, or where a strict router put it."""
    return request.has("route") or ";lr" in request.uri_text
