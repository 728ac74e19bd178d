"""Our side of the trunks: registering with carriers, and the way and credentials to each.

A registration is refreshed well before it ends (RFC 3261 §10.2.4); after a failure it is tried
again after a random, growing pause, so that a carrier's restart is not met by all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from freiton.routing.context import TrunkState
from freiton.routing.directory import Trunk, TrunkKind
from sipcore.auth.client import DigestClient
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message import NameAddress, Request, Response, SipUri
from sipcore.message.message import parse_delta_seconds
from sipcore.transaction.commands import SendRequest
from sipcore.transaction.deadlines import Deadline, Deadlines
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from sipcore.transport.flow import Address, Flow, Listener

OWNER: Final = "carrier"
"""The first word of the owner of every transaction started here."""

REFRESH_SHARE: Final = 0.85
"""Of the granted interval; leaves time for a few lost answers."""

RETRY_S: Final = (15.0, 600.0)
"""Pause after the first failure, and the longest one."""

BLOCKED_S: Final = 20.0
"""How long a trunk that did not answer is passed over; shorter than people's patience."""


class Carrier:
    """How one trunk stands: where it is, how it knows us, whether it would take a call."""

    __slots__ = (
        "blocked_until", "call_id", "client", "cseq", "deadline", "expires_s", "failures", "flow",
        "granted_until", "registrar_client", "trunk",
    )  # fmt: skip

    def __init__(self, trunk: Trunk, flow: Flow, *, call_id: str) -> None:
        self.trunk = trunk
        self.flow = flow
        # A registrar says 401, a proxy in front of calls 407: each keeps its own last challenge.
        self.client = _digest_client(trunk)
        self.registrar_client = _digest_client(trunk)
        self.call_id = call_id
        self.cseq = 0
        self.expires_s = trunk.expires_s
        self.failures = 0
        self.granted_until = 0.0
        self.blocked_until = 0.0
        self.deadline: Deadline[int] | None = None


