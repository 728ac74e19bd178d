"""From a URI to next hops: every case of RFC 3263 §4, and the weights of RFC 2782."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.limits import LOCATED_HOPS_MAX, SERVICE_TARGETS_MAX
from sipcore.message.uri import SipUri, parse_uri
from sipcore.transport.dns_records import (
    AddressRecord,
    NaptrRecord,
    Question,
    Record,
    RecordType,
    SrvRecord,
)
from sipcore.transport.flow import Listener, Transport
from sipcore.transport.locate import (
    Ask,
    Capabilities,
    Located,
    Wanted,
    locate,
    order_services,
    wanted,
)

EVERYTHING = Capabilities(dict.fromkeys(Transport, (4, 6)))
UDP_TCP = Capabilities({Transport.UDP: (4,), Transport.TCP: (4,)})

Zone = Mapping[str, tuple[Record, ...]]


def srv(target: str, port: int = 5060, *, priority: int = 10, weight: int = 1) -> SrvRecord:
    return SrvRecord(priority=priority, weight=weight, port=port, target=target)


def naptr(service: str, replacement: str, order: int = 10, preference: int = 10) -> NaptrRecord:
    return NaptrRecord(
        order=order,
        preference=preference,
        flags="s",
        service=service,
        regexp="",
        replacement=replacement,
    )


def a(*hosts: str) -> tuple[Record, ...]:
    return tuple(AddressRecord(host) for host in hosts)


def find(uri: str, zone: Zone, capabilities: Capabilities = UDP_TCP) -> tuple[list[str], list[str]]:
    """Give the hops as text, and every question asked, as a name server would be."""
    known: dict[Question, tuple[Record, ...]] = {}
    asked: list[str] = []
    for _ in range(5):
        outcome = locate(
            wanted(SipUri.parse(uri)), known.get, capabilities, draw=lambda total: total
        )
        if isinstance(outcome, Located):
            hops = [f"{hop.transport.name} {hop.host} {hop.port}" for hop in outcome.hops]
            return hops, asked
        assert isinstance(outcome, Ask)
        assert outcome.questions
        for question in outcome.questions:
            assert question not in known
            text = f"{question.name} {question.type.name}"
            asked.append(text)
            known[question] = zone.get(text, ())
    raise AssertionError("too many rounds")


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:192.0.2.1", "UDP 192.0.2.1 5060"),
        ("sip:192.0.2.1:5070", "UDP 192.0.2.1 5070"),
        ("sip:192.0.2.1;transport=tcp", "TCP 192.0.2.1 5060"),
        ("sip:192.0.2.1;transport=tls", "TLS 192.0.2.1 5061"),
        ("sip:192.0.2.1;transport=ws", "WS 192.0.2.1 80"),
        ("sip:192.0.2.1;transport=WSS", "WSS 192.0.2.1 443"),
        ("sips:192.0.2.1", "TLS 192.0.2.1 5061"),
        ("sips:192.0.2.1;transport=tcp", "TLS 192.0.2.1 5061"),
        ("sips:192.0.2.1;transport=ws", "WSS 192.0.2.1 443"),
        ("sips:192.0.2.1:5071", "TLS 192.0.2.1 5071"),
        ("sip:[2001:DB8:0::1]", "UDP 2001:db8::1 5060"),
        ("sip:anna@example.com;maddr=192.0.2.9", "UDP 192.0.2.9 5060"),
    ],
)
def test_a_numeric_host_is_the_server_itself(uri: str, hop: str) -> None:
    assert find(uri, {}, EVERYTHING) == ([hop], [])


def test_a_name_with_a_port_has_addresses_and_no_services() -> None:
    zone = {"example.com A": a("192.0.2.1", "192.0.2.2"), "example.com AAAA": a("2001:db8::1")}
    assert find("sip:Example.com:5070", zone, EVERYTHING) == (
        ["UDP 2001:db8::1 5070", "UDP 192.0.2.1 5070", "UDP 192.0.2.2 5070"],
        ["example.com AAAA", "example.com A"],
    )


def test_naptr_chooses_the_transport_and_srv_the_server() -> None:
    zone: Zone = {
        "example.com NAPTR": (
            naptr("SIP+D2U", "_sip._udp.example.com", order=50, preference=50),
            naptr("SIPS+D2T", "_sips._tcp.example.com", order=30, preference=50),
            naptr("SIP+D2T", "_sip._tcp.example.com", order=40, preference=50),
        ),
        "_sip._tcp.example.com SRV": (srv("one.example.com"), srv("two.example.com", priority=20)),
        "_sip._udp.example.com SRV": (srv("one.example.com"),),
        "one.example.com A": a("192.0.2.1"),
        "two.example.com A": a("192.0.2.2"),
    }
    hops, asked = find("sip:example.com", zone)
    assert hops == ["TCP 192.0.2.1 5060", "TCP 192.0.2.2 5060", "UDP 192.0.2.1 5060"]
    assert "_sips._tcp.example.com SRV" not in asked


def test_preference_counts_within_one_order() -> None:
    zone: Zone = {
        "example.com NAPTR": (
            naptr("SIP+D2U", "_sip._udp.example.com", preference=20),
            naptr("SIP+D2T", "_sip._tcp.example.com", preference=10),
        ),
        "_sip._tcp.example.com SRV": (srv("one.example.com"),),
        "_sip._udp.example.com SRV": (srv("one.example.com"),),
        "one.example.com A": a("192.0.2.1"),
    }
    assert find("sip:example.com", zone)[0] == ["TCP 192.0.2.1 5060", "UDP 192.0.2.1 5060"]


def test_websocket_services_are_found_by_naptr() -> None:
    zone: Zone = {
        "example.com NAPTR": (
            naptr("SIPS+D2W", "_sips._ws.example.com", order=10),
            naptr("SIP+D2W", "_sip._ws.example.com", order=20),
        ),
        "_sips._ws.example.com SRV": (srv("one.example.com", 443),),
        "_sip._ws.example.com SRV": (srv("one.example.com", 80),),
        "one.example.com A": a("192.0.2.1"),
    }
    assert find("sip:example.com", zone, EVERYTHING)[0] == [
        "WSS 192.0.2.1 443", "WS 192.0.2.1 80"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        NaptrRecord(order=1, preference=1, flags="u", service="SIP+D2U", regexp="",
                    replacement="x.example"),
        NaptrRecord(order=1, preference=1, flags="s", service="SIP+D2U", regexp="!.*!x!",
                    replacement="x.example"),
        NaptrRecord(order=1, preference=1, flags="s", service="SIP+D2S", regexp="",
                    replacement="x.example"),
        NaptrRecord(order=1, preference=1, flags="s", service="E2U+sip", regexp="",
                    replacement="x.example"),
        NaptrRecord(order=1, preference=1, flags="s", service="SIP+D2U", regexp="",
                    replacement=""),
    ],
)  # fmt: skip
def test_other_pointers_are_passed_over(bad: NaptrRecord) -> None:
    zone: Zone = {
        "example.com NAPTR": (bad, naptr("SIP+D2T", "_sip._tcp.example.com")),
        "x.example SRV": (srv("192.0.2.66"),),
        "_sip._tcp.example.com SRV": (srv("192.0.2.1"),),
    }
    hops, asked = find("sip:example.com", zone)
    assert hops == ["TCP 192.0.2.1 5060"]
    assert asked == ["example.com NAPTR", "_sip._tcp.example.com SRV"]


def test_sips_leads_only_to_what_is_secure() -> None:
    zone: Zone = {
        "example.com NAPTR": (
            naptr("SIP+D2U", "_sip._udp.example.com", order=1),
            naptr("SIPS+D2T", "_sips._tcp.example.com", order=2),
        ),
        "_sip._udp.example.com SRV": (srv("two.example.com"),),
        "_sips._tcp.example.com SRV": (srv("one.example.com", 5061),),
        "one.example.com A": a("192.0.2.1"),
        "two.example.com A": a("192.0.2.66"),
    }
    assert find("sips:example.com", zone, EVERYTHING)[0] == ["TLS 192.0.2.1 5061"]
    _, asked = find("sips:example.com", {}, EVERYTHING)
    assert asked == [
        "example.com NAPTR", "_sips._tcp.example.com SRV", "example.com AAAA", "example.com A"
    ]  # fmt: skip


def test_without_naptr_the_services_of_our_transports_are_asked_for() -> None:
    zone: Zone = {
        "_sip._tcp.example.com SRV": (srv("one.example.com", 5070),),
        "one.example.com A": a("192.0.2.1"),
    }
    assert find("sip:example.com", zone) == (
        ["TCP 192.0.2.1 5070"],
        [
            "example.com NAPTR", "_sip._udp.example.com SRV", "_sip._tcp.example.com SRV",
            "one.example.com A",
        ],
    )  # fmt: skip


def test_with_a_transport_only_its_service_is_asked_for() -> None:
    zone: Zone = {
        "_sip._tcp.example.com SRV": (srv("one.example.com", 5070),),
        "one.example.com A": a("192.0.2.1"),
    }
    assert find("sip:example.com;transport=tcp", zone) == (
        ["TCP 192.0.2.1 5070"],
        ["_sip._tcp.example.com SRV", "one.example.com A"],
    )


def test_without_any_service_the_name_is_the_server() -> None:
    zone: Zone = {"example.com A": a("192.0.2.1")}
    assert find("sip:example.com", zone)[0] == ["UDP 192.0.2.1 5060"]
    assert find("sip:example.com;transport=tcp", zone)[0] == ["TCP 192.0.2.1 5060"]
    assert find("sips:example.com", zone, EVERYTHING)[0] == ["TLS 192.0.2.1 5061"]


def test_a_service_decidedly_not_offered_has_no_server() -> None:
    zone: Zone = {
        "_sip._udp.example.com SRV": (srv("", 0),),
        "example.com A": a("192.0.2.1"),
    }
    assert find("sip:example.com;transport=udp", zone)[0] == []


def test_what_we_do_not_speak_leads_nowhere() -> None:
    assert find("sip:192.0.2.1;transport=tls", {}) == ([], [])
    assert find("sip:[2001:db8::1]", {}) == ([], [])
    assert find("sips:example.com:5061", {}) == ([], [])


@pytest.mark.parametrize("uri", ["sips:a;transport=udp", "sip:a;transport=sctp", "tel:+4930"])
def test_a_contradiction_is_refused(uri: str) -> None:
    with pytest.raises(RemoteError) as caught:
        wanted(parse_uri(uri))
    assert caught.value.status_hint == 416


def test_a_flood_of_records_is_cut() -> None:
    servers = tuple(srv(f"s{number}.example.com") for number in range(60))
    zone: Zone = {
        "_sip._udp.example.com SRV": servers,
        **{f"s{n}.example.com A": a(*(f"192.0.2.{i}" for i in range(1, 60))) for n in range(60)},
    }
    hops, asked = find("sip:example.com;transport=udp", zone)
    assert len(hops) == LOCATED_HOPS_MAX
    assert len(asked) == 1 + SERVICE_TARGETS_MAX


def test_capabilities_come_from_the_listeners() -> None:
    listeners = (
        Listener("t6", Transport.TCP, ("::1", 5060)),
        Listener("u", Transport.UDP, ("192.0.2.9", 5060)),
        Listener("t4", Transport.TCP, ("192.0.2.9", 5060)),
    )
    able = Capabilities.of_listeners(listeners)
    assert able.transports == (Transport.UDP, Transport.TCP)
    assert able.address_types(Transport.UDP) == (RecordType.A,)
    assert able.address_types(Transport.TCP) == (RecordType.AAAA, RecordType.A)
    assert able.address_types(Transport.TLS) == ()


def test_priorities_come_before_weights() -> None:
    records = [srv("c", priority=3, weight=9), srv("a", priority=1), srv("b", priority=2)]
    assert [one.target for one in order_services(records, draw=lambda total: total)] == [
        "a", "b", "c"
    ]  # fmt: skip


def test_each_server_is_first_as_often_as_its_weight_says() -> None:
    records = [srv("big", weight=60), srv("small", weight=20), srv("small2", weight=20)]
    random = Random(2782)  # noqa: S311 - a test's dice
    first = Counter(
        next(order_services(records, draw=lambda total: random.randint(0, total))).target
        for _ in range(5_000)
    )
    assert 0.55 < first["big"] / 5_000 < 0.65
    assert 0.16 < first["small"] / 5_000 < 0.25


def test_a_server_without_weight_is_first_very_seldom_but_not_never() -> None:
    records = [srv("none", weight=0), srv("all", weight=99)]
    draws = [partial(min, mark) for mark in range(100)]
    firsts = [next(order_services(records, draw=draw)).target for draw in draws]
    assert firsts.count("none") == 1


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 65535), st.text("ab.", max_size=3))),
    st.randoms(use_true_random=False),
)
def test_every_offered_server_is_tried_exactly_once(
    drawn: list[tuple[int, int, str]], random: Random
) -> None:
    records = [srv(target, priority=p, weight=w) for p, w, target in drawn]
    ordered = list(order_services(records, draw=lambda total: random.randint(0, total)))
    assert Counter(ordered) == Counter(one for one in records if one.target)
    assert [one.priority for one in ordered] == sorted(one.priority for one in ordered)


def test_numeric_hosts_need_no_answers() -> None:
    outcome = locate(Wanted("192.0.2.1"), lambda _: None, UDP_TCP, draw=lambda _: 0)
    assert isinstance(outcome, Located)
