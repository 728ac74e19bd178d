"""The gate on scripted time: who comes in while the switch is behind, and who is not heard."""

from __future__ import annotations

import pytest

from sipcore.defence.gate import Gate, GateSettings
from sipcore.defence.priority import Priority
from sipcore.defence.sources import SourceLimits
from sipcore.message import Request, parse_message
from sipcore.message.message import Response
from sipcore.transport.flow import Flow, Listener, Transport
from tests.support.phones import CountingIdentifiers

LISTENER = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))
HOST = "198.51.100.7"
KNOWN = Flow(LISTENER, (HOST, 5061))
STRANGE = Flow(LISTENER, (HOST, 5062))


class Neighbours:
    """One phone is registered; `near` are addresses-of-record registered from its address."""

    def __init__(self) -> None:
        self.near: set[str] = set()
        self.is_forged = False

    def is_known(self, flow: Flow) -> bool:
        return flow == KNOWN

    def is_registered_near(self, request: Request, host: str) -> bool:
        return host == HOST and str(request.from_.uri) in self.near

    def hears_us(self, request: Request, host: str, *, now: float) -> bool:
        return not self.is_forged

    def is_in_call(self, request: Request) -> bool:
        return request.to.tag == "2"


def gate(**limits: float) -> Gate:
    return Gate(
        Neighbours(),
        identifiers=CountingIdentifiers("g"),
        is_emergency=lambda request: "110" in request.uri_text,
        settings=GateSettings(sources=SourceLimits(**limits)),  # type: ignore[arg-type]
    )


def request(
    method: str = "INVITE",
    uri: str = "sip:ben@example.org",
    *,
    to_tag: str = "",
    fields: tuple[tuple[str, str], ...] = (),
) -> Request:
    made = Request(method, uri)
    made.add("via", f"SIP/2.0/UDP {HOST}:5062;branch=z9hG4bK1")
    made.add("from", "<sip:anna@example.org>;tag=1")
    made.add("to", f"<{uri}>{to_tag}")
    made.add("call-id", "1")
    made.add("cseq", f"1 {method}")
    for key, value in fields:
        made.add(key, value)
    return made


SIGNED = (("authorization", "Digest"),)
PARADE = {
    "emergency": (request(uri="sip:110@example.org"), STRANGE),
    "in dialog": (request("BYE", to_tag=";tag=2"), STRANGE),
    "invented dialog": (request("BYE", to_tag=";tag=3"), STRANGE),
    "cancel": (request("CANCEL"), STRANGE),
    "refresh": (request("REGISTER"), KNOWN),
    "continued": (request(fields=SIGNED), STRANGE),
    "new invite": (request(), STRANGE),
    "new register": (request("REGISTER"), STRANGE),
    "rest": (request("OPTIONS"), STRANGE),
}
REST = {"rest", "invented dialog"}


def behind(seconds: float) -> Gate:
    """Make a gate of a switch that is so far behind."""
    made = gate()
    made.pressure.note_read("udp", is_caught_up=True, now=100.0)
    made.pressure.note_read("udp", is_caught_up=False, now=100.0 + seconds)
    return made


@pytest.mark.parametrize(
    ("behind_s", "kept_out"),
    [
        (0.0, set()),
        (0.08, REST),
        (0.2, REST | {"new register"}),
        (0.3, REST | {"new register", "new invite"}),
        (0.6, REST | {"new register", "new invite", "continued"}),
        (2.0, REST | {"new register", "new invite", "continued", "refresh"}),
    ],
)
def test_the_order_of_admission(behind_s: float, kept_out: set[str]) -> None:
    now = 100.0 + behind_s
    assert {
        name
        for name, (asked, flow) in PARADE.items()
        if not behind(behind_s).admits(asked, flow, now=now)
    } == kept_out


