"""An exchange registers once for all its numbers (RFC 6140, GIN)."""

from __future__ import annotations

import re

from freiton.routing.directory import AccountKind
from tests.freiton.calls.scene import ANNA, BEN, NORTH
from tests.support.scripted_phones import Fields, ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import Town, account

PBX = account(3, "pbx", kind=AccountKind.PBX)
URN = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
GIN: Fields = (
    ("require", "gin"),
    ("proxy-require", "gin"),
    ("supported", "path, gin, gruu, outbound"),
)


def bulk(phone: ScriptedPhone, *, user: str = "", parameters: str = "") -> str:
    host, port = phone.address
    return f"<sip:{user}{host}:{port};bnc>{parameters}"


def open_exchange(**options: str) -> tuple[VirtualSwitch, ScriptedPhone]:
    switch = VirtualSwitch(Town((ANNA, BEN, PBX), (NORTH,)))
    switch.phone("anna").register()
    exchange = switch.phone("pbx")
    exchange.register(contact=bulk(exchange, **options), fields=GIN)
    return switch, exchange


def test_one_registration_brings_every_number_as_it_was_dialled() -> None:
    switch, exchange = open_exchange()
    assert exchange.statuses["REGISTER"] == [200]
    assert exchange.replies[-1].required("contact").startswith(bulk(exchange))
    caller = switch.phone("anna").call("030231250" + "03")
    invite = exchange.sides[0].invite
    assert invite is not None
    host, port = exchange.address
    assert invite.uri_text == f"sip:+493023125003@{host}:{port}"
    exchange.answer(exchange.sides[0])
    assert caller.finals == [200]


def test_called_by_its_name_it_finds_its_main_number() -> None:
    switch, exchange = open_exchange()
    switch.phone("anna").call("pbx")
    invite = exchange.sides[0].invite
    assert invite is not None
    assert invite.uri_text.startswith("sip:+493023125003@")
    assert "bnc" not in invite.uri_text


def test_a_number_of_the_exchange_is_called_through_the_carrier_too() -> None:
    switch, exchange = open_exchange()
    switch.carrier("north").call("+493023125003")
    invite = exchange.sides[0].invite
    assert invite is not None
    assert invite.uri_text.startswith("sip:+493023125003@")


def test_a_message_finds_its_number_too() -> None:
    switch, exchange = open_exchange()
    switch.phone("anna").ask("MESSAGE", "sip:+493023125003@example.org", body=b"hello")
    (message,) = exchange.heard
    assert message.uri_text.startswith("sip:+493023125003@")
    assert "bnc" not in message.uri_text


def test_it_survives_a_restart() -> None:
    switch, exchange = open_exchange()
    switch.crash()
    switch.start()
    switch.phone("anna").call("+493023125003")
    assert len(exchange.sides) == 1


def test_nobody_else_registers_so() -> None:
    switch, _ = open_exchange()
    anna = switch.phone("anna")
    anna.register(contact=bulk(anna), fields=GIN)
    assert anna.statuses["REGISTER"][-1] == 403
    for contact in (bulk(anna), bulk(anna).replace("bnc", "BNC")):
        anna.register(contact=contact)
        assert anna.statuses["REGISTER"][-1] == 403


def test_a_bulk_contact_has_no_user() -> None:
    switch = VirtualSwitch(Town((ANNA, PBX), (NORTH,)))
    exchange = switch.phone("pbx")
    exchange.register(contact=bulk(exchange, user="x@"), fields=GIN)
    assert exchange.statuses["REGISTER"][-1] == 400


def test_a_brief_interval_is_refused_as_everywhere() -> None:
    switch = VirtualSwitch(Town((ANNA, PBX), (NORTH,)))
    exchange = switch.phone("pbx")
    exchange.register(5, contact=bulk(exchange), fields=GIN)
    assert exchange.statuses["REGISTER"][-1] == 423
    assert exchange.replies[-1].required("min-expires") == "60"


def test_a_public_gruu_leads_to_a_phone_behind_the_exchange() -> None:
    switch, exchange = open_exchange(parameters=f';+sip.instance="<{URN}>"')
    found = re.search(r'pub-gruu="([^"]*)"', exchange.replies[-1].required("contact"))
    assert found is not None
    assert found[1] == f"sip:example.org;bnc;gr={URN}"
    switch.phone("anna").call(f"sip:+493023125003@example.org;gr={URN};sg=00:05")
    invite = exchange.sides[0].invite
    assert invite is not None
    assert "sg=00:05" in invite.uri_text
    assert "gr=" not in invite.uri_text
