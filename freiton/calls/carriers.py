"""Our side of the trunks: registering with carriers, and the way and credentials to each.

A registration is refreshed well before it ends (RFC 3261 §10.2.4); after a failure it is tried
again after a random, growing pause, so that a carrier's restart is not met by all at once. A
carrier with several addresses is tried at the next one first (RFC 3263 §4.3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from freiton.calls.carrier_pings import CarrierPings, Ping
from freiton.calls.carrier_places import CarrierPlaces, Place
from freiton.calls.carrier_requests import (
    granted_s,
    options_request,
    register_request,
    service_route,
)
from freiton.routing.context import TrunkState
from freiton.routing.directory import Trunk, TrunkKind
from sipcore.auth.client import DigestClient
from sipcore.defence.offered_load import LoadReport, OfferedLoad
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message import Response
from sipcore.transaction.commands import SendRequest
from sipcore.transaction.deadlines import Deadline, Deadlines
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from sipcore.transport.flow import Address, Flow, Listener
from sipcore.transport.locate import Located
from sipcore.transport.locator import Locator

OWNER: Final = "carrier"
"""The first word of the owner of every transaction started here."""

REFRESH_SHARE: Final = 0.85
"""Of the granted interval; leaves time for a few lost answers."""

RETRY_S: Final[tuple[float, ...]] = (15.0, 600.0)
"""Pause after the first failure, and the longest one."""

BLOCKED_S: Final = 20.0
"""How long a trunk that did not answer is passed over; shorter than people's patience."""


class Carrier:
    """How one trunk stands: where it is, how it knows us, whether it would take a call."""

    __slots__ = (
        "blocked_until", "call_id", "client", "cseq", "deadline", "expires_s", "failures",
        "granted_until", "loads", "place", "registrar_client", "route", "trunk", "untried", "way",
    )  # fmt: skip

    def __init__(self, trunk: Trunk, listener: Listener, *, call_id: str) -> None:
        self.trunk = trunk
        self.place = Place(trunk, listener)
        self.way: Flow | None = None
        """The flow that our REGISTER goes over, and while it holds, calls first."""
        self.untried: list[Flow] = []
        """Where this round of registering has not been yet."""
        # A registrar says 401, a proxy in front of calls 407: each keeps its own last challenge.
        self.client = _digest_client(trunk)
        self.registrar_client = _digest_client(trunk)
        self.call_id = call_id
        self.cseq = 0
        self.expires_s = trunk.expires_s
        self.route: tuple[str, ...] = ()
        """The Service-Route of our registration (RFC 3608)."""
        self.failures = 0
        self.granted_until = 0.0
        self.blocked_until = 0.0
        self.loads: dict[Address, OfferedLoad] = {}
        """What each of its addresses can take, where it has said so."""
        self.deadline: Deadline[int] | None = None


