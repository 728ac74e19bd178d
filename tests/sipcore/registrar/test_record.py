"""A binding survives a restart, with the clock that counts there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from sipcore.errors import LocalError
from sipcore.registrar.binding import Binding
from sipcore.registrar.record import from_record, to_record
from sipcore.transport.flow import Flow, Listener, Transport
from tests.sipcore.registrar.builders import NOW, PHONE, TCP, UDP, changes, register

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LISTENERS = {"udp": UDP, "tcp": TCP}
CONTACT = '<sip:anna@198.51.100.7:5062;ob>;q=0.5;expires=600;reg-id=2;+sip.instance="<urn:x>"'


def binding(contact: str = CONTACT, flow: Flow | None = None, *, path: str = "") -> Binding:
    flow = flow or Flow(UDP, ("198.51.100.7", 5062))
    request = register(contact, user_agent="Phone")
    if path:
        request.add("path", path)
    return changes(request, flow=flow).bindings[0]


@pytest.mark.interpreted
def test_round_trip_on_another_monotonic_clock() -> None:
    before = binding(path="<sip:edge.example.org;lr>")
    record = to_record("anna@example.org", before, now=NOW + 100, at=AT)
    restored = from_record(record, LISTENERS, now=5.0, at=AT + timedelta(seconds=50))
    assert restored is not None
    aor, after = restored
    assert aor == "anna@example.org"
    assert after.expires_at == pytest.approx(5.0 + 450)
    for name in Binding.__slots__:
        if name != "expires_at":
            assert getattr(after, name) == getattr(before, name), name


def test_the_port_that_a_device_sends_from_is_kept() -> None:
    before = binding(flow=PHONE)
    assert (before.flow.remote[1], before.source.remote[1]) == (5062, 5060)
    record = to_record("anna@example.org", before, now=NOW, at=AT)
    restored = from_record(record, LISTENERS, now=5.0, at=AT)
    assert restored is not None
    assert (restored[1].flow, restored[1].source) == (before.flow, PHONE)


def test_a_record_from_before_the_source_was_kept() -> None:
    fields = msgspec.msgpack.decode(to_record("a@b", binding(), now=NOW, at=AT))
    older = msgspec.msgpack.encode(fields[:15])
    restored = from_record(older, LISTENERS, now=5.0, at=AT)
    assert restored is not None
    assert restored[1].source == restored[1].flow == Flow(UDP, ("198.51.100.7", 5062))


def test_a_record_of_a_later_version_with_further_fields() -> None:
    fields = msgspec.msgpack.decode(to_record("a@b", binding(), now=NOW, at=AT))
    assert from_record(msgspec.msgpack.encode([*fields, "more"]), LISTENERS, now=5.0, at=AT)


def test_the_handle_of_gruus_is_kept_and_older_records_have_none() -> None:
    record = to_record("a@b", binding().with_gruu_handle("0011223344556677"), now=NOW, at=AT)
    restored = from_record(record, LISTENERS, now=5.0, at=AT)
    assert restored is not None
    assert restored[1].gruu_handle == "0011223344556677"
    older = msgspec.msgpack.encode(msgspec.msgpack.decode(record)[:-1])
    restored = from_record(older, LISTENERS, now=5.0, at=AT)
    assert restored is not None
    assert restored[1].gruu_handle == ""


def test_what_expired_meanwhile_stays_away() -> None:
    record = to_record("anna@example.org", binding(), now=NOW, at=AT)
    assert from_record(record, LISTENERS, now=5.0, at=AT + timedelta(seconds=600)) is None


def test_a_wall_clock_set_back_makes_no_binding_longer() -> None:
    record = to_record("anna@example.org", binding(), now=NOW, at=AT)
    restored = from_record(record, LISTENERS, now=5.0, at=AT - timedelta(days=1))
    assert restored is not None
    assert restored[1].expires_at == 605.0


def test_a_listener_that_is_gone_takes_its_bindings_along() -> None:
    other = {"other": Listener("other", Transport.UDP, ("192.0.2.1", 5070))}
    assert from_record(to_record("a@b", binding(), now=NOW, at=AT), other, now=5.0, at=AT) is None


def test_a_connection_is_opened_anew_to_where_the_device_listens() -> None:
    flow = Flow(TCP, ("198.51.100.7", 40000), 7)
    for contact, port in (("<sip:a@198.51.100.7:5070>", 5070), ("<sip:a@198.51.100.7>", 5060)):
        record = to_record("a@b", binding(contact, flow), now=NOW, at=AT)
        restored = from_record(record, LISTENERS, now=5.0, at=AT)
        assert restored is not None
        assert restored[1].flow == Flow(TCP, ("198.51.100.7", port), 0)


def test_a_connection_through_a_nat_cannot_be_opened_from_outside() -> None:
    flow = Flow(TCP, ("198.51.100.7", 40000), 7)
    record = to_record("a@b", binding("<sip:a@192.168.1.5>", flow), now=NOW, at=AT)
    assert from_record(record, LISTENERS, now=5.0, at=AT) is None


@pytest.mark.parametrize("transport", [Transport.TLS, Transport.WS, Transport.WSS])
def test_a_phone_behind_tls_or_in_a_browser_has_to_come_back(transport: Transport) -> None:
    listener = Listener("l", transport, ("192.0.2.1", 5061))
    flow = Flow(listener, ("198.51.100.7", 40000), 7)
    record = to_record("a@b", binding("<sip:a@198.51.100.7>", flow), now=NOW, at=AT)
    assert from_record(record, {"l": listener}, now=5.0, at=AT) is None


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x91\x01", b"{}"])
def test_foreign_bytes_are_our_own_mistake(data: bytes) -> None:
    with pytest.raises(LocalError):
        from_record(data, LISTENERS, now=5.0, at=AT)
