"""From an INVITE to a call that waits for its place: recognise, gather, decide, price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address

from freiton.calls.account_rate import AccountRate
from freiton.calls.answers import Answer
from freiton.calls.call_conditions import CallConditions
from freiton.calls.call_control import CallControl
from freiton.calls.called_devices import CalledDevices
from freiton.calls.carriers import Carriers
from freiton.calls.intake import Intake, Sender
from freiton.calls.pickups import Pickups
from freiton.calls.ports import Site, WallClock
from freiton.calls.pricing import Pricing
from freiton.routing.context import RouteContext
from freiton.routing.decision import CallKind, Connect, RefusedCall
from freiton.routing.emergency import calls_for_help
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import read_request
from freiton.routing.steps import decide
from rating.engine import Unpriced
from rating.ledger.account import local_date_of
from rating.numbering import Numbering
from sipcore.b2bua.extensions import check_invite
from sipcore.identifiers import Identifiers
from sipcore.message import Request
from sipcore.registrar.location_table import LocationTable
from sipcore.transaction.events import RequestReceived


@dataclass(frozen=True, slots=True)
class SetupSettings:
    """What an operator may choose about new calls."""

    calls_max: int = 2_000
    calls_per_account_per_s: float = 20.0
    calls_per_account_burst: int = 100
    strangers_may_call_emergency: bool = False
    emergency_access: tuple[IPv4Network | IPv6Network, ...] = ()
    pickup_code: str = ""


class CallSetup:
    """Turns INVITEs outside of dialogs into running calls or answers."""

    def __init__(
        self,
        site: Site,
        intake: Intake,
        calls: CallControl,
        *,
        locations: LocationTable,
        called_devices: CalledDevices,
        carriers: Carriers,
        pricing: Pricing,
        numbering: Numbering,
        identifiers: Identifiers,
        clock: WallClock,
        settings: SetupSettings,
    ) -> None:
        self._site = site
        self._intake = intake
        self._calls = calls
        self._pickups = Pickups(site, calls, code=settings.pickup_code)
        self._locations = locations
        self._called_devices = called_devices
        self._carriers = carriers
        self.pricing = pricing
        self.numbering = numbering
        self._identifiers = identifiers
        self._clock = clock
        self._settings = settings
        self.account_rate = AccountRate(
            per_s=settings.calls_per_account_per_s,
            burst=settings.calls_per_account_burst,
            identifiers=identifiers,
        )
        self.is_draining = False

    def invite(self, received: RequestReceived, *, now: float) -> Answer | None:
        """Return the answer to an INVITE, or None when it has become a call.

        Raises RemoteError for what cannot be read.
        """
        request = received.request
        if calls_for_help(request):
            return self._call_for_help(received, now=now)
        refused = check_invite(request)
        if refused is not None:
            return Answer(refused.status, refused.reason, tuple(refused.fields))
        authenticated = self._intake.authenticate(request, received.flow, now=now)
        if isinstance(authenticated, Answer):
            return authenticated
        too_many = self.account_rate.refuse(authenticated.source.account, now=now)
        if too_many is not None:
            return too_many
        if request.has("replaces"):
            return self._pickups.replace(received, authenticated, now=now)
        if self._pickups.is_meant_by(request):
            return self._pickups.by_code(received, authenticated, now=now)
        return self._route(received, authenticated, now=now)

    def _call_for_help(self, received: RequestReceived, *, now: float) -> Answer | None:
        sender = self._intake.sender_of_emergency(
            received.request,
            received.flow,
            challenges_strangers=not self._may_stranger_call(received.flow.remote[0]),
            now=now,
        )
        if isinstance(sender, Answer):
            return sender
        return self._route(received, sender, now=now)

    def _route(self, received: RequestReceived, sender: Sender, *, now: float) -> Answer | None:
        routed = self.route(received.request, sender, now=now)
        if isinstance(routed, Answer):
            return routed
        decision, conditions = routed
        self._calls.start(received, decision, device=sender.device, conditions=conditions, now=now)
        return None

    def refuse(
        self, request: Request, sender: Sender, cause: RefusalCause, *, now: float
    ) -> Answer:
        """Record an attempt that is refused for a cause; return what its caller is told."""
        route_request = read_request(request, sender.source)
        return self._calls.refuse_attempt(route_request, sender, cause, now=now)

    def route(
        self, request: Request, sender: Sender, *, now: float
    ) -> tuple[Connect, CallConditions] | Answer:
        """Decide where a call goes and what it costs; a refusal is recorded.

        Raises RemoteError for what cannot be read.
        """
        asked = read_request(request, sender.source)
        refuse = partial(self._calls.refuse_attempt, asked, sender, now=now)
        route_request = self._called_devices.narrow(asked, request.uri)
        if route_request is None:
            return refuse(RefusalCause.UNKNOWN_NUMBER)
        if request.max_forwards == 0:
            return refuse(RefusalCause.TOO_MANY_HOPS)
        if self._calls.is_merged(request):
            return refuse(RefusalCause.LOOP)
        at = self._clock.utc()
        decision = decide(route_request, self._context(sender.source.host, at=at, now=now))
        if isinstance(decision, RefusedCall):
            return refuse(decision.cause, status=decision.status)
        if decision.kind is not CallKind.EMERGENCY:
            if self.is_draining:
                return refuse(RefusalCause.SHUTTING_DOWN)
            if self._calls.total >= self._settings.calls_max:
                return refuse(RefusalCause.OVERLOADED)
        conditions = self.pricing.conditions(decision, sender.device, at=at)
        if isinstance(conditions, Unpriced):
            return refuse(RefusalCause.NO_PRICE)
        return decision, conditions

    def _context(self, host: str, *, at: datetime, now: float) -> RouteContext:
        return RouteContext(
            directory=self._site.directory,
            numbering=self.numbering,
            locations=self._locations,
            trunk_states=self._carriers.states(self._calls.open_over, now=now),
            identifiers=self._identifiers,
            strangers_may_call_emergency=self._may_stranger_call(host),
            today=local_date_of(at),
            has_call_from=self._calls.has_call_from,
        )

    def _may_stranger_call(self, host: str) -> bool:
        """Tell whether an emergency call from this unknown address is put through."""
        settings = self._settings
        if settings.strangers_may_call_emergency or not settings.emergency_access:
            return settings.strangers_may_call_emergency
        address = ip_address(host)
        return any(address in network for network in settings.emergency_access)
