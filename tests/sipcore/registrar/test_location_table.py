"""Bindings come, expire, break with their connection, and are kept open."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipcore.registrar.location_table import LocationTable
from sipcore.transport.flow import Flow
from tests.sipcore.registrar.builders import (
    NOW,
    PHONE,
    TCP,
    UDP,
    changes,
    register,
)
from tests.support.phones import CountingIdentifiers

ANNA, BEN = "anna@example.org", "ben@example.org"
NATTED = "<sip:anna@192.168.1.5>"


def table() -> LocationTable:
    return LocationTable(CountingIdentifiers(""))


def put(
    locations: LocationTable,
    aor: str,
    *contacts: str,
    flow: Flow = PHONE,
    cseq: int = 1,
    now: float = NOW,
) -> None:
    request = register(*contacts, cseq=cseq, call_id=f"{aor} {flow.key}")
    known = locations.lookup(aor)
    locations.apply(aor, changes(request, known, flow=flow, now=now), now=now)


def contacts_of(locations: LocationTable, aor: str) -> list[str]:
    return [binding.contact for binding in locations.lookup(aor)]


def test_lookup_and_counts() -> None:
    locations = table()
    assert locations.lookup(ANNA) == ()
    assert locations.next_deadline() is None
    put(locations, ANNA, "<sip:a@198.51.100.7>", "<sip:b@198.51.100.7>;expires=60")
    put(locations, BEN, NATTED)
    assert contacts_of(locations, ANNA) == ["sip:a@198.51.100.7", "sip:b@198.51.100.7"]
    assert (locations.aor_count, locations.binding_count, locations.natted_flow_count) == (2, 3, 1)
    assert dict(locations.items()).keys() == {ANNA, BEN}
    assert set(locations.aors_over(Flow(UDP, PHONE.remote))) == {ANNA, BEN}


def test_a_device_that_sends_from_another_port_than_it_listens_on_is_known_by_both() -> None:
    locations = table()
    put(locations, ANNA, "<sip:a@198.51.100.7:5099>")
    listens = Flow(UDP, ("198.51.100.7", 5099))
    assert [binding.flow for binding in locations.lookup(ANNA)] == [listens]
    assert locations.aors_over(listens) == locations.aors_over(PHONE) == (ANNA,)
    assert locations.aors_over(Flow(UDP, ("198.51.100.7", 5098))) == ()
    put(locations, ANNA, "<sip:a@198.51.100.7:5099>;expires=0", cseq=2)
    assert locations.aors_over(listens) == locations.aors_over(PHONE) == ()


def test_bindings_expire_on_time_and_only_then() -> None:
    locations = table()
    put(locations, ANNA, "<sip:a@198.51.100.7>;expires=120", "<sip:b@198.51.100.7>;expires=60")
    assert locations.next_deadline() == NOW + 60
    assert locations.expire(now=NOW + 59.9) == []
    assert [(aor, one.contact) for aor, one in locations.expire(now=NOW + 60)] == [
        (ANNA, "sip:b@198.51.100.7")
    ]
    assert locations.next_deadline() == NOW + 120
    assert len(locations.expire(now=NOW + 120)) == 1
    assert locations.aor_count == locations.binding_count == 0
    assert locations.next_deadline() is None


def test_a_refresh_moves_the_expiry() -> None:
    locations = table()
    put(locations, ANNA, "<sip:a@198.51.100.7>;expires=60")
    put(locations, ANNA, "<sip:a@198.51.100.7>;expires=60", cseq=2, now=NOW + 50)
    assert locations.expire(now=NOW + 60) == []
    assert locations.next_deadline() == NOW + 110
    assert len(locations.expire(now=NOW + 110)) == 1


def test_ten_thousand_refreshes_leave_one_deadline() -> None:
    locations = table()
    for cseq in range(1, 10_001):
        expires = 3600 if cseq % 2 else 0
        put(locations, ANNA, f"{NATTED};expires={expires}", cseq=cseq)
    assert len(locations._expiries) == 1
    put(locations, ANNA, NATTED, cseq=10_001)
    keep_alives = len(locations._keep_alives)
    for cseq in range(10_002, 20_000):
        put(locations, ANNA, NATTED, cseq=cseq)
    assert len(locations._expiries) == 1
    assert len(locations._keep_alives) == keep_alives


def test_a_dead_connection_takes_its_bindings_along() -> None:
    locations = table()
    first, second = Flow(TCP, ("198.51.100.7", 40000), 1), Flow(TCP, ("198.51.100.7", 40001), 2)
    put(locations, ANNA, "<sip:a@198.51.100.7>", flow=first)
    put(locations, ANNA, "<sip:b@198.51.100.7>", flow=second)
    put(locations, BEN, "<sip:c@198.51.100.7>", flow=first)
    removed = locations.flow_failed(Flow(TCP, ("198.51.100.7", 40000), 1))
    assert {(aor, one.contact) for aor, one in removed} == {
        (ANNA, "sip:a@198.51.100.7"),
        (BEN, "sip:c@198.51.100.7"),
    }
    assert contacts_of(locations, ANNA) == ["sip:b@198.51.100.7"]
    assert locations.aors_over(first) == ()
    assert locations.flow_failed(first) == []


def test_udp_has_no_connection_that_dies() -> None:
    locations = table()
    put(locations, ANNA, NATTED)
    assert locations.flow_failed(PHONE) == []
    assert contacts_of(locations, ANNA) == ["sip:anna@192.168.1.5"]


def test_a_reregistration_over_a_new_connection_leaves_the_old_one() -> None:
    locations = table()
    first, second = Flow(TCP, ("198.51.100.7", 40000), 1), Flow(TCP, ("198.51.100.7", 40001), 2)
    put(locations, ANNA, "<sip:a@198.51.100.7>", flow=first)
    put(locations, ANNA, "<sip:a@198.51.100.7>", flow=second)
    assert locations.flow_failed(first) == []
    assert locations.lookup(ANNA)[0].flow == second


def test_an_idle_natted_phone_hears_from_us_for_as_long_as_it_is_bound() -> None:
    locations = table()
    put(locations, ANNA, f"{NATTED};expires=600")
    now, heard = NOW, []
    while (deadline := locations.next_deadline()) is not None:
        now = deadline
        locations.expire(now=now)
        heard += [now for _ in locations.natted_flows_due(now=now)]
    assert heard == [NOW + 25.0 * n for n in range(1, 24)]
    assert now == NOW + 600
    assert locations.natted_flow_count == 0


def test_one_flow_is_kept_open_once() -> None:
    locations = table()
    put(locations, ANNA, NATTED)
    put(locations, BEN, NATTED)
    put(locations, ANNA, NATTED, cseq=2, now=NOW + 1)
    assert len(locations.natted_flows_due(now=NOW + 30)) == 1
    put(locations, ANNA, f"{NATTED};expires=0", cseq=3, now=NOW + 31)
    (binding,) = locations.natted_flows_due(now=NOW + 60)
    assert binding is locations.lookup(BEN)[0]
    put(locations, BEN, f"{NATTED};expires=0", cseq=2, now=NOW + 61)
    assert locations.natted_flow_count == 0


def test_a_refresh_does_not_put_the_next_one_off() -> None:
    locations = table()
    put(locations, ANNA, NATTED)
    put(locations, ANNA, NATTED, cseq=2, now=NOW + 20)
    assert len(locations.natted_flows_due(now=NOW + 25)) == 1


def test_only_natted_udp_is_kept_open() -> None:
    locations = table()
    put(locations, ANNA, "<sip:a@198.51.100.7>")
    put(locations, BEN, NATTED, flow=Flow(TCP, ("198.51.100.7", 40000), 1))
    assert locations.natted_flows_due(now=NOW + 60) == []


def test_a_restored_binding_is_kept_open_soon() -> None:
    locations = table()
    (binding,) = changes(register(NATTED)).bindings
    locations.restore(ANNA, binding, now=NOW)
    locations.restore(ANNA, binding, now=NOW)
    assert locations.lookup(ANNA) == (binding,)
    assert locations.next_deadline() == NOW + 13.75


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANNA, BEN]),
            st.sampled_from("abc"),
            st.sampled_from([0, 60, 120]),
            st.integers(1, 3),
            st.integers(0, 50),
        ),
        max_size=40,
    )
)
def test_the_indexes_agree_with_the_bindings(
    steps: list[tuple[str, str, int, int, int]],
) -> None:
    locations, now = table(), NOW
    for cseq, (aor, user, expires, connection, wait) in enumerate(steps):
        flow = Flow(TCP, ("198.51.100.7", 40000), connection)
        put(
            locations,
            aor,
            f"<sip:{user}@192.0.2.7>;expires={expires}",
            flow=flow,
            cseq=cseq,
            now=now,
        )
        if wait == 50:
            locations.flow_failed(flow)
        now += wait
        locations.expire(now=now)
        bound = {(one, b.flow.key) for one, known in locations.items() for b in known}
        linked = {(one, key) for key, aors in locations._aors_by_flow.items() for one in aors}
        assert bound == linked
        assert locations.binding_count == sum(len(known) for _, known in locations.items())
        assert all(b.expires_at > now for _, known in locations.items() for b in known)
    locations.expire(now=now + 200)
    assert locations.binding_count == locations.aor_count == len(locations._expiries) == 0
