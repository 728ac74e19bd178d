"""Whose number an answering point sees, when several accounts might be meant."""

from __future__ import annotations

import pytest

from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import Town, account, trunk


def town() -> VirtualSwitch:
    accounts = (account(1, "anna"), account(2, "ben"))
    switch = VirtualSwitch(Town(accounts, (trunk(1, "rescue", is_emergency=True),)))
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
