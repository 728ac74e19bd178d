"""Our own registration with a carrier, and calls over it (RFC 3261 §10.2, §22.2)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from freiton.routing.directory import Trunk, TrunkKind
from freiton.routing.refusals import RefusalCause
from sipcore.message import Request
from tests.freiton.calls.scene import ANNA, BEN, assert_refused
from tests.support.scripted_phones import Fields, ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, SWITCH, Town, trunk

TRUNK: Trunk = trunk(
    1,
    "north",
    kind=TrunkKind.REGISTRATION,
    username="freiton",
    secret="trunk-password",
    realm="north.example",
)
CHALLENGE: Fields = (
    ("www-authenticate", 'Digest realm="north.example", nonce="n1", qop="auth", algorithm=MD5'),
)


class Registrar:
    """A carrier's registrar: challenges once, then grants `granted_s`."""

    def __init__(self, *, granted_s: int = 600, challenge: Fields = CHALLENGE) -> None:
        self.granted_s = granted_s
        self.challenge = challenge
        self.refusals: list[tuple[int, Fields]] = []

    def __call__(self, request: Request) -> tuple[int, Fields]:
        if self.refusals:
            return self.refusals.pop(0)
        if not request.has("authorization"):
            return 401, self.challenge
        return 200, (("contact", f"{request.required('contact')};expires={self.granted_s}"),)


def open_carrier(registrar: Registrar) -> tuple[VirtualSwitch, ScriptedPhone]:
    switch = VirtualSwitch(Town((ANNA, BEN), ()))
    switch.phone("anna").register()
    switch.town = Town((ANNA, BEN), (TRUNK,))
    north = switch.carrier("north")
    north.registrar = registrar
    switch.reload(switch.town)
    switch.wire.settle()
    return switch, north


def is_up(switch: VirtualSwitch) -> bool:
    return switch.parts.carriers.is_registered(1, now=switch.wire.now)


def test_a_challenge_is_answered_and_calls_go_out() -> None:
    switch, north = open_carrier(Registrar())
    first, second = north.heard
    assert not first.has("authorization")
    credentials = second.required("authorization")
    assert 'username="freiton"' in credentials
    assert 'uri="sip:north.example"' in credentials
    assert second.cseq.number == first.cseq.number + 1
    assert second.call_id == first.call_id
    assert is_up(switch)
    assert switch.phone("anna").call(MOBILE).finals == []
    assert len(north.sides) == 1


def test_the_user_in_credentials_may_be_another_than_the_number_registered() -> None:
    behind = replace(TRUNK, username="+4930231250", auth_user="551199887766")
    switch = VirtualSwitch(Town((ANNA, BEN), ()))
    north = ScriptedPhone(switch.wire, "north", (behind.host, behind.port), switch=SWITCH)
    north.registrar = Registrar()
    switch.reload(Town((ANNA, BEN), (behind,)))
    switch.wire.settle()
    request = north.heard[-1]
    assert 'username="551199887766"' in request.required("authorization")
    assert request.required("to") == "<sip:+4930231250@north.example>"
    assert is_up(switch)


def test_it_is_refreshed_before_it_ends_and_never_lapses() -> None:
    switch, north = open_carrier(Registrar(granted_s=100))
    switch.wire.advance(84)
    assert len(north.heard) == 2
    switch.wire.advance(2)
    assert len(north.heard) == 3, "the known challenge is answered at once"
    for _ in range(100):
        switch.wire.advance(10)
        assert is_up(switch)


def test_without_a_registration_no_call_goes_out() -> None:
    registrar = Registrar()
    registrar.refusals = [(403, ())]
    switch, north = open_carrier(registrar)
    assert not is_up(switch)
    side = switch.phone("anna").call(MOBILE)
    assert_refused(switch, side, RefusalCause.NO_TRUNK)
    assert north.sides == []


def test_after_a_failure_it_is_tried_again_after_growing_pauses() -> None:
    registrar = Registrar()
    registrar.refusals = [(503, ())] * 4
    switch, north = open_carrier(registrar)
    pauses, heard = [], [switch.wire.now]
    while not is_up(switch):
        before = len(north.heard)
        switch.wire.advance(0.5)
        if len(north.heard) > before:
            heard.append(switch.wire.now)
        assert switch.wire.now < 2_000
    pauses = [late - early for early, late in pairwise(heard)]
    assert pauses == sorted(pauses)
    assert 7 <= pauses[0] <= 16
    assert pauses[-1] >= 3 * pauses[0]


def test_a_carrier_that_is_silent_is_tried_again() -> None:
    registrar = Registrar()
    switch = VirtualSwitch(Town((ANNA, BEN), (TRUNK,)))
    north = switch.carrier("north")
    north.registrar = registrar
    north.is_dead = True
    switch.wire.advance(40)
    assert not is_up(switch)
    north.is_dead = False
    switch.wire.advance(20)
    assert is_up(switch)


def test_a_longer_interval_is_asked_for_when_the_carrier_wants_one() -> None:
    registrar = Registrar(granted_s=3600)
    registrar.refusals = [(423, (("min-expires", "3600"),))]
    switch, north = open_carrier(registrar)
    assert [one.required("expires") for one in north.heard] == ["600", "3600", "3600"]
    assert is_up(switch)


def test_a_423_that_asks_for_nothing_longer_is_a_failure() -> None:
    registrar = Registrar()
    registrar.refusals = [(423, (("min-expires", "60"),))]
    switch, north = open_carrier(registrar)
    assert len(north.heard) == 1
    assert not is_up(switch)


def test_another_realm_learns_nothing_of_the_password() -> None:
    foreign = (("www-authenticate", 'Digest realm="elsewhere", nonce="n1", qop="auth"'),)
    switch, north = open_carrier(Registrar(challenge=foreign))
    assert len(north.heard) == 1
    assert not is_up(switch)


def test_a_removed_trunk_is_unregistered() -> None:
    switch, north = open_carrier(Registrar())
    switch.reload(replace(switch.town, trunks=()))
    switch.wire.settle()
    assert north.heard[-1].required("expires") == "0"


def test_a_challenge_of_the_invite_is_answered_with_the_trunks_password_alone() -> None:
    switch, north = open_carrier(Registrar())
    caller = switch.phone("anna").call(MOBILE)
    fields = (("proxy-authenticate", CHALLENGE[0][1]),)
    north.refuse(north.sides[0], 407, fields=fields)
    assert len(north.sides) == 2
    again = north.sides[1].received[0]
    assert 'username="freiton"' in again.required("proxy-authorization")
    assert "anna" not in again.required("proxy-authorization")
    north.answer(north.sides[1])
    assert caller.finals == [200]
