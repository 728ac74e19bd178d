"""REGISTER on the composed switch, and who can be called because of it."""

from __future__ import annotations

from tests.freiton.calls.scene import ANNA, BEN, NORTH, open_switch
from tests.support.virtual_switch import VirtualSwitch


def test_a_phone_is_challenged_registered_and_called() -> None:
    switch = open_switch(ANNA, BEN)
    ben = switch.phone("ben")
    assert ben.statuses["REGISTER"] == [200]
    (reply,) = ben.replies
    assert reply.required("contact").startswith(ben.contact)
    switch.phone("anna").call("ben")
    assert len(ben.sides) == 1


def test_a_wrong_password_registers_nobody() -> None:
    switch = VirtualSwitch()
    thief = switch.phone("anna")
    thief.password = "guessed"
    thief.register()
    assert thief.statuses["REGISTER"] == [401]
    assert switch.parts.locations.binding_count == 0


def test_nobody_registers_for_another() -> None:
    switch = VirtualSwitch()
    anna = switch.phone("anna")
    anna.register(user="ben")
    assert anna.statuses["REGISTER"] == [403]
    assert switch.parts.locations.binding_count == 0


def test_all_devices_ring_and_the_first_to_answer_wins() -> None:
    switch = open_switch(ANNA, BEN)
    desk, mobile = switch.phone("ben"), switch.phone("ben", 2)
    mobile.register()
    caller = switch.phone("anna").call("ben")
    desk.ring(desk.sides[0])
    mobile.ring(mobile.sides[0])
    mobile.answer(mobile.sides[0])
    assert caller.finals == [200]
    assert desk.sides[0].is_cancelled
    cancel = desk.sides[0].received[-1]
    assert cancel.required("reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_a_binding_ends_with_its_interval() -> None:
    switch = open_switch(ANNA, BEN)
    switch.phone("ben").register(60)
    switch.wire.advance(59)
    assert switch.phone("anna").call("ben").finals == []
    switch.wire.advance(3)
    assert switch.phone("anna").call("ben").finals == [480]


def test_bindings_live_on_after_a_restart() -> None:
    switch = open_switch(ANNA, BEN)
    switch.crash()
    switch.wire.advance(5)
    switch.start()
    caller = switch.phone("anna").call("ben")
    ben = switch.phone("ben")
    ben.answer(ben.sides[-1])
    assert caller.finals == [200]


def test_a_removed_binding_does_not_come_back_with_a_restart() -> None:
    switch = open_switch(ANNA, BEN)
    switch.phone("ben").register(0)
    switch.crash()
    switch.start()
    assert switch.phone("anna").call("ben").finals == [480]


def test_an_account_has_a_bounded_number_of_devices() -> None:
    switch = VirtualSwitch()
    for place in range(1, 13):
        switch.phone("anna", place).register()
    assert switch.parts.locations.binding_count == ANNA.contacts_max


def test_a_call_from_a_carrier_reaches_the_phones_of_the_number() -> None:
    switch = open_switch(ANNA, BEN, trunks=(NORTH,))
    incoming = switch.carrier("north").call("+493023125002")
    ben = switch.phone("ben")
    ben.answer(ben.sides[0])
    assert incoming.finals == [200]
    assert switch.slots("account/2/outgoing") == set()
    assert len(switch.slots("trunk/1")) == 1
    unknown = switch.carrier("north").call("+493023125009")
    assert unknown.finals == [404]


def test_an_interval_that_is_too_brief_is_refused_with_the_shortest_allowed() -> None:
    switch = VirtualSwitch()
    anna = switch.phone("anna")
    anna.register(30)
    assert anna.statuses["REGISTER"] == [423]
    assert anna.replies[-1].required("min-expires") == "60"


def test_a_phone_behind_a_translator_is_kept_reachable() -> None:
    switch = VirtualSwitch()
    anna = switch.phone("anna")
    anna.register(contact="<sip:anna@10.0.0.7:5060>")
    switch.wire.advance(61)
    assert [one.method for one in anna.heard] == ["OPTIONS", "OPTIONS"]
    switch.wire.advance(600)
    ben = switch.phone("ben")
    ben.register()
    ben.call("anna")
    assert len(anna.sides) == 1, "it is called at the address that it came from"
