"""Registrar and proxy between real transaction layers, on virtual time."""

from __future__ import annotations

from freiton.calls.perform import perform_all
from sipcore.message import Request, Response, SipUri
from sipcore.message.derive import respond
from sipcore.proxy import OWNER, Proxy, RecordRoutes, Routed, Target
from sipcore.registrar import (
    BindingChanges,
    LocationTable,
    RegistrarLimits,
    is_keep_alive_answer,
    keep_alive,
    response_fields,
    update_bindings,
)
from sipcore.transaction.events import (
    RequestReceived,
    ResponseReceived,
    TransactionEvent,
    TransactionFailed,
)
from sipcore.transport.flow import Address
from tests.sipcore.proxy.builders import KEY, take
from tests.support.phones import SWITCH, End, World

AOR = "ben@example.org"
ANNA: Address = ("198.51.100.1", 5060)
DESK: Address = ("198.51.100.2", 5060)
MOBILE: Address = ("203.0.113.7", 40_000)


class Device(End):
    """A phone that registers as ben and answers with one status; None: it is off."""

    def __init__(self, world: World, name: str, address: Address) -> None:
        super().__init__(world, name, address)
        self.status: int | None = 200
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self.failed: list[TransactionFailed] = []

    def send(self, method: str, uri: str, *fields: tuple[str, str]) -> None:
        number = len(self.responses) + 1
        request = Request(method, uri, body=b"Hallo" if method == "MESSAGE" else b"")
        request.add("max-forwards", "70")
        request.add("from", f"<sip:{self.name}@example.org>;tag={self.name}")
        request.add("to", f"<sip:{AOR}>")
        request.add("call-id", self.name)
        request.add("cseq", f"{number} {method}")
        for key, value in fields:
            request.add(key, value)
        self.layer.request(request, self.flow(SWITCH), owner=(self.name, number), now=self.now)
        self.world.settle()

    def register(self, contact: str) -> None:
        self.send("REGISTER", "sip:example.org", ("contact", f"<{contact}>;expires=3600"))
        assert self.responses.pop().status == 200

    def take(self, event: TransactionEvent) -> None:
        if isinstance(event, ResponseReceived):
            self.responses.append(event.response)
        elif isinstance(event, TransactionFailed):
            self.failed.append(event)
        elif isinstance(event, RequestReceived):
            self.requests.append(event.request)
            if self.status is not None:
                answer = respond(event.request, self.status, to_tag=self.name)
                self.layer.respond(event.transaction, answer, now=self.now)


