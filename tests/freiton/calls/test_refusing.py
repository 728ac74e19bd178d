"""Every refusal that a caller can meet on the composed switch: status, words, one record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freiton.routing.refusals import RefusalCause
from sipcore.message import Request
from tests.freiton.calls.scene import (
    ANNA,
    BEN,
    NORTH,
    assert_refused,
    last_record,
    open_switch,
    talk,
)
from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_town import GERMANY, MOBILE, account

AFGHANISTAN = "0093202101234"


@pytest.mark.parametrize(
    ("dialled", "cause"),
    [
        ("+493023125009", None),
        ("0900512345", RefusalCause.INCOMPLETE),
        ("nobody", RefusalCause.UNKNOWN_NUMBER),
        ("sip:someone@elsewhere.example", RefusalCause.FOREIGN_DOMAIN),
        ("11833", RefusalCause.PREMIUM_OFF),
        ("09005123456", RefusalCause.PREMIUM_OFF),
        (AFGHANISTAN, RefusalCause.NON_EU_OFF),
    ],
)
def test_what_cannot_be_called(dialled: str, cause: RefusalCause | None) -> None:
    switch = open_switch()
    side = switch.phone("anna").call(dialled)
    if cause is None:
        assert side.finals == []
    else:
        assert_refused(switch, side, cause)
        assert switch.carrier("north").sides == []


def test_what_was_switched_on_can_be_called() -> None:
    open_account = replace(ANNA, premium_allowed=True, non_eu_allowed=True)
    switch = open_switch(open_account)
    assert switch.phone("anna").call("11833").finals == []
    assert switch.phone("anna").call(AFGHANISTAN).finals == []


def test_a_number_without_a_price_is_refused_even_where_premium_is_on() -> None:
    switch = open_switch(replace(ANNA, premium_allowed=True))
    side = switch.phone("anna").call("09005123456")
    assert_refused(switch, side, RefusalCause.NO_PRICE)


def test_nobody_is_registered() -> None:
    switch = open_switch(ANNA, account(2, "ben", enabled=True))
    switch.phone("ben").register(0)
    assert_refused(switch, switch.phone("anna").call("ben"), RefusalCause.NOT_REGISTERED)
    assert_refused(switch, switch.phone("anna").call("03023125002"), RefusalCause.NOT_REGISTERED)


@pytest.mark.parametrize("status", [402, 403])
def test_no_credit(status: int) -> None:
    switch = open_switch(account(1, "anna", prepaid=True, credit_refusal_status=status))
    side = switch.phone("anna").call(MOBILE)
    assert_refused(switch, side, RefusalCause.NO_CREDIT, status=status)


@pytest.mark.parametrize("status", [402, 403])
def test_the_daily_spending_limit_counts_running_calls(status: int) -> None:
    limited = account(1, "anna", daily_limit_micros=300_000, credit_refusal_status=status)
    switch = open_switch(limited)
    caller, _ = talk(switch)
    switch.wire.advance(85)
    side = switch.phone("anna").call(MOBILE)
    assert_refused(switch, side, RefusalCause.SPENDING_LIMIT, status=status)
    switch.wire.advance(10)
    assert not caller.is_talking, "the running call is ended at the limit"
    assert last_record(switch).ending == "spending-limit"
    assert switch.owed_micros(1) <= 300_000


@pytest.mark.parametrize("status", [503, 486])
def test_the_channels_of_an_account_hold_both_directions(status: int) -> None:
    switch = open_switch(account(1, "anna", channels=1, channel_refusal_status=status), BEN)
    talk(switch)
    side = switch.phone("anna").call(MOBILE)
    assert_refused(switch, side, RefusalCause.CHANNEL_LIMIT, status=status)
    incoming = switch.carrier("north").call("+493023125001")
    assert_refused(switch, incoming, RefusalCause.CHANNEL_LIMIT, status=status)
    assert switch.phone("ben").call(MOBILE).finals == []


@pytest.mark.parametrize("status", [503, 486])
def test_on_net_the_full_side_says_what_its_callers_hear(status: int) -> None:
    other = {503: 486, 486: 503}[status]
    switch = open_switch(
        account(1, "anna", channels=2, channel_refusal_status=other),
        account(2, "ben", channels=1, channel_refusal_status=status),
    )
    talk(switch, "ben")
    side = switch.phone("anna").call("ben")
    assert_refused(switch, side, RefusalCause.CHANNEL_LIMIT, status=status)
    talk(switch)
    talk(switch)
    side = switch.phone("anna").call("ben")
    assert_refused(switch, side, RefusalCause.CHANNEL_LIMIT, status=other)


def test_without_a_flatrate_the_eleventh_call_is_refused() -> None:
    switch = open_switch()
    for _ in range(10):
        talk(switch)
    assert_refused(switch, switch.phone("anna").call(MOBILE), RefusalCause.TECHNICAL_LIMIT)


def test_on_net_and_free_calls_count_against_the_flatrate_too() -> None:
    switch = open_switch(account(1, "anna", flatrates=1), BEN)
    for dialled in ("ben", "08001234567"):
        caller = switch.phone("anna").call(dialled)
        refused = switch.phone("anna").call(GERMANY)
        assert_refused(switch, refused, RefusalCause.FLATRATE_LIMIT)
        switch.phone("anna").cancel(caller)


def test_incoming_calls_are_never_limited_by_flatrates() -> None:
    switch = open_switch(account(1, "anna", flatrates=1), BEN)
    talk(switch)
    incoming = [switch.phone("ben").call("anna") for _ in range(3)]
    assert [one.finals for one in incoming] == [[], [], []]
    assert len(switch.phone("anna").sides) == 1 + 3


def test_a_further_flatrate_counts_at_once() -> None:
    switch = open_switch(account(1, "anna", flatrates=1), BEN)
    talk(switch)
    assert switch.phone("anna").call(MOBILE).finals == [486]
    switch.reload(replace(switch.town, accounts=(account(1, "anna", flatrates=2), BEN)))
    assert switch.phone("anna").call(MOBILE).finals == []


def test_while_it_drains_new_calls_are_told_to_come_back_and_running_ones_go_on() -> None:
    switch = open_switch()
    caller, _ = talk(switch)
    switch.drain()
    refused = switch.phone("ben").call(MOBILE)
    assert_refused(switch, refused, RefusalCause.SHUTTING_DOWN)
    assert 5 <= int(refused.final.required("retry-after")) <= 30
    switch.wire.advance(7)
    assert caller.is_talking
    switch.hang_up_all()
    assert caller.byes_received == 1
    assert last_record(switch).rated_us == 7_000_000
    switch.wire.advance(60)
    switch.assert_quiet()


def test_the_text_is_in_the_accounts_language() -> None:
    switch = open_switch(account(1, "anna", language="en"), BEN)
    side = switch.phone("anna").call(AFGHANISTAN)
    assert "Destinations outside the EU" in side.final.required("warning")


def test_no_hops_left() -> None:
    switch = open_switch()
    phone = switch.phone("anna")
    side = send_again(phone, phone.call("nobody"), max_forwards="0")
    assert side.finals == [483]
    assert switch.carrier("north").sides == []


def test_one_invite_on_two_ways_is_one_call() -> None:
    """RFC 3261 §8.2.2.2: the same Call-ID, tag and CSeq under another branch."""
    switch = open_switch()
    phone = switch.phone("anna")
    first = phone.call(MOBILE)
    assert first.invite is not None
    merged = send_again(phone, first, cseq=first.invite.required("cseq"))
    assert_refused(switch, merged, RefusalCause.LOOP)
    assert len(switch.carrier("north").sides) == 1
    assert first.finals == []


def test_a_wrong_password_is_challenged_and_makes_no_record() -> None:
    switch = open_switch()
    thief = switch.phone("anna", 9)
    thief.password = "guessed"
    side = thief.call(MOBILE)
    assert side.finals == [401]
    assert switch.log.records() == []


def test_a_disabled_account_calls_nobody() -> None:
    switch = open_switch(account(1, "anna", enabled=False), BEN, trunks=(NORTH,))
    switch.phone("anna").register()
    for dialled in (MOBILE, "ben"):
        side = switch.phone("anna").call(dialled)
        assert_refused(switch, side, RefusalCause.ACCOUNT_DISABLED)
    assert switch.carrier("north").sides == switch.phone("ben").sides == []


def send_again(phone: ScriptedPhone, side: Side, **changes: str) -> Side:
    """Send an INVITE of a call once more, under a branch of its own and with fields changed."""
    assert side.invite is not None
    again = phone.again(side.invite)
    fields = [(key, changes.get(key.replace("-", "_"), value)) for key, value in again.fields]
    return phone.send_invite(Request("INVITE", again.uri_text, fields, again.body))