class Carriers:
    """Every trunk in service; answers with requests to be sent."""

    __slots__ = ("_by_id", "_deadlines", "_identifiers", "_listeners", "_pings", "_places")

    def __init__(
        self, listeners: Mapping[str, Listener], identifiers: Identifiers, locator: Locator
    ) -> None:
        self._listeners = listeners
        self._identifiers = identifiers
        self._places = CarrierPlaces(locator, OWNER)
        self._pings = CarrierPings()
        self._by_id: dict[int, Carrier] = {}
        self._deadlines: Deadlines[int] = Deadlines()

    def update(self, trunks: Iterable[Trunk], *, now: float) -> list[SendRequest]:
        """Take over the trunks of a new directory, and seek those that are named.

        A trunk whose listener is unknown, or that has not been found yet, is out of service.
        """
        commands: list[SendRequest] = []
        current: dict[int, Carrier] = {}
        for trunk in trunks:
            listener = self._listeners.get(trunk.listener)
            if listener is None:
                continue
            known = self._by_id.pop(trunk.id, None)
            if known is not None and known.trunk == trunk and known.place.listener is listener:
                current[trunk.id] = known
                continue
            commands += self._retire(known, now=now)
            carrier = Carrier(trunk, listener, call_id=self._identifiers.call_id())
            current[trunk.id] = carrier
            if trunk.profile.options_ping_s:
                self._pings.watch(
                    trunk.id,
                    trunk.profile.options_ping_s,
                    call_id=self._identifiers.call_id(),
                    now=now,
                )
            commands += self._seek(carrier, now=now)
        for gone in self._by_id.values():
            commands += self._retire(gone, now=now)
        self._by_id = current
        return commands

    def located(self, trunk_id: int, located: Located, *, now: float) -> list[SendRequest]:
        """Learn where a carrier is."""
        carrier = self._by_id.get(trunk_id)
        if carrier is None or not self._places.found(carrier.place, located, now=now):
            return []
        return self._settle(carrier, now=now)

    def ways(self, trunk_id: int, *, now: float) -> tuple[Flow, ...]:
        """Return over which flows a call may go out, the best first; none when out of service.

        A carrier that we register with wants calls where it knows us.
        """
        carrier = self._by_id.get(trunk_id)
        if carrier is None:
            return ()
        flows = self._places.flows(carrier.place, now=now)
        if carrier.way in flows and carrier.granted_until > now:
            return (carrier.way, *(flow for flow in flows if flow != carrier.way))
        return flows

    def count_ways(self, trunk_id: int, *, now: float) -> tuple[int, int]:
        """Return how many addresses a trunk has, and how many of them just failed."""
        carrier = self._by_id.get(trunk_id)
        if carrier is None:
            return 0, 0
        return len(carrier.place.flows), self._places.count_failed(carrier.place, now=now)

    def way_failed(self, flow: Flow, *, now: float) -> None:
        """Learn that a call found nobody at one address of a carrier."""
        self._places.failed(flow, now=now)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Our listeners, over which a carrier's dialog may lead to another of its machines."""
        return tuple(self._listeners.values())

    def carrier(self, trunk_id: int) -> Carrier | None:
        """Return how a trunk is reached; None when it is out of service."""
        carrier = self._by_id.get(trunk_id)
        return None if carrier is None or not carrier.place.flows else carrier

    def credentials(self) -> dict[str, DigestClient]:
        """Return who answers the challenges of each carrier, by the trunk's name."""
        return {
            carrier.trunk.name: carrier.client
            for carrier in self._by_id.values()
            if carrier.client is not None
        }

    def states(self, open_over: Callable[[int], int], *, now: float) -> dict[int, TrunkState]:
        """Return how every trunk stands, for routing."""
        return {
            trunk_id: TrunkState(
                is_registered=self.is_registered(trunk_id, now=now),
                is_blocked=carrier.blocked_until > now or not self._pings.is_answering(trunk_id),
                is_shedding=self._is_shedding(carrier, now=now),
                open_calls=open_over(trunk_id),
            )
            for trunk_id, carrier in self._by_id.items()
        }

    def is_registered(self, trunk_id: int, *, now: float) -> bool:
        """Tell whether a carrier knows us now; one by fixed address always does."""
        carrier = self.carrier(trunk_id)
        if carrier is None:
            return False
        return carrier.trunk.kind is TrunkKind.FIXED_IP or carrier.granted_until > now

    def is_answering(self, trunk_id: int) -> bool:
        """Tell whether a carrier answered when it was last asked; True where nobody asks."""
        return self._pings.is_answering(trunk_id)

    def hear_load(self, response: Response, flow: Flow, *, now: float) -> None:
        """Learn from the Via of a response how much the carrier that sent it can take."""
        report = LoadReport.of(response.via.parameters)
        if report is None:
            return
        for carrier in self._by_id.values():
            place = carrier.place
            if place.hears_load and any(flow.remote == one.remote for one in place.flows):
                load = carrier.loads.setdefault(flow.remote, OfferedLoad())
                load.learn(report, now=now)

    def block(self, trunk_id: int, *, now: float) -> None:
        """Pass a trunk over for a while, since it just did not answer a call."""
        carrier = self._by_id.get(trunk_id)
        if carrier is not None:
            carrier.blocked_until = now + BLOCKED_S

    def receive(
        self, event: ResponseReceived | TransactionFailed, *, now: float
    ) -> list[SendRequest]:
        """Take what became of a REGISTER or OPTIONS; its owner begins with ``OWNER``."""
        carrier = self._by_id.get(int(event.owner[1]))
        if event.request.method == "OPTIONS":
            self._pings.receive(int(event.owner[1]), event, now=now)
            return []
        if carrier is None or event.request.call_id != carrier.call_id:
            return []
        if isinstance(event, TransactionFailed):
            return self._passed_over(carrier, now=now)
        if event.response.is_provisional:
            return []
        try:
            return self._answered(carrier, event, now=now)
        except RemoteError:
            return self._failed(carrier, now=now)

    def handle_deadlines(self, *, now: float) -> list[SendRequest]:
        """Register again where it is time, and seek carriers by their names."""
        commands: list[SendRequest] = []
        for trunk_id in self._deadlines.due(now):
            carrier = self._by_id.get(trunk_id)
            if carrier is not None:
                commands += self._begin(carrier, now=now)
        for trunk_id in self._places.due(now=now):
            carrier = self._by_id.get(trunk_id)
            if carrier is not None:
                commands += self._seek(carrier, now=now)
        for trunk_id, ping in self._pings.due(now=now):
            commands += self._ask(trunk_id, ping, now=now)
        return commands

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        deadlines = (
            self._deadlines.next(),
            self._places.next_deadline(),
            self._pings.next_deadline(),
        )
        return min((one for one in deadlines if one is not None), default=None)

    def unregister_all(self, *, now: float) -> list[SendRequest]:
        """Leave every carrier, as a switch does that ends."""
        return [command for one in self._by_id.values() for command in self._retire(one, now=now)]

    def withheld_percent(self, trunk_id: int, *, now: float) -> int:
        """Return which share of new calls a carrier asked not to be offered, 0 to 100."""
        carrier = self._by_id.get(trunk_id)
        if carrier is None or not carrier.loads:
            return 0
        load = self._load(carrier, now=now)
        return 0 if load is None else load.loss(now=now)

    def _load(self, carrier: Carrier, *, now: float) -> OfferedLoad | None:
        """Return what the address can take that the next call goes to."""
        ways = self.ways(carrier.trunk.id, now=now)
        return carrier.loads.get(ways[0].remote) if ways else None

    def _is_shedding(self, carrier: Carrier, *, now: float) -> bool:
        """Draw whether a new call is one of those that the carrier asked not to be offered."""
        if not carrier.loads:
            return False
        load = self._load(carrier, now=now)
        if load is None or not load.loss(now=now):
            return False
        return load.is_withheld(self._identifiers.spread(0.0, 100.0), now=now)

    def _answered(
        self, carrier: Carrier, event: ResponseReceived, *, now: float
    ) -> list[SendRequest]:
        response = event.response
        if response.is_success:
            carrier.failures = 0
            if carrier.way is not None:
                self._places.answered(carrier.way)
            carrier.route = service_route(response)
            granted = granted_s(response, carrier.trunk, asked_s=carrier.expires_s)
            carrier.granted_until = now + granted
            self._again(carrier, now + granted * REFRESH_SHARE)
            return []
        if response.status in (401, 407) and carrier.registrar_client is not None:
            field = carrier.registrar_client.respond_to_challenge(
                response, event.request, cnonce=self._identifiers.token(64)
            )
            if field is not None:
                return self._register(carrier, now=now, credentials=field)
        minimum_s = response.delta_seconds("min-expires")
        if response.status == 423 and minimum_s is not None and minimum_s > carrier.expires_s:
            carrier.expires_s = min(minimum_s, 86_400)
            return self._register(carrier, now=now)
        if response.status == 503:
            return self._passed_over(carrier, now=now)
        return self._failed(carrier, now=now)

    def _seek(self, carrier: Carrier, *, now: float) -> list[SendRequest]:
        if not self._places.seek(carrier.place, now=now):
            return []
        return self._settle(carrier, now=now)

    def _settle(self, carrier: Carrier, *, now: float) -> list[SendRequest]:
        """Register with a carrier that was just found, or that is not where it was."""
        if carrier.trunk.kind is TrunkKind.FIXED_IP or carrier.way in carrier.place.flows:
            return []
        return self._begin(carrier, now=now)

    def _begin(self, carrier: Carrier, *, now: float) -> list[SendRequest]:
        """Begin a round of registering: where we are known, then at each other address."""
        first, *carrier.untried = self.ways(carrier.trunk.id, now=now) or carrier.place.flows
        carrier.way = first
        return self._register(carrier, now=now)

    def _passed_over(self, carrier: Carrier, *, now: float) -> list[SendRequest]:
        """Register at the next address of a carrier, since this one is out of order."""
        if carrier.way is not None:
            self._places.failed(carrier.way, now=now)
        if not carrier.untried or carrier.expires_s == 0:
            return self._failed(carrier, now=now)
        carrier.way = carrier.untried.pop(0)
        return self._register(carrier, now=now)

    def _failed(self, carrier: Carrier, *, now: float) -> list[SendRequest]:
        carrier.granted_until = 0.0
        first, longest = RETRY_S
        pause = min(longest, first * 2.0 ** min(carrier.failures, 10))
        carrier.failures += 1
        self._again(carrier, now + self._identifiers.spread(pause / 2, pause))
        return []

    def _again(self, carrier: Carrier, when: float) -> None:
        if carrier.deadline is not None:
            self._deadlines.cancel(carrier.deadline)
        carrier.deadline = self._deadlines.set(when, carrier.trunk.id)

    def _retire(self, carrier: Carrier | None, *, now: float) -> list[SendRequest]:
        """Drop a trunk, and its registration if it has one (§10.2.2)."""
        if carrier is None:
            return []
        if carrier.deadline is not None:
            self._deadlines.cancel(carrier.deadline)
        self._places.leave(carrier.place)
        self._pings.leave(carrier.trunk.id)
        if carrier.trunk.kind is TrunkKind.FIXED_IP or carrier.granted_until <= now:
            return []
        carrier.expires_s = 0
        return self._register(carrier, now=now)

    def _ask(self, trunk_id: int, ping: Ping, *, now: float) -> list[SendRequest]:
        """Ask a carrier whether it is there, over the way that a call would take."""
        carrier, ways = self._by_id.get(trunk_id), self.ways(trunk_id, now=now)
        if carrier is None or not ways:
            self._pings.not_sent(trunk_id, now=now)
            return []
        request = options_request(
            carrier.trunk,
            ways[0],
            call_id=ping.call_id,
            cseq=ping.cseq,
            tag=self._identifiers.tag(),
        )
        return [SendRequest(request, ways[0], (OWNER, trunk_id, ping.cseq))]

    def _register(
        self, carrier: Carrier, *, now: float, credentials: tuple[str, str] | None = None
    ) -> list[SendRequest]:
        trunk, flow = carrier.trunk, carrier.way
        if flow is None:
            return []
        carrier.cseq += 1
        request = register_request(
            trunk,
            flow,
            call_id=carrier.call_id,
            cseq=carrier.cseq,
            expires_s=carrier.expires_s,
            tag=self._identifiers.tag(),
        )
        client = carrier.registrar_client
        if credentials is None and client is not None:
            credentials = client.authorize(request, cnonce=self._identifiers.token(64))
        if credentials is not None:
            request.add(*credentials)
        # Without any answer at all, the transaction's own timer F comes first.
        self._again(carrier, now + RETRY_S[1])
        return [SendRequest(request, flow, (OWNER, trunk.id, carrier.cseq))]


def _digest_client(trunk: Trunk) -> DigestClient | None:
    if not trunk.username or not trunk.secret:
        return None
    return DigestClient(
        username=trunk.auth_user or trunk.username,
        password=trunk.secret,
        realm=trunk.realm or trunk.domain,
    )
