"""TKG § 120 and RFC 5079 as phones and carriers see them: what is sent, answered and recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from freiton.routing.directory import NumberRight
from freiton.routing.refusals import RefusalCause
from freiton.routing.trunk_profile import PLAIN, RedirectionForm
from sipcore.message import Request
from tests.freiton.calls.scene import ANNA, BEN, assert_refused, last_record, open_switch, talk
from tests.support.scripted_phones import Fields
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, Town, trunk

TRUSTED = trunk(
    1,
    "north",
    sends_asserted_identity=True,
    profile=replace(PLAIN, redirection=RedirectionForm.DIVERSION),
)
OWN = "+493023125001"
PROVEN = "+4989999999"
STRANGER = "+491715550000"
DIVERTED: Fields = (("diversion", f"<sip:{OWN}@example.org>;reason=no-answer"),)


def invite_of(switch: VirtualSwitch, shown: str, *fields: tuple[str, str]) -> Request:
    """What the carrier gets of a call of Anna's that shows a number."""
    phone = switch.phone("anna")
    phone.call("nobody")  # its next INVITE is signed at once, fields and all
    phone.shown_as = shown
    phone.call(MOBILE, fields=fields)
    phone.shown_as = ""
    return switch.carrier("north").sides[-1].received[0]


def test_a_proven_number_is_shown_until_its_proof_expires() -> None:
    switch = open_switch(ANNA, BEN, trunks=(TRUSTED,))
    proof = NumberRight(
        account_id=ANNA.id,
        number=PROVEN,
        document="letter",
        verified_on=date(2026, 5, 1),
        expires_on=date(2026, 5, 20),
    )
    switch.reload(Town((ANNA, BEN), (TRUSTED,), (proof,)))
    shown = invite_of(switch, PROVEN)
    assert PROVEN in shown.required("from")
    assert shown.required("p-asserted-identity") == f"<sip:{OWN}@north.example>"
    # It is noon in UTC; in Berlin the day ends two hours before that of UTC.
    switch.clock.step(9 * 3600 + 3540)
    assert PROVEN in invite_of(switch, PROVEN).required("from")
    switch.clock.step(120)
    assert PROVEN not in str(invite_of(switch, PROVEN).fields)


def ring_anna(switch: VirtualSwitch) -> None:
    """Let a stranger call Anna over the carrier; her phone rings."""
    north = switch.carrier("north")
    north.shown_as = STRANGER
    north.call(f"sip:{OWN}@192.0.2.1")
    switch.phone("anna").ring(switch.phone("anna").sides[-1])


def test_a_diverted_call_shows_its_caller_while_that_call_stands() -> None:
    switch = open_switch(ANNA, BEN, trunks=(TRUSTED,))
    assert STRANGER not in str(invite_of(switch, STRANGER, *DIVERTED).fields), "nobody calls yet"
    ring_anna(switch)
    invite = invite_of(switch, STRANGER, *DIVERTED)
    assert STRANGER in invite.required("from")
    assert invite.required("p-asserted-identity") == f"<sip:{OWN}@north.example>"
    assert invite.required("diversion") == f"<sip:{OWN}@north.example>;reason=no-answer"
    assert STRANGER not in str(invite_of(switch, STRANGER).fields), "it says not to be diverted"


def test_who_takes_no_anonymous_calls_is_left_in_peace() -> None:
    ben = replace(BEN, rejects_anonymous=True)
    switch = open_switch(ANNA, ben)
    side = switch.phone("anna").call("*31#03023125002")
    assert_refused(switch, side, RefusalCause.ANONYMOUS_REFUSED)
    assert side.final.reason == "Anonymity Disallowed"
    assert switch.phone("ben").sides == []
    assert last_record(switch).amount_micros == 0


@pytest.mark.parametrize("shown", ["110", "0900123456", "%2B49110"])
def test_a_forbidden_number_is_broken_off_before_anything_rings(shown: str) -> None:
    switch = open_switch(ANNA, BEN)
    preferred = (("p-preferred-identity", f"<sip:{shown}@example.org>"),)
    phone = switch.phone("anna")
    phone.call("nobody")
    for dialled in (MOBILE, "ben"):
        side = phone.call(dialled, fields=preferred)
        assert_refused(switch, side, RefusalCause.CALLER_NUMBER_FORBIDDEN)
    assert switch.carrier("north").sides == []
    assert switch.phone("ben").sides == []


def test_privacy_that_cannot_be_kept_ends_the_call_and_not_one_for_help() -> None:
    switch = open_switch(ANNA, BEN)
    critical = (("privacy", "session;critical"),)
    phone = switch.phone("anna")
    phone.call("nobody")
    side = phone.call(MOBILE, fields=critical)
    assert_refused(switch, side, RefusalCause.PRIVACY_IMPOSSIBLE)
    phone.call("112", fields=critical)
    assert len(switch.carrier("north").sides) == 1


def test_a_call_that_runs_in_a_circle_of_diversions_ends() -> None:
    switch = open_switch(ANNA, BEN)
    phone = switch.phone("anna")
    phone.call("nobody")
    side = phone.call(MOBILE, fields=(("diversion", "<sip:a@x.example>;counter=6"),))
    assert_refused(switch, side, RefusalCause.LOOP)
    talk(switch)