def test_who_is_kept_out_by_load_is_told_to_come_later() -> None:
    full = behind(0.3)
    assert not full.admits(request(), STRANGE, now=100.3)
    (outgoing,) = full.outgoing()
    refusal = parse_message(outgoing.data)
    assert isinstance(refusal, Response)
    assert refusal.status == 503
    assert 5 <= int(refusal.required("retry-after")) <= 30
    assert outgoing.flow.remote == (HOST, 5062)
    assert full.counters.shed[Priority.NEW_INVITE] == 1
    assert full.outgoing() == []


def test_caught_up_again_everybody_comes_in() -> None:
    full = behind(2.0)
    assert not full.admits(request(), STRANGE, now=102.0)
    full.pressure.note_read("udp", is_caught_up=True, now=102.1)
    assert full.admits(request(), STRANGE, now=102.6)


def test_late_timers_count_for_a_moment() -> None:
    made = gate()
    for number in range(3):
        made.pressure.note_late(0.3, now=100.0 + number / 100)
    assert not made.admits(request("OPTIONS"), STRANGE, now=100.1)
    assert made.admits(request("OPTIONS"), STRANGE, now=100.3)


def test_one_late_timer_among_others_is_a_hiccup() -> None:
    made = gate()
    for late_s in (0.3, 0.001, 0.3, 0.3, 0.001):
        made.pressure.note_late(late_s, now=100.0)
        assert made.admits(request("OPTIONS"), STRANGE, now=100.0)


def test_a_stranger_has_so_many_requests_and_the_phone_next_door_all() -> None:
    made = gate(requests_per_s=10.0, burst=20)
    heard = [made.admits(request("OPTIONS"), STRANGE, now=100.0) for _ in range(30)]
    assert heard.count(True) == 20
    assert made.outgoing() == []
    assert all(made.admits(request("OPTIONS"), KNOWN, now=100.0) for _ in range(100))
    assert made.admits(request("OPTIONS"), STRANGE, now=100.11)
    assert made.counters.dropped == 10


def test_too_many_failures_block_an_address_for_a_while() -> None:
    made = gate(failures_max=5, block_s=60.0)
    for _ in range(5):
        assert made.admits(request("REGISTER"), STRANGE, now=100.0)
        made.note_refused(request("REGISTER"), STRANGE, now=100.0)
    assert not made.admits(request("REGISTER"), STRANGE, now=101.0)
    assert made.sources.blocked(now=101.0) == {HOST: pytest.approx(59.0)}
    assert made.outgoing() == []
    assert made.admits(request("INVITE"), KNOWN, now=101.0)
    assert made.admits(request(uri="sip:110@example.org"), STRANGE, now=101.0)
    assert made.admits(request("REGISTER"), STRANGE, now=161.0)


def test_failures_long_apart_block_nobody() -> None:
    made = gate(failures_max=3, failures_window_s=60.0)
    for minute in range(10):
        made.note_refused(request("REGISTER"), STRANGE, now=100.0 + 61.0 * minute)
    assert made.sources.blocked(now=1_000.0) == {}


def test_a_phone_that_restarts_behind_a_blocked_address_is_heard() -> None:
    made = gate()
    made.sources.block(HOST, 600.0, now=100.0)
    assert not made.admits(request("REGISTER"), STRANGE, now=101.0)
    neighbours = made._acquaintances
    assert isinstance(neighbours, Neighbours)
    neighbours.near.add("sip:anna@example.org")
    assert made.admits(request("REGISTER"), STRANGE, now=101.0)
    made.note_refused(request("REGISTER"), STRANGE, now=101.0)
    assert made.sources.unblock(HOST)
    assert not made.sources.unblock(HOST)


def test_a_failure_of_a_known_phone_is_held_against_nobody() -> None:
    made = gate(failures_max=1)
    made.note_refused(request(), KNOWN, now=100.0)
    assert made.sources.blocked(now=100.0) == {}


