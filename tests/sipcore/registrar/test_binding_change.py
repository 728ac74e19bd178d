"""What is told of watched addresses-of-record, for the reg event package."""

from __future__ import annotations

from sipcore.registrar.binding_change import BindingEvent
from sipcore.registrar.location_table import LocationTable
from sipcore.transport.flow import Flow
from tests.sipcore.registrar.builders import NOW, PHONE, TCP, changes, register
from tests.support.phones import CountingIdentifiers

ANNA, BEN = "anna@example.org", "ben@example.org"
CONTACT = "<sip:a@198.51.100.7>"


def put(
    locations: LocationTable,
    contact: str,
    *,
    aor: str = ANNA,
    cseq: int = 1,
    flow: Flow = PHONE,
    now: float = NOW,
) -> None:
    request = register(contact, cseq=cseq)
    known = locations.lookup(aor)
    locations.apply(aor, changes(request, known, flow=flow, now=now), now=now)


def told(locations: LocationTable) -> list[tuple[str, str]]:
    return [(one.event.value, one.binding.contact) for one in locations.changes()]


def test_the_life_of_a_binding_is_told_in_order() -> None:
    locations = LocationTable(CountingIdentifiers(""))
    locations.watch(ANNA)
    uri = "sip:a@198.51.100.7"
    put(locations, f"{CONTACT};expires=600")
    put(locations, f"{CONTACT};expires=600", cseq=2, now=NOW + 100)
    put(locations, f"{CONTACT};expires=60", cseq=3, now=NOW + 100)
    put(locations, f"{CONTACT};expires=0", cseq=4, now=NOW + 100)
    put(locations, f"{CONTACT};expires=60", cseq=5, now=NOW + 100)
    locations.expire(now=NOW + 160)
    assert told(locations) == [
        ("registered", uri), ("refreshed", uri), ("shortened", uri), ("unregistered", uri),
        ("registered", uri), ("expired", uri),
    ]  # fmt: skip
    assert told(locations) == []


def test_a_lost_connection_deactivates_what_came_over_it() -> None:
    locations = LocationTable(CountingIdentifiers(""))
    locations.watch(ANNA)
    flow = Flow(TCP, ("198.51.100.7", 40000), 7)
    put(locations, f"{CONTACT};expires=600", flow=flow)
    locations.flow_failed(flow)
    assert told(locations) == [
        ("registered", "sip:a@198.51.100.7"), ("deactivated", "sip:a@198.51.100.7")
    ]  # fmt: skip


def test_who_is_not_watched_costs_nothing() -> None:
    locations = LocationTable(CountingIdentifiers(""))
    locations.watch(ANNA)
    locations.unwatch(ANNA)
    put(locations, CONTACT)
    put(locations, CONTACT, aor=BEN)
    assert told(locations) == []


def test_an_end_is_known_as_one() -> None:
    assert {event.value for event in BindingEvent if event.is_end} == {
        "expired", "deactivated", "unregistered"
    }  # fmt: skip