class Carriers:
    """Every trunk in service; answers with requests to be sent."""

    __slots__ = ("_by_id", "_deadlines", "_identifiers", "_listeners")

    def __init__(self, listeners: Mapping[str, Listener], identifiers: Identifiers) -> None:
        self._listeners = listeners
        self._identifiers = identifiers
        self._by_id: dict[int, Carrier] = {}
        self._deadlines: Deadlines[int] = Deadlines()

    def update(
        self, trunks: Iterable[Trunk], addresses: Mapping[int, Address], *, now: float
    ) -> list[SendRequest]:
        """Take over the trunks of a new directory, and where their hosts are by now.

        A trunk whose listener is unknown or whose host has no address is out of service.
        """
        commands: list[SendRequest] = []
        current: dict[int, Carrier] = {}
        for trunk in trunks:
            listener = self._listeners.get(trunk.listener)
            address = addresses.get(trunk.id)
            if listener is None or address is None:
                continue
            flow = Flow(listener, address)
            known = self._by_id.pop(trunk.id, None)
            if known is not None and known.trunk == trunk and known.flow == flow:
                current[trunk.id] = known
                continue
            commands += self._retire(known, now=now)
            carrier = Carrier(trunk, flow, call_id=self._identifiers.call_id())
            current[trunk.id] = carrier
            if trunk.kind is TrunkKind.REGISTRATION:
                commands.append(self._register(carrier, now=now))
        for gone in self._by_id.values():
            commands += self._retire(gone, now=now)
        self._by_id = current
        return commands

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Our listeners, over which a carrier's dialog may lead to another of its machines."""
        return tuple(self._listeners.values())

    def carrier(self, trunk_id: int) -> Carrier | None:
        """Return how a trunk is reached; None when it is out of service."""
        return self._by_id.get(trunk_id)

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
                is_blocked=carrier.blocked_until > now,
                open_calls=open_over(trunk_id),
            )
            for trunk_id, carrier in self._by_id.items()
        }

    def is_registered(self, trunk_id: int, *, now: float) -> bool:
        """Tell whether a carrier knows us now; one by fixed address always does."""
        carrier = self._by_id.get(trunk_id)
        if carrier is None:
            return False
        return carrier.trunk.kind is TrunkKind.FIXED_IP or carrier.granted_until > now

    def block(self, trunk_id: int, *, now: float) -> None:
        """Pass a trunk over for a while, since it just did not answer a call."""
        carrier = self._by_id.get(trunk_id)
        if carrier is not None:
            carrier.blocked_until = now + BLOCKED_S

    def receive(
        self, event: ResponseReceived | TransactionFailed, *, now: float
    ) -> list[SendRequest]:
        """Take what became of a REGISTER; its owner begins with ``OWNER``."""
        carrier = self._by_id.get(int(event.owner[1]))
        if carrier is None or event.request.call_id != carrier.call_id:
            return []
        if isinstance(event, TransactionFailed):
            self._failed(carrier, now=now)
            return []
        if event.response.is_provisional:
            return []
        try:
            return self._answered(carrier, event, now=now)
        except RemoteError:
            self._failed(carrier, now=now)
            return []

    def handle_deadlines(self, *, now: float) -> list[SendRequest]:
        """Register again where it is time."""
        return [
            self._register(carrier, now=now)
            for trunk_id in self._deadlines.due(now)
            if (carrier := self._by_id.get(trunk_id)) is not None
        ]

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        return self._deadlines.next()

    def unregister_all(self, *, now: float) -> list[SendRequest]:
        """Leave every carrier, as a switch does that ends."""
        return [command for one in self._by_id.values() for command in self._retire(one, now=now)]

    def _answered(
        self, carrier: Carrier, event: ResponseReceived, *, now: float
    ) -> list[SendRequest]:
        response = event.response
        if response.is_success:
            carrier.failures = 0
            granted_s = _granted_s(response, carrier)
            carrier.granted_until = now + granted_s
            self._again(carrier, now + granted_s * REFRESH_SHARE)
            return []
        if response.status in (401, 407) and carrier.registrar_client is not None:
            field = carrier.registrar_client.respond_to_challenge(
                response, event.request, cnonce=self._identifiers.token(64)
            )
            if field is not None:
                return [self._register(carrier, now=now, credentials=field)]
        minimum_s = response.delta_seconds("min-expires")
        if response.status == 423 and minimum_s is not None and minimum_s > carrier.expires_s:
            carrier.expires_s = min(minimum_s, 86_400)
            return [self._register(carrier, now=now)]
        self._failed(carrier, now=now)
        return []

    def _failed(self, carrier: Carrier, *, now: float) -> None:
        carrier.granted_until = 0.0
        first, longest = RETRY_S
        pause = min(longest, first * 2.0 ** min(carrier.failures, 10))
        carrier.failures += 1
        self._again(carrier, now + self._identifiers.spread(pause / 2, pause))

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
        if carrier.trunk.kind is TrunkKind.FIXED_IP or carrier.granted_until <= now:
            return []
        carrier.expires_s = 0
        return [self._register(carrier, now=now)]

    def _register(
        self, carrier: Carrier, *, now: float, credentials: tuple[str, str] | None = None
    ) -> SendRequest:
        trunk = carrier.trunk
        carrier.cseq += 1
        aor = str(SipUri(trunk.domain, user=trunk.username))
        contact = f"<sip:{trunk.username}@{carrier.flow.listener.sent_by}>"
        request = Request("REGISTER", SipUri(trunk.domain))
        request.add("max-forwards", "70")
        request.add("from", f"<{aor}>;tag={self._identifiers.tag()}")
        request.add("to", f"<{aor}>")
        request.add("call-id", carrier.call_id)
        request.add("cseq", f"{carrier.cseq} REGISTER")
        request.add("contact", contact)
        request.add("expires", str(carrier.expires_s))
        client = carrier.registrar_client
        if credentials is None and client is not None:
            credentials = client.authorize(request, cnonce=self._identifiers.token(64))
        if credentials is not None:
            request.add(*credentials)
        # Without any answer at all, the transaction's own timer F comes first.
        self._again(carrier, now + RETRY_S[1])
        return SendRequest(request, carrier.flow, (OWNER, trunk.id, carrier.cseq))


def _digest_client(trunk: Trunk) -> DigestClient | None:
    if not trunk.username or not trunk.secret:
        return None
    return DigestClient(
        username=trunk.username, password=trunk.secret, realm=trunk.realm or trunk.domain
    )


def _granted_s(response: Response, carrier: Carrier) -> float:
    """Return the interval granted for our contact; what a carrier leaves out was granted as asked.

    A zero or tiny interval would make us ask without pause.
    """
    granted: int | None = None
    for entry in response.entries("contact"):
        address = NameAddress.parse(entry)
        uri = address.uri
        if isinstance(uri, SipUri) and uri.user == carrier.trunk.username:
            text = address.parameters.get("expires")
            granted = parse_delta_seconds(text) if text is not None else None
            break
    if granted is None:
        granted = response.expires
    return float(max(10, carrier.expires_s if granted is None else granted))
