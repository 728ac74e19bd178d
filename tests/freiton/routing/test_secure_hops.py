"""``sips``: TLS on every hop, or no call (RFC 3261 §26.2.2, RFC 5630)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from freiton.routing.decision import Connect, DeviceGroup, RefusedCall, RouteDecision, TrunkGroup
from freiton.routing.refusals import RefusalCause, answer_refusal
from freiton.routing.request import Source, read_request
from freiton.routing.steps import decide
from sipcore.message import Request
from sipcore.registrar.binding import Binding
from sipcore.transport.flow import Flow, Listener, Transport
from tests.freiton.routing.builders import CARRIER, RESCUE, Scene, dial

ABROAD = "0033142345678"
OPEN = ("sip:ben@198.51.100.2", Transport.UDP)
TLS = ("sip:ben@198.51.100.3;transport=tls", Transport.TLS)
SIPS = ("sips:ben@198.51.100.4", Transport.TLS)
BROWSER = ("SIPS:ben@a.invalid;transport=ws", Transport.WSS)


@dataclass(frozen=True)
class Town(Scene):
    """Ben's devices, each with its transport."""

    devices: tuple[tuple[str, Transport], ...] = ()

    def lookup(self, aor: str) -> tuple[Binding, ...]:
        return tuple(
            Binding(
                contact,
                Flow(Listener("l", transport, ("192.0.2.1", 5060)), ("198.51.100.9", 9)),
                expires_at=1e9,
                call_id="a",
                cseq=1,
            )
            for contact, transport in self.devices
        )


def call(dialled: str, scene: Scene, *, is_secure: bool) -> RouteDecision:
    return decide(replace(dial(dialled), is_secure=is_secure), scene.context())


def rung(decision: RouteDecision) -> list[str]:
    assert isinstance(decision, Connect)
    (group,) = decision.groups
    assert isinstance(group, DeviceGroup)
    return [target.request_uri for target in group.targets]


def test_a_secure_call_rings_only_devices_that_are_secure_to_the_end() -> None:
    town = Town(devices=(OPEN, TLS, SIPS, BROWSER))
    assert rung(call("ben", town, is_secure=True)) == [SIPS[0], BROWSER[0]]


def test_any_other_call_rings_all_and_promises_nothing() -> None:
    town = Town(devices=(OPEN, TLS, SIPS, BROWSER))
    assert rung(call("ben", town, is_secure=False)) == [
        OPEN[0],
        TLS[0],
        "sip:ben@198.51.100.4",
        "sip:ben@a.invalid;transport=ws",
    ]


@pytest.mark.parametrize("devices", [(OPEN,), (TLS,), (OPEN, TLS)])
def test_without_a_secure_device_the_call_is_refused(
    devices: tuple[tuple[str, Transport], ...],
) -> None:
    decision = call("ben", Town(devices=devices), is_secure=True)
    assert decision == RefusedCall(cause=RefusalCause.SIPS_NOT_ALLOWED)
    answer = answer_refusal(decision.cause, host="example.org")
    assert answer.status == 480
    assert dict(answer.fields)["warning"].startswith("380 example.org ")


def test_a_secure_call_leaves_only_over_tls() -> None:
    tls = replace(CARRIER, id=9, name="tls", transport="tls", priority=50)
    decision = call(ABROAD, Scene(trunks=(CARRIER, tls)), is_secure=True)
    assert isinstance(decision, Connect)
    trunks = [one.trunk.name for one in decision.groups if isinstance(one, TrunkGroup)]
    assert trunks == ["tls"]
    refused = call(ABROAD, Scene(trunks=(CARRIER,)), is_secure=True)
    assert refused == RefusedCall(cause=RefusalCause.SIPS_NOT_ALLOWED)


def test_help_comes_before_secrecy() -> None:
    decision = call("112", Scene(trunks=(RESCUE,)), is_secure=True)
    assert isinstance(decision, Connect)
    assert decision.is_emergency


@pytest.mark.parametrize(("scheme", "is_secure"), [("sip", False), ("sips", True), ("SIPS", True)])
def test_the_request_uri_says_it(scheme: str, is_secure: bool) -> None:
    fields = [("from", "<sip:a@h>;tag=1"), ("to", "<sip:b@h>")]
    invite = Request("INVITE", f"{scheme}:b@h", fields)
    assert read_request(invite, Source(host="h", listener="l")).is_secure is is_secure
