"""3xx of phones: the caller pays what he dialled, the account of the phone what comes after."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freiton.routing.trunk_profile import PLAIN, RedirectionForm
from tests.freiton.calls.scene import ANNA, BEN, open_switch
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch, shipped_config
from tests.support.virtual_town import GERMANY, MOBILE, SWITCH, Town, account, trunk

CLARA = account(3, "clara")


def redirect(switch: VirtualSwitch, name: str, target: str, status: int = 302) -> None:
    phone = switch.phone(name)
    phone.refuse(phone.sides[-1], status, fields=(("contact", f"<{target}>"),))


def call_ben(switch: VirtualSwitch) -> Side:
    return switch.phone("anna").call("ben")


def test_the_account_of_the_phone_pays_where_it_sends_a_call() -> None:
    profile = replace(PLAIN, redirection=RedirectionForm.DIVERSION)
    trusted = trunk(1, "north", sends_asserted_identity=True, profile=profile)
    switch = open_switch(ANNA, BEN, trunks=(trusted,))
    north = switch.carrier("north")
    caller = call_ben(switch)
    redirect(switch, "ben", f"sip:{MOBILE}@example.org")
    callee = north.sides[-1]
    assert callee.invite is not None
    assert "+493023125002" in callee.invite.required("diversion")
    assert "+493023125001" in callee.invite.required("from")
    north.ring(callee)
    assert 180 in caller.statuses
    north.answer(callee)
    assert caller.finals == [200]
    switch.wire.advance(60)
    switch.phone("anna").bye(caller)
    assert callee.byes_received == 1
    dialled, forwarded = sorted(switch.log.records(), key=lambda one: one.account_id)
    assert (dialled.account_id, dialled.gross_micros) == ("1", 0)
    assert (forwarded.account_id, forwarded.gross_micros) == ("2", 199_000)
    assert forwarded.referred_by == dialled.call_id
    assert (dialled.released_by, forwarded.released_by) == ("caller", "caller")
    assert switch.owed_micros(2) == 199_000
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_call_that_nobody_takes_there_is_over_for_both() -> None:
    switch = open_switch(ANNA, BEN)
    caller = call_ben(switch)
    redirect(switch, "ben", f"sip:{GERMANY}@example.org")
    north = switch.carrier("north")
    north.refuse(north.sides[-1], 486)
    assert caller.finals == [486]
    assert len(switch.log.records()) == 2
    switch.wire.advance(60)
    switch.assert_quiet()


def test_who_gives_up_cancels_there() -> None:
    switch = open_switch(ANNA, BEN)
    caller = call_ben(switch)
    redirect(switch, "ben", f"sip:{GERMANY}@example.org")
    switch.phone("anna").cancel(caller)
    assert switch.carrier("north").sides[-1].is_cancelled
    assert caller.finals == [487]
    switch.wire.advance(60)
    switch.assert_quiet()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("sip:09005123456@example.org", 403),
        ("sip:112@example.org", 480),
        ("mailto:ben@example.org", 480),
        ("sip:nobody@elsewhere.example", 404),
    ],
)
def test_what_the_account_could_not_dial_is_not_followed(target: str, status: int) -> None:
    switch = open_switch(ANNA, BEN)
    caller = call_ben(switch)
    redirect(switch, "ben", target)
    assert caller.finals == [status]
    assert switch.carrier("north").sides == []
    switch.wire.advance(60)
    switch.assert_quiet()


def test_phones_that_send_a_call_in_a_circle_do_not_ring_for_ever() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller = call_ben(switch)
    for _ in range(30):
        for name, other in (("ben", "clara"), ("clara", "ben")):
            sides = switch.phone(name).sides
            if sides and not sides[-1].is_closed:
                redirect(switch, name, f"sip:{other}@example.org")
    assert caller.finals == [482]
    assert len(switch.phone("ben").sides) < 10
    switch.wire.advance(60)
    switch.assert_quiet()


def test_a_carrier_cannot_send_a_call_elsewhere() -> None:
    switch = open_switch(ANNA, BEN)
    caller = switch.phone("anna").call(GERMANY)
    north = switch.carrier("north")
    north.refuse(north.sides[-1], 302, fields=(("contact", f"<sip:{MOBILE}@example.org>"),))
    assert len(north.sides) == 1
    assert caller.finals[0] >= 400


def test_an_operator_may_refuse_them_all() -> None:
    config = shipped_config()
    refusing = config.forwarding.model_copy(update={"redirects": "refuse"})
    switch = VirtualSwitch(
        Town((ANNA, BEN), (trunk(1, "north"),)),
        settings=config.model_copy(update={"forwarding": refusing}),
    )
    switch.carrier("north")
    switch.phone("ben").register()
    switch.phone("anna").register()
    caller = call_ben(switch)
    redirect(switch, "ben", f"sip:{GERMANY}@example.org")
    assert switch.carrier("north").sides == []
    assert caller.finals[0] >= 400
    assert SWITCH in switch.wire.parties


def test_both_charges_survive_a_kill_of_the_switch() -> None:
    switch = open_switch(ANNA, BEN)
    caller = call_ben(switch)
    redirect(switch, "ben", f"sip:{MOBILE}@example.org")
    north = switch.carrier("north")
    north.answer(north.sides[-1])
    switch.wire.advance(30)
    switch.crash()
    switch.wire.advance(2)
    switch.start()
    switch.wire.settle()
    switch.wire.advance(28)
    north.bye(north.sides[-1])
    assert caller.byes_received == 1
    assert [one.rated_us for one in switch.log.records()] == [60_000_000, 60_000_000]
    assert switch.owed_micros(2) == 199_000
    switch.wire.advance(60)
    switch.assert_quiet()


@pytest.mark.parametrize(
    ("rings", "said", "reason"),
    [
        (False, "", "unconditional"),
        (True, "", "deflection"),
        (True, "<sip:ben@example.org>;reason=no-answer", "no-answer"),
        (False, "<sip:ben@example.org>;reason=user-busy", "user-busy"),
        (False, "<sip:ben@example.org>;reason=whatever", "unconditional"),
    ],
)
def test_a_carrier_is_told_why_the_phone_sent_the_call_on(
    rings: bool, said: str, reason: str
) -> None:
    profile = replace(PLAIN, redirection=RedirectionForm.DIVERSION)
    trusted = trunk(1, "north", sends_asserted_identity=True, profile=profile)
    switch = open_switch(ANNA, BEN, trunks=(trusted,))
    call_ben(switch)
    ben = switch.phone("ben")
    if rings:
        ben.ring(ben.sides[-1])
    fields: tuple[tuple[str, str], ...] = (("contact", f"<sip:{MOBILE}@example.org>"),)
    if said:
        fields += (("diversion", said),)
    ben.refuse(ben.sides[-1], 302, fields=fields)
    invite = switch.carrier("north").sides[-1].invite
    assert invite is not None
    assert f";reason={reason}" in invite.required("diversion")


def test_the_contact_with_the_highest_q_is_called() -> None:
    switch = open_switch(ANNA, BEN, CLARA)
    caller = call_ben(switch)
    ben, clara = switch.phone("ben"), switch.phone("clara")
    contacts = (
        "<mailto:ben@example.org>;q=1.0, <sip:nobody@example.org>;q=0.2,"
        " <sip:clara@example.org>;q=0.9, <sip:anna@example.org>;q=2"
    )
    ben.refuse(ben.sides[-1], 302, fields=(("contact", contacts),))
    clara.answer(clara.sides[-1])
    assert caller.finals == [200]
