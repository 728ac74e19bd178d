"""THE ORDER, step by step."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freiton.routing.classes import barred
from freiton.routing.context import TrunkState
from freiton.routing.decision import CallKind, Connect, Group, RefusedCall, SlotRule, TrunkGroup
from freiton.routing.directory import AccountKind, NumberFormat
from freiton.routing.emergency import connect_emergency
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import ClaimedIdentity
from freiton.routing.steps import ORDER
from rating.numbering import E164Number, ServiceKind, ServiceNumber
from sipcore.message.address import NameAddress
from sipcore.message.uri import parse_uri
from tests.freiton.routing.builders import (
    ANNA,
    BEN,
    CARRIER,
    DORA,
    PBX,
    TRUSTED,
    Scene,
    connected,
    decided,
    device_group,
    dial,
    numbering,
    refused,
    trunk_groups,
)

OUT = "0221 1234567"


def test_emergency_is_the_first_step() -> None:
    assert ORDER[0] is connect_emergency


HOSTILE = st.text(max_size=40) | st.text("0123456789+*#;=-()@<>%", max_size=40)


@given(
    dialled=HOSTILE,
    host=HOSTILE,
    to_user=HOSTILE,
    claims=st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    privacy=st.sets(HOSTILE, max_size=3),
    from_trunk=st.booleans(),
)
def test_whatever_comes_is_decided(
    *,
    dialled: str,
    host: str,
    to_user: str,
    claims: tuple[str, str, str, str],
    privacy: set[str],
    from_trunk: bool,
) -> None:
    user, preferred, asserted, display_name = claims
    request = dial(
        dialled,
        trunk=TRUSTED if from_trunk else None,
        host=host,
        to_user=to_user,
        from_=ClaimedIdentity(user=user, host=host, display_name=display_name),
        preferred=ClaimedIdentity(user=preferred),
        asserted=ClaimedIdentity(user=asserted),
        privacy=privacy,
    )
    decision = decided(request)
    if isinstance(decision, Connect):
        for group in decision.groups:
            parse_uri(request_uri_of(group))
            NameAddress.parse(group.identity.from_value)
            NameAddress.parse(group.identity.to_value)


def request_uri_of(group: Group) -> str:
    return group.request_uri if isinstance(group, TrunkGroup) else group.targets[0].request_uri


# Who may call at all.


def test_strangers_and_blocked_accounts_may_not_call() -> None:
    assert refused(dial(OUT, account=None)) is RefusalCause.UNKNOWN_CALLER
    blocked = replace(ANNA, enabled=False)
    assert refused(dial(OUT, account=blocked)) is RefusalCause.ACCOUNT_DISABLED
    assert refused(dial("ben", account=blocked)) is RefusalCause.ACCOUNT_DISABLED


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("example.org", True), ("other.org", True), ("192.0.2.1", True), ("", True),
     ("evil.example", False), ("carrier.example", False)],
)  # fmt: skip
def test_we_relay_to_no_other_domain(host: str, *, is_ours: bool) -> None:
    if is_ours:
        assert connected(dial(OUT, host=host)).kind is CallKind.OUTBOUND
    else:
        assert refused(dial(OUT, host=host)) is RefusalCause.FOREIGN_DOMAIN


# Calls inside the site.


def test_a_colleague_by_name() -> None:
    decision = connected(dial("ben"))
    assert (decision.kind, decision.called, decision.dialled) == (CallKind.ON_NET, None, "ben")
    assert (decision.caller, decision.called_account) == (ANNA, BEN)
    assert decision.slot_rule is SlotRule.OUTGOING
    group = device_group(decision)
    assert [target.request_uri for target in group.targets] == [
        "sip:ben@198.51.100.2",
        "sip:ben@198.51.100.3",
    ]
    assert group.identity.to_value == "<sip:ben@example.org>"


def test_a_name_belongs_to_its_domain() -> None:
    scene = Scene(registered={"dora@other.org": ("sip:dora@198.51.100.5",)})
    assert connected(dial("dora", host="other.org"), scene).called_account == DORA
    assert refused(dial("dora", host="example.org"), scene) is RefusalCause.UNKNOWN_NUMBER
    own = connected(dial("dora", host="", account=DORA), scene)
    assert own.called_account == DORA


@pytest.mark.parametrize(
    "dialled", ["+493023125010", "03023125010", "23125010", "0049 30 23125010", "030/231250-10"]
)
def test_a_number_of_ours_never_leaves_the_switch(dialled: str) -> None:
    decision = connected(dial(dialled))
    assert (decision.kind, decision.called_account) == (CallKind.ON_NET, BEN)
    assert decision.called == E164Number("493023125010", "49")
    assert device_group(decision).identity.to_value == "<sip:+493023125010@example.org>"


def test_a_freephone_number_of_ours_too() -> None:
    scene = Scene(registered={"dora@other.org": ("sip:dora@198.51.100.5",)})
    decision = connected(dial("0800 1234567"), scene)
    assert (decision.kind, decision.called_account) == (CallKind.ON_NET, DORA)


def test_an_exchange_gets_the_extension() -> None:
    decision = connected(dial("040 667788-42"))
    (target,) = device_group(decision).targets
    assert target.request_uri == "sip:+494066778842@198.51.100.4:5070;transport=udp"
    by_name = device_group(connected(dial("pbx"))).targets[0]
    assert by_name.request_uri == "sip:line1:pw@198.51.100.4:5070;transport=udp"


def test_nobody_there() -> None:
    assert refused(dial("ben"), Scene(registered={})) is RefusalCause.NOT_REGISTERED
    assert refused(dial("03023125010"), Scene(registered={})) is RefusalCause.NOT_REGISTERED
    blocked = Scene().with_account(replace(BEN, enabled=False))
    assert refused(dial("03023125010"), blocked) is RefusalCause.NOT_REGISTERED


def test_short_dial() -> None:
    decision = connected(dial("7"))
    assert (decision.dialled, decision.called_account) == ("7", PBX)


# What is no number.


@pytest.mark.parametrize(
    ("dialled", "cause"),
    [
        ("", RefusalCause.INCOMPLETE),
        ("030", RefusalCause.INCOMPLETE),
        ("+", RefusalCause.INCOMPLETE),
        ("0800", RefusalCause.INCOMPLETE),
        ("nobody", RefusalCause.UNKNOWN_NUMBER),
        ("9112", RefusalCause.UNKNOWN_NUMBER),
        ("0112", RefusalCause.UNKNOWN_NUMBER),
        ("+999123456", RefusalCause.UNKNOWN_NUMBER),
        ("1" * 500, RefusalCause.UNKNOWN_NUMBER),
        ("01033 030123456", RefusalCause.BARRED),
        ("0191 011", RefusalCause.BARRED),
    ],
)
def test_what_leads_nowhere(dialled: str, cause: RefusalCause) -> None:
    assert refused(dial(dialled)) is cause


# Outbound.


def test_an_outbound_call() -> None:
    decision = connected(dial(OUT))
    assert decision.kind is CallKind.OUTBOUND
    assert decision.called == E164Number("492211234567", "49")
    assert (decision.caller, decision.called_account) == (ANNA, None)
    assert decision.slot_rule is SlotRule.OUTGOING
    assert decision.max_call_s == 14_400
    (group,) = trunk_groups(decision)
    assert group.request_uri == "sip:+492211234567@carrier.example"
    assert group.identity.to_value == "<sip:+492211234567@carrier.example>"


@pytest.mark.parametrize(
    ("dialled", "e164", "national"),
    [
        (OUT, "+492211234567", "02211234567"),
        ("+43 1 5123456", "+4315123456", "004315123456"),
        ("08001111111", "+498001111111", "08001111111"),
        ("116117", "116117", "116117"),
        ("115", "115", "115"),
        ("00800 12345678", "+80012345678", "0080012345678"),
    ],
)
def test_each_trunk_gets_the_number_in_its_format(dialled: str, e164: str, national: str) -> None:
    trunks = (CARRIER, replace(TRUSTED, number_format=NumberFormat.NATIONAL))
    groups = trunk_groups(connected(dial(dialled), Scene(trunks=trunks)))
    assert [group.request_uri for group in groups] == [
        f"sip:{e164}@carrier.example",
        f"sip:{national}@trusted.example",
    ]


def test_no_trunk_and_no_channel() -> None:
    assert refused(dial(OUT), Scene(trunks=())) is RefusalCause.NO_TRUNK
    down = {CARRIER.id: TrunkState(is_registered=False)}
    assert refused(dial(OUT), Scene(trunks=(CARRIER,), states=down)) is RefusalCause.NO_TRUNK
    full = {CARRIER.id: TrunkState(is_registered=True, open_calls=30)}
    busy = replace(CARRIER, limit_refusal_status=486)
    assert decided(dial(OUT), Scene(trunks=(busy,), states=full)) == RefusedCall(
        cause=RefusalCause.TRUNK_LIMIT, status=486
    )


# Classes.


@pytest.mark.parametrize(
    ("dialled", "premium", "non_eu", "outcome"),
    [
        ("0900 1234567", False, True, RefusalCause.PREMIUM_OFF),
        ("0900 1234567", True, False, 3600),
        ("11833", False, True, RefusalCause.PREMIUM_OFF),
        ("11833", True, False, 3600),
        ("118000", False, True, RefusalCause.PREMIUM_OFF),
        ("+1 900 5551234", False, True, RefusalCause.PREMIUM_OFF),
        ("+1 900 5551234", True, True, 14_400),
        ("+1 212 5550123", True, False, RefusalCause.NON_EU_OFF),
        ("+1 212 5550123", False, True, 14_400),
        ("+44 20 79460000", False, False, RefusalCause.NON_EU_OFF),
        ("+41 44 6681800", False, False, RefusalCause.NON_EU_OFF),
        ("+47 22 123456", False, False, RefusalCause.NON_EU_OFF),
        ("+870 773 123456", False, False, RefusalCause.NON_EU_OFF),
        ("+43 1 5123456", False, False, 14_400),
        ("+33 1 42685300", False, False, 14_400),
        ("+48 22 1234567", False, False, 14_400),
        ("+358 18 12345", False, False, 14_400),
        ("0800 1111111", False, False, 14_400),
        ("00800 12345678", False, False, 14_400),
        ("116 117", False, False, 14_400),
        ("0180 5 123456", False, False, 14_400),
        ("0137 7123456", False, False, 14_400),
        ("0171 1234567", False, False, 14_400),
    ],
)
def test_classes(dialled: str, outcome: RefusalCause | int, *, premium: bool, non_eu: bool) -> None:
    account = replace(ANNA, premium_allowed=premium, non_eu_allowed=non_eu)
    decision = decided(dial(dialled, account=account), Scene().with_account(account))
    if isinstance(outcome, RefusalCause):
        assert decision == RefusedCall(cause=outcome)
    else:
        assert not isinstance(decision, RefusedCall)
        assert decision.max_call_s == outcome


def test_classes_do_not_stop_calls_to_ourselves() -> None:
    assert not ANNA.non_eu_allowed
    assert connected(dial("+44 20 79460123")).called_account == BEN


def test_where_the_prefix_table_ends_the_strict_answer_holds() -> None:
    nowhere = E164Number("99912345", "999")
    assert barred(nowhere, ANNA, numbering().prefix_table) is RefusalCause.NON_EU_OFF
    allowed = replace(ANNA, non_eu_allowed=True)
    assert barred(nowhere, allowed, numbering().prefix_table) is None


# Inbound.


@pytest.mark.parametrize(
    ("dialled", "to_user", "number_format"),
    [
        ("+493023125010", "", NumberFormat.E164),
        ("493023125010", "", NumberFormat.E164),
        ("03023125010", "", NumberFormat.NATIONAL),
        ("+493023125010;npdi", "", NumberFormat.NATIONAL),
        ("trunkuser", "+493023125010", NumberFormat.E164),
        ("30012345", "03023125010", NumberFormat.NATIONAL),
        ("", "493023125010", NumberFormat.E164),
    ],
)
def test_a_carrier_reaches_a_number(
    dialled: str, to_user: str, number_format: NumberFormat
) -> None:
    trunk = replace(CARRIER, number_format=number_format)
    decision = connected(dial(dialled, trunk=trunk, to_user=to_user, host="192.0.2.1"))
    assert (decision.kind, decision.called_account) == (CallKind.INBOUND, BEN)
    assert decision.called == E164Number("493023125010", "49")
    assert (decision.caller, decision.incoming_trunk) == (None, trunk)
    assert decision.slot_rule is SlotRule.INCOMING
    assert len(device_group(decision).targets) == 2


def test_a_carrier_reaches_an_extension_and_a_service_number() -> None:
    decision = connected(dial("+494066778807", trunk=CARRIER))
    assert device_group(decision).targets[0].request_uri == (
        "sip:+494066778807@198.51.100.4:5070;transport=udp"
    )
    scene = Scene(registered={"dora@other.org": ("sip:dora@198.51.100.5",)})
    freephone = connected(dial("+498001234567", trunk=CARRIER), scene)
    assert freephone.called == ServiceNumber(
        ServiceKind.FREEPHONE_0800, "08001234567", "+498001234567"
    )


@pytest.mark.parametrize(
    "dialled", ["+492211234567", "ben", "anna", "0900 1234567", "", "+493023125099", "7"]
)
def test_a_carrier_reaches_nothing_else(dialled: str) -> None:
    assert refused(dial(dialled, trunk=CARRIER)) is RefusalCause.UNKNOWN_NUMBER


def test_nobody_there_for_a_carrier() -> None:
    request = dial("+493023125010", trunk=CARRIER)
    assert refused(request, Scene(registered={})) is RefusalCause.NOT_REGISTERED


def test_a_host_of_the_carriers_does_not_matter() -> None:
    assert connected(dial("+493023125010", trunk=CARRIER, host="anything.example"))


def test_a_pbx_without_a_block_is_called_as_dialled() -> None:
    account = replace(BEN, kind=AccountKind.PBX)
    group = device_group(connected(dial("03023125010"), Scene().with_account(account)))
    assert group.targets[0].request_uri == "sip:+493023125010@198.51.100.2"
