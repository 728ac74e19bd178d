"""RFC 3261 §18.1.1: what is too large for a datagram goes over TCP, or else by UDP all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import Request, parse_message
from sipcore.transaction.large_requests import LargeRequests
from sipcore.transport.flow import Flow, Listener, Transport
from tests.sipcore.transaction.bench_top import PEER, TCP, UDP, BenchTop, tcp, udp

TCP6 = Listener("tcp6", Transport.TCP, ("2001:db8::1", 5060))
BEFORE_ANSWER = ("INVITE", "MESSAGE")


def bench(*listeners: Listener, natted: Flow | None = None, is_emergency: bool = False) -> BenchTop:
    top = BenchTop(is_emergency=lambda _request: is_emergency)
    known = {one.name: one for one in listeners or (UDP, TCP6, TCP)}
    top.layer.large_requests = LargeRequests(known, is_natted=lambda flow: flow == natted)
    return top


def send(
    top: BenchTop, method: str = "INVITE", *, octets: int = 2_000, flow: Flow | None = None
) -> None:
    request = Request(
        method,
        "sip:bob@h",
        [
            ("from", "<sip:a@h>;tag=1"),
            ("to", "<sip:bob@h>"),
            ("call-id", "c"),
            ("cseq", f"1 {method}"),
            ("subject", "x" * octets),
        ],
    )
    top.layer.request(request, flow or udp(), owner=("x", len(top.layer._clients)), now=top.now)


def sent(top: BenchTop) -> list[tuple[Flow, str]]:
    """Return where each request went and the Via that it had."""
    return [(one.flow, parse_message(one.data).required("via")) for one in top.layer.outgoing()]


@pytest.mark.parametrize("method", BEFORE_ANSWER)
def test_a_large_request_goes_over_tcp_and_its_via_says_so(method: str) -> None:
    top = bench()
    send(top, method)
    ((flow, via),) = sent(top)
    assert flow == Flow(TCP, PEER)
    assert via.startswith(f"SIP/2.0/TCP {TCP.sent_by};rport;branch=")
    top.wait(5)
    assert sent(top) == []  # a reliable transport repeats nothing


def test_the_limit_is_that_of_the_rfc() -> None:
    for octets, transport in ((1_300, Transport.UDP), (1_301, Transport.TCP)):
        top = bench()
        send(top, octets=500)
        ((_, _),) = sent(top)
        send(top, octets=0)
        small = len(top.layer._clients[max(top.layer._clients)].data)
        send(top, octets=octets - small)
        *_, (flow, _) = sent(top)
        assert flow.transport is transport


@pytest.mark.parametrize("method", BEFORE_ANSWER)
def test_without_tcp_it_goes_by_udp_after_all(method: str) -> None:
    top = bench()
    send(top, method)
    ((way, first),) = sent(top)
    top.layer.flow_failed(way, now=top.now)
    ((flow, via),) = sent(top)
    assert flow == udp()
    assert via == first.replace("TCP", "UDP").replace(TCP.sent_by, UDP.sent_by)
    assert top.events() == []
    assert top.wait(0.5) == [0.5]  # repeated as UDP asks
    top.layer.flow_failed(way, now=top.now)
    assert top.events() == []  # over and done with TCP


def test_the_answer_finds_it_after_the_change() -> None:
    top = bench()
    send(top)
    ((way, _),) = sent(top)
    top.layer.flow_failed(way, now=top.now)
    ((_, via),) = sent(top)
    top.receive(
        f"SIP/2.0 200 OK\nVia: {via}\nFrom: <sip:a@h>;tag=1\nTo: <sip:bob@h>;tag=2\n"
        "Call-ID: c\nCSeq: 1 INVITE\n\n"
    )
    assert top.event_names() == ["ResponseReceived"]


def test_who_has_no_tcp_is_spared_it_for_a_while() -> None:
    top = bench()
    send(top)
    ((way, _),) = sent(top)
    top.layer.flow_failed(way, now=top.now)
    sent(top)
    send(top, "MESSAGE")
    send(top, "MESSAGE", flow=udp(("198.51.100.8", 5060)))
    assert [flow.transport for flow, _ in sent(top)] == [Transport.UDP, Transport.TCP]
    top.now += DEFAULT_LIMITS.udp_only_s + 1
    send(top, "MESSAGE")
    assert [flow.transport for flow, _ in sent(top)] == [Transport.TCP]


def test_a_failure_after_an_answer_is_one() -> None:
    top = bench()
    send(top)
    ((way, via),) = sent(top)
    top.receive(
        f"SIP/2.0 100 Trying\nVia: {via}\nFrom: <sip:a@h>;tag=1\nTo: <sip:bob@h>\n"
        "Call-ID: c\nCSeq: 1 INVITE\n\n",
        tcp(),
    )
    top.events()
    top.layer.flow_failed(way, now=top.now)
    assert top.event_names() == ["TransactionFailed"]
    assert sent(top) == []


def test_a_cancel_asked_for_early_is_sent_after_the_change() -> None:
    top = bench()
    send(top)
    ((way, _),) = sent(top)
    top.layer.cancel(("x", 0), now=top.now)
    top.layer.flow_failed(way, now=top.now)
    ((_, via),) = sent(top)
    top.receive(
        f"SIP/2.0 180 Ringing\nVia: {via}\nFrom: <sip:a@h>;tag=1\nTo: <sip:bob@h>;tag=2\n"
        "Call-ID: c\nCSeq: 1 INVITE\n\n"
    )
    ((flow, cancel_via),) = sent(top)
    assert (flow, cancel_via) == (udp(), via)


@pytest.mark.parametrize(
    "top",
    [
        bench(UDP),
        bench(UDP, TCP6),
        bench(natted=udp()),
        bench(is_emergency=True),
        BenchTop(),
    ],
    ids=["no tcp", "no tcp of this family", "behind nat", "emergency", "nobody chooses"],
)
def test_it_stays_on_udp(top: BenchTop) -> None:
    send(top)
    ((flow, via),) = sent(top)
    assert flow == udp()
    assert via.startswith("SIP/2.0/UDP ")


def test_peers_without_tcp_are_bounded_and_the_oldest_is_forgotten() -> None:
    limits = replace(DEFAULT_LIMITS, udp_only_peers_max=2)
    large = LargeRequests({"tcp": TCP}, is_natted=lambda _flow: False, limits=limits)
    peers = [udp((f"198.51.100.{n}", 5060)) for n in range(3)]
    for n, peer in enumerate((*peers[:2], peers[0], peers[2])):
        large.failed(peer, now=float(n))
    data = bytes(2_000)
    assert [large.way(data, one, now=4.0) is None for one in peers] == [True, False, True]