@pytest.mark.parametrize(
    ("transport", "is_blocked"), [(Transport.UDP, False), (Transport.TCP, True)]
)
def test_only_who_may_be_somebody_else_is_not_counted(
    transport: Transport, *, is_blocked: bool
) -> None:
    made = gate(failures_max=1)
    neighbours = made._acquaintances
    assert isinstance(neighbours, Neighbours)
    neighbours.is_forged = True
    flow = Flow(Listener("other", transport, ("192.0.2.1", 5060)), STRANGE.remote)
    made.note_refused(request("REGISTER"), flow, now=100.0)
    assert (made.sources.blocked(now=100.0) != {}) == is_blocked


@pytest.mark.parametrize(
    "fields", [(("user-agent", "friendly-scanner"),), (("user-agent", "SIPVicious 1"),)]
)
def test_a_scanner_hears_nothing(fields: tuple[tuple[str, str], ...]) -> None:
    made = gate()
    assert not made.admits(request("OPTIONS", fields=fields), STRANGE, now=100.0)
    assert made.outgoing() == []
    assert made.counters.scanners == 1
    assert made.admits(request("OPTIONS", fields=(("user-agent", "Snom"),)), STRANGE, now=100.0)


def test_a_call_that_stands_is_heard_from_a_blocked_address() -> None:
    made = gate()
    made.sources.block(HOST, 600.0, now=100.0)
    assert made.admits(request("BYE", to_tag=";tag=2"), STRANGE, now=101.0)
    assert not made.admits(request("BYE", to_tag=";tag=3"), STRANGE, now=101.0)


def stranger_at(number: int) -> Flow:
    return Flow(LISTENER, (f"203.0.113.{number}", 5060))


def test_a_stranger_cannot_flood_with_calls_for_help() -> None:
    made = gate()
    help_me = request(uri="sip:110@example.org")
    heard = [made.admits(help_me, STRANGE, now=100.0) for _ in range(1_000)]
    assert heard.count(True) == 20
    assert made.counters.shed[Priority.EMERGENCY] == 980
    assert len(made.outgoing()) == 980
    assert all(made.admits(help_me, KNOWN, now=100.0) for _ in range(1_000))
    assert made.admits(help_me, stranger_at(1), now=100.0)
    assert made.admits(help_me, STRANGE, now=100.5)


def test_nor_can_strangers_under_many_addresses() -> None:
    made = gate()
    help_me = request(uri="sip:110@example.org")
    flows = [stranger_at(number) for number in range(250)]
    assert [made.admits(help_me, flow, now=100.0) for flow in flows].count(True) == 200
    assert made.admits(help_me, KNOWN, now=100.0)


def test_one_ipv6_line_is_one_source() -> None:
    made = gate()
    made.sources.block("2001:db8:1:2::5", 600.0, now=100.0)
    assert not made.sources.admits("2001:db8:1:2:ffff::1", now=101.0)
    assert made.sources.admits("2001:db8:1:3::5", now=101.0)


def test_made_up_addresses_push_no_block_out() -> None:
    made = gate(sources_max=100)
    made.sources.block(HOST, 600.0, now=100.0)
    for number in range(1_000):
        made.sources.admits(f"203.0.113.{number}", now=100.0)
    assert not made.admits(request("OPTIONS"), STRANGE, now=101.0)
    for number in range(1_000):
        made.sources.block(f"203.0.113.{number}", 60.0, now=102.0)
    assert len(made.sources.blocked(now=102.0)) == 100
    assert made.admits(request("OPTIONS"), STRANGE, now=103.0)


def test_a_block_ends_and_begins_anew() -> None:
    made = gate(failures_max=2, block_s=10.0)
    for now in (100.0, 120.0):
        for _ in range(2):
            made.note_refused(request("REGISTER"), STRANGE, now=now)
        assert not made.sources.admits(HOST, now=now + 9)
        assert made.sources.admits(HOST, now=now + 10)
    assert made.sources.blocks == 2
    assert not made.sources.unblock(HOST)


def test_memory_is_bounded() -> None:
    made = gate(sources_max=100)
    for number in range(1_000):
        made.sources.admits(f"203.0.113.{number}", now=100.0)
    assert len(made.sources) == 100
