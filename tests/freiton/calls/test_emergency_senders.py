"""Who calls for help: whose number an answering point sees, and who is asked for a password."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from freiton.routing.refusals import RefusalCause
from tests.freiton.calls.scene import assert_refused
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch, shipped_config
from tests.support.virtual_town import PASSWORD, SWITCH, Town, account, trunk

NONCE_LIFETIME_S = 300.0


def town() -> VirtualSwitch:
    accounts = (account(1, "anna"), account(2, "ben"))
    switch = VirtualSwitch(Town(accounts, (trunk(1, "rescue", is_emergency=True),)))
    switch.carrier("rescue")
    return switch


def elsewhere(switch: VirtualSwitch, user: str = "anna", password: str = PASSWORD) -> ScriptedPhone:
    """Return a phone at an address that nobody is registered from."""
    return ScriptedPhone(
        switch.wire, "lost", ("192.0.2.99", 5060), switch=SWITCH, user=user, password=password
    )


def open_to(host: str) -> VirtualSwitch:
    """Return a switch that takes emergency calls of anybody from that address."""
    config = shipped_config()
    emergency = config.emergency.model_copy(update={"access": (ip_network(host),)})
    switch = VirtualSwitch(town().town, settings=config.model_copy(update={"emergency": emergency}))
    switch.carrier("rescue")
    return switch


def told(switch: VirtualSwitch) -> str:
    """Return the user part that the answering point is told last."""
    invite = switch.carrier("rescue").sides[-1].invite
    assert invite is not None
    return invite.required("p-asserted-identity").partition("@")[0].removeprefix("<sip:")


@pytest.mark.parametrize(("line", "number"), [("anna", "+493023125001"), ("ben", "+493023125002")])
def test_two_lines_of_one_telephone_each_show_their_own_number(line: str, number: str) -> None:
    switch = town()
    phone = switch.phone("anna")
    for user in ("anna", "ben"):
        phone.user = user
        phone.challenges.clear()
        phone.register()
    phone.user = line
    phone.challenges.clear()
    phone.call("112")
    assert told(switch) == number


def test_a_line_that_nobody_registered_is_that_of_the_telephone() -> None:
    switch = town()
    phone = switch.phone("anna")
    phone.register()
    phone.user = "nobody"
    phone.challenges.clear()
    phone.call("112")
    assert told(switch) == "+493023125001"


def test_a_phone_that_listens_on_another_port_calls_from_the_one_it_registered_from() -> None:
    switch = town()
    phone = switch.phone("anna")
    phone.register(contact=f"<sip:anna@{phone.address[0]}:5099>")
    phone.challenges.clear()
    phone.call("112")
    assert phone.challenges == {}, "it was challenged"
    assert told(switch) == "+493023125001"


def test_a_phone_that_lost_its_registration_is_asked_for_its_password_and_put_through() -> None:
    switch = town()
    phone = elsewhere(switch)
    caller = phone.call("112")
    assert phone.challenges, "it was not challenged"
    assert told(switch) == "+493023125001"
    switch.carrier("rescue").answer(switch.carrier("rescue").sides[0])
    assert caller.finals == [200]


def test_old_credentials_are_asked_for_anew() -> None:
    switch = town()
    phone = elsewhere(switch)
    phone.register(expires=0)
    switch.wire.advance(NONCE_LIFETIME_S + 1)
    assert phone.call("112").finals == []
    assert told(switch) == "+493023125001"


def test_credentials_from_before_a_restart_are_asked_for_anew() -> None:
    switch = town()
    phone = elsewhere(switch)
    phone.register(expires=0)
    switch.crash()
    switch.start()
    assert phone.call("112").finals == []
    assert told(switch) == "+493023125001"


def test_credentials_for_a_nonce_that_is_not_ours_are_asked_for_anew() -> None:
    switch = town()
    phone = elsewhere(switch)
    phone.challenges["authorization"] = 'Digest realm="example.org", nonce="of-another-server"'
    side = phone.call("112")
    assert side.finals == [401], "the phone does not repeat what was not called stale"
    assert side.final.has("www-authenticate")
    assert switch.log.records() == []


@pytest.mark.parametrize("user", ["anna", "nobody"])
def test_a_wrong_password_is_refused_whoever_is_meant(user: str) -> None:
    switch = town()
    phone = elsewhere(switch, user, "guessed")
    side = phone.call("112")
    assert len(phone.challenges) == 1
    assert "stale" not in phone.challenges["authorization"]
    assert 'realm="example.org"' in phone.challenges["authorization"]
    assert_refused(switch, side, RefusalCause.EMERGENCY_FROM_STRANGER)
    assert len(switch.log.records()) == 1
    assert switch.carrier("rescue").sides == []


def test_a_configured_access_is_never_challenged() -> None:
    switch = open_to("192.0.2.99")
    phone = elsewhere(switch)
    assert phone.call("112").finals == []
    assert phone.challenges == {}
    assert len(switch.carrier("rescue").sides) == 1


def test_a_carrier_is_never_challenged() -> None:
    switch = town()
    carrier = switch.carrier("rescue")
    assert_refused(switch, carrier.call("112"), RefusalCause.EMERGENCY_FROM_TRUNK)
    assert carrier.challenges == {}
