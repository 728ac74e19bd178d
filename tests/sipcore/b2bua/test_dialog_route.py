"""Where requests to a trunk go: along Route or Contact (RFC 3261 §12.2.1.1), but not anywhere."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call_events import Hangup, Probe, Proven, Target
from sipcore.b2bua.dialog_route import flow_along
from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.transport.flow import Address, Flow, Listener, Transport
from tests.support.phones import SWITCH, Network

EVERYWHERE = ("0.0.0.0", 5060)  # noqa: S104 - nothing is bound here
UDP = Listener("udp", Transport.UDP, EVERYWHERE, ("203.0.113.7", 5060))
TCP = Listener("tcp", Transport.TCP, EVERYWHERE, ("203.0.113.7", 5060))
UDP6 = Listener("udp6", Transport.UDP, ("2001:db8::7", 5060))
OURS = (UDP, TCP, UDP6)
PUBLIC = Flow(UDP, ("8.8.4.4", 5060))
CARRIER = Flow(UDP, ("192.0.2.1", 5060))
MEDIA_GATEWAY = ("198.51.100.9", 5070)


def dialog(target: str, *route: str) -> Dialog:
    return Dialog(
        DialogId("c", "l", "r"),
        local="<sip:l@h>",
        remote="<sip:r@h>",
        remote_target=target,
        route_set=route,
    )


@pytest.mark.parametrize(
    ("target", "route", "listener", "remote"),
    [
        ("sip:gw@198.51.100.9:5070", (), UDP, MEDIA_GATEWAY),
        ("sip:gw@198.51.100.9", (), UDP, ("198.51.100.9", 5060)),
        ("sip:gw@198.51.100.9;transport=tcp", (), TCP, ("198.51.100.9", 5060)),
        ("sip:gw@name.example;maddr=198.51.100.9", (), UDP, ("198.51.100.9", 5060)),
        ("sip:gw@[2001:DB8::9]:5070", (), UDP6, ("2001:db8::9", 5070)),
        ("sip:gw@name.example", ("<sip:198.51.100.9:5070;lr>",), UDP, MEDIA_GATEWAY),
        (
            "sip:gw@192.0.2.4",
            ("<sip:198.51.100.9:5070;lr>", "<sip:10.1.1.1;lr>"),
            UDP,
            MEDIA_GATEWAY,
        ),
        # A strict router is in the Request-URI, and the next hop all the same.
        ("sip:gw@192.0.2.4", ("<sip:198.51.100.9:5070>",), UDP, MEDIA_GATEWAY),
    ],
)
def test_the_first_hop_is_followed(
    target: str, route: tuple[str, ...], listener: Listener, remote: Address
) -> None:
    flow = flow_along(dialog(target, *route), CARRIER, OURS)
    assert flow == Flow(listener, remote)


@pytest.mark.parametrize(
    "target",
    [
        "sip:gw@name.example",
        "sips:gw@198.51.100.9",
        "tel:+4930111",
        "not a uri",
        "sip:gw@198.51.100.9;transport=tls",
        "sip:gw@0.0.0.0",
        "sip:gw@[::]",
        "sip:gw@224.0.1.75",
        "sip:gw@198.51.100.9;maddr=224.0.1.75",
        "sip:gw@[ff02::1]",
        "sip:gw@255.255.255.255",
        "sip:gw@240.0.0.1",
        "sip:gw@127.0.0.1",
        "sip:gw@127.0.0.1:5060",
        "sip:gw@203.0.113.7",
        "sip:gw@203.0.113.7;transport=tcp",
        "sip:gw@[2001:db8::7]",
    ],
)
def test_what_cannot_or_must_not_be_sent_to_stays_on_the_flow(target: str) -> None:
    assert flow_along(dialog(target), CARRIER, OURS) is CARRIER


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]"])
def test_a_public_peer_leads_to_no_private_network(host: str) -> None:
    assert flow_along(dialog(f"sip:gw@{host}"), PUBLIC, OURS) is PUBLIC
    inside = Flow(UDP, ("10.0.0.2", 5060))
    assert flow_along(dialog(f"sip:gw@{host}"), inside, OURS) != inside


def test_a_switch_on_every_address_is_on_its_loopback_too() -> None:
    local = Flow(UDP, ("127.0.0.1", 5080))
    assert flow_along(dialog("sip:gw@127.0.0.2:5060"), local, OURS) is local
    assert flow_along(dialog("sip:gw@127.0.0.2:5090"), local, OURS).remote == ("127.0.0.2", 5090)


def test_no_listener_of_the_transport_stays_on_the_flow() -> None:
    assert flow_along(dialog("sip:gw@198.51.100.9;transport=tcp"), CARRIER, (UDP,)) is CARRIER
    assert flow_along(dialog("sip:gw@[2001:db8::9]"), CARRIER, (UDP,)) is CARRIER


def test_an_open_connection_serves_every_port_of_its_host() -> None:
    accepted = Flow(TCP, ("198.51.100.9", 40_001), connection=3)
    same = dialog("sip:gw@198.51.100.9;transport=tcp")
    other = dialog("sip:gw@198.51.100.10;transport=tcp")
    assert flow_along(same, accepted, OURS) is accepted
    assert flow_along(other, accepted, OURS) == Flow(TCP, ("198.51.100.10", 5060))


class Trunk(Network):
    """Bob is a carrier that goes on elsewhere; ``heard`` is what reached which address of his."""

    def __init__(self, *, follows: bool) -> None:
        super().__init__()
        self.follows = follows
        self.heard: list[tuple[str, Address]] = []
        self.ends[MEDIA_GATEWAY] = self.bob
        self.loses = self.hear

    def hear(self, source: Address, target: Address, data: bytes) -> bool:
        if source == SWITCH and self.ends[target] is self.bob:
            self.heard.append((data.partition(b" ")[0].decode(), target))
        return False

    def target(self, name: str, **options: float | str) -> Target:  # type: ignore[override]
        target = super().target(name)
        if self.follows:
            target.dialog_listeners = (self.switch.listener,)
        return target

    def connect_elsewhere(self) -> None:
        self.dial()
        self.bob.ring()
        self.bob.listener = Listener("udp", Transport.UDP, MEDIA_GATEWAY)
        self.bob.answer()


@pytest.mark.parametrize("follows", [True, False])
def test_ack_and_bye_reach_the_contact_of_a_trunk_alone(follows: bool) -> None:
    net = Trunk(follows=follows)
    net.connect_elsewhere()
    first = ("198.51.100.2", 5062)
    there = MEDIA_GATEWAY if follows else first
    net.switch.tell(Hangup("", 480))
    assert net.heard == [("INVITE", first), ("ACK", there), ("BYE", there)]
    net.assert_over()


def test_a_resumed_call_still_follows() -> None:
    net = Trunk(follows=True)
    net.connect_elsewhere()
    net.switch.restart()
    net.switch.tell(Probe())
    assert [one.is_alive for one in net.switch.said(Proven)] == [True]
    assert net.heard[-1] == ("OPTIONS", MEDIA_GATEWAY)


def test_a_repeated_answer_gets_its_ack_there_too() -> None:
    net = Trunk(follows=True)
    net.connect_elsewhere()
    net.bob.acks.clear()
    before = net.heard.count(("ACK", MEDIA_GATEWAY))
    net.bob.answer()
    net.settle()
    assert net.heard.count(("ACK", MEDIA_GATEWAY)) == before + 1
