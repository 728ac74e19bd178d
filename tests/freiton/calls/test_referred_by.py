"""Who asked for a transfer, as the one hears it who is called by it (RFC 3892)."""

from __future__ import annotations

from tests.freiton.calls.scene import ANNA, BEN, open_switch
from tests.freiton.calls.test_transfer import call_mobile, refer
from tests.support.virtual_town import GERMANY


def test_our_own_phones_are_told_who_referred_and_carriers_are_not() -> None:
    """RFC 3892: Referred-By, within our trust."""
    switch = open_switch(ANNA, BEN)
    anna, north = switch.phone("anna"), switch.carrier("north")
    caller, _ = call_mobile(switch)
    refer(anna, caller, "<sip:ben@example.org>")
    target = switch.phone("ben").sides[-1]
    assert target.invite is not None
    assert target.invite.required("referred-by") == "<sip:anna@example.org>"
    switch.phone("ben").refuse(target, 486)
    refer(anna, caller, f"<sip:{GERMANY}@example.org>")
    outside = north.sides[-1].invite
    assert outside is not None
    assert not outside.has("referred-by")
    asked = switch.phone("ben").call("anna")
    assert anna.sides[-1].invite is not None
    assert not anna.sides[-1].invite.has("referred-by")
    assert asked.finals == []