class Switch(End):
    """Just a registrar and a proxy."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "switch", SWITCH)
        self.locations = LocationTable(self.identifiers)
        self.proxy = Proxy(
            identifiers=self.identifiers,
            is_own_uri=is_own,
            is_own_realm="example.org".__eq__,
            sent_bys={self.listener.sent_by},
            record_routes=RecordRoutes(KEY, {"udp": self.listener}),
        )
        self.keep_alives_answered = 0

    def receive(self, message: Request | Response, source: Address) -> None:
        if is_keep_alive_answer(message):
            self.keep_alives_answered += 1
            return
        super().receive(message, source)

    def next_deadline(self) -> float | None:
        deadlines = (super().next_deadline(), self.locations.next_deadline())
        return min((at for at in deadlines if at is not None), default=None)

    def fire(self) -> None:
        super().fire()
        self.locations.expire(now=self.now)
        for binding in self.locations.natted_flows_due(now=self.now):
            packet = keep_alive(binding, self.identifiers)
            self.world.packets.append((self.address, packet.flow.remote, packet.data))

    def take(self, event: TransactionEvent) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "REGISTER":
            self._register(event)
        elif isinstance(event, RequestReceived):
            routed = self.proxy.admit(event.request)
            assert isinstance(routed, Routed)
            targets = [
                Target(one.request_uri, one.flow, one.path) for one in self.locations.lookup(AOR)
            ]
            commands = self.proxy.forward(event, routed, targets, now=self.now)
            perform_all(commands, self.layer, now=self.now)
        elif isinstance(event, ResponseReceived | TransactionFailed):
            assert event.owner[0] == OWNER
            perform_all(take(self.proxy, event, now=self.now), self.layer, now=self.now)

    def _register(self, event: RequestReceived) -> None:
        known = self.locations.lookup(AOR)
        limits = RegistrarLimits()
        changes = update_bindings(known, event.request, event.flow, limits=limits, now=self.now)
        assert isinstance(changes, BindingChanges)
        self.locations.apply(AOR, changes, now=self.now)
        fields = response_fields(changes, event.request, now=self.now)
        answer = respond(event.request, 200, to_tag="r", fields=fields)
        self.layer.respond(event.transaction, answer, now=self.now)


def is_own(uri: SipUri) -> bool:
    return uri.host in {"example.org", SWITCH[0]}


class Scene:
    """Anna sends to ben, who has a phone on the desk and one behind a NAT."""

    def __init__(self) -> None:
        self.world = World()
        self.switch = Switch(self.world)
        self.anna = Device(self.world, "anna", ANNA)
        self.desk = Device(self.world, "desk", DESK)
        self.mobile = Device(self.world, "mobile", MOBILE)
        self.desk.register("sip:ben@198.51.100.2")
        self.mobile.register("sip:ben@192.168.1.7")

    def message(self) -> None:
        self.anna.send("MESSAGE", f"sip:{AOR}")


def test_every_device_gets_the_message_and_the_sender_one_answer() -> None:
    scene = Scene()
    scene.message()
    assert [request.uri_text for request in scene.desk.requests] == ["sip:ben@198.51.100.2"]
    assert [request.uri_text for request in scene.mobile.requests] == ["sip:ben@192.168.1.7"]
    assert scene.mobile.requests[0].body == b"Hallo"
    assert [response.status for response in scene.anna.responses] == [200]
    scene.world.advance(40)
    assert [response.status for response in scene.anna.responses] == [200]
    assert scene.switch.proxy.context_count == 0
    assert scene.switch.layer.client_transactions == 0
    assert scene.switch.layer.server_transactions == 0


def test_a_lossy_wire_is_repeated_over_and_nothing_is_sent_twice() -> None:
    scene = Scene()
    seen: dict[tuple[Address, Address], int] = {}

    def loses(source: Address, target: Address, _: bytes) -> bool:
        seen[source, target] = seen.get((source, target), 0) + 1
        return seen[source, target] % 2 == 1

    scene.world.loses = loses
    scene.message()
    scene.world.advance(31)
    assert [response.status for response in scene.anna.responses] == [200]
    assert len(scene.desk.requests) == len(scene.mobile.requests) == 1


def test_a_phone_that_is_off_does_not_hold_up_the_other() -> None:
    scene = Scene()
    scene.mobile.status = None
    scene.message()
    assert [response.status for response in scene.anna.responses] == [200]
    scene.world.advance(70)
    assert scene.switch.proxy.context_count == 0


def test_when_all_are_off_the_context_still_ends() -> None:
    scene = Scene()
    scene.desk.status = scene.mobile.status = None
    scene.message()
    scene.world.advance(31)
    assert scene.switch.proxy.context_count == 1
    scene.world.advance(40)
    assert scene.switch.proxy.context_count == 0
    assert len(scene.anna.failed) == 1


def test_a_phone_behind_a_nat_is_reached_after_ten_idle_minutes() -> None:
    scene = Scene()
    opened = scene.world.now
    mapping_s = 30.0

    def loses(source: Address, target: Address, _: bytes) -> bool:
        """Let packets in only while the mapping lives; only the phone's own packets renew it."""
        nonlocal opened
        if source == MOBILE:
            opened = scene.world.now
        return target == MOBILE and scene.world.now - opened > mapping_s

    scene.world.loses = loses
    scene.world.advance(600)
    assert scene.switch.keep_alives_answered == 24
    scene.message()
    assert [request.method for request in scene.mobile.requests].count("MESSAGE") == 1
