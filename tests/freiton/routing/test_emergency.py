"""110 and 112: recognised exactly, connected always, told with the number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freiton.routing.context import TrunkState
from freiton.routing.decision import CallKind, RefusedCall, SlotRule
from freiton.routing.directory import Account, ChargingKind
from freiton.routing.emergency import called_emergency, calls_for_help
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import ClaimedIdentity
from sipcore.message.message import Request
from tests.freiton.routing.builders import (
    ANNA,
    BEN,
    CARRIER,
    RESCUE,
    Scene,
    connected,
    decided,
    dial,
    refused,
    trunk_groups,
)

CALLS = (
    ("110", "110"),
    ("112", "112"),
    ("1100", "110"),
    ("112#", "112"),
    ("11212345", "112"),
    ("01033112", "112"),
    ("*31#110", "110"),
    ("#31#112", "112"),
    ("urn:service:sos", "112"),
    ("urn:service:sos.police", "110"),
    ("urn:service:sos.fire", "112"),
    ("URN:service:SOS", "112"),
)
NO_CALLS = (
    "0112", "030112", "+49112", "+49110", "9112", "9110", "0049112", "118", "11833", "1112",
    "12", "", "urn:service:sosx", "urn:service:counseling", "*21#112", "0110",
)  # fmt: skip


@pytest.mark.parametrize(("dialled", "number"), CALLS)
def test_recognised(dialled: str, number: str) -> None:
    assert called_emergency(dialled) == number
    decision = connected(dial(dialled))
    assert decision.kind is CallKind.EMERGENCY
    assert decision.is_emergency
    assert trunk_groups(decision)[0].request_uri == f"sip:{number}@rescue.example"


@pytest.mark.parametrize("dialled", NO_CALLS)
def test_not_recognised(dialled: str) -> None:
    assert called_emergency(dialled) is None
    decision = decided(dial(dialled))
    assert isinstance(decision, RefusedCall) or decision.kind is CallKind.OUTBOUND


@pytest.mark.parametrize(
    ("uri", "is_call"),
    [
        ("sip:112@example.org", True),
        ("sip:%2A31%23112@example.org", True),
        ("sip:112@foreign.example", True),
        ("tel:112;phone-context=+49", True),
        ("urn:service:sos", True),
        ("sip:example.org", False),
        ("sip:anna@example.org", False),
        ("tel:+49112", False),
        ("not a uri", False),
    ],
)
def test_recognised_before_anything_is_read(uri: str, *, is_call: bool) -> None:
    assert calls_for_help(Request("INVITE", uri)) is is_call


def test_what_an_emergency_call_is_given() -> None:
    decision = connected(dial("112"))
    assert decision.slot_rule is SlotRule.NONE
    assert decision.max_call_s is None
    assert decision.calling_number == "+493023125001"
    assert not decision.is_number_hidden
    group = trunk_groups(decision)[0]
    assert group.identity.from_value == "<sip:+493023125001@rescue.example>"
    assert group.identity.to_value == "<sip:112@rescue.example>"
    assert group.identity.fields == (
        ("p-asserted-identity", "<sip:+493023125001@rescue.example>"),
        ("priority", "emergency"),
    )


@pytest.mark.parametrize("dialled", ["112", "*31#112"])
def test_no_wish_hides_the_number(dialled: str) -> None:
    plain = connected(dial("112"))
    anonymous = ClaimedIdentity(user="anonymous", host="anonymous.invalid")
    hidden = connected(
        dial(dialled, account=replace(ANNA, clir=True), from_=anonymous, privacy=["id", "critical"])
    )
    assert hidden.groups == plain.groups
    assert "privacy" not in dict(trunk_groups(hidden)[0].identity.fields)


def test_the_number_is_that_of_the_access() -> None:
    extension = ClaimedIdentity(user="030 23125002")
    assert connected(dial("112", from_=extension)).calling_number == "+493023125002"
    foreign = ClaimedIdentity(user="+493023125010")
    assert connected(dial("112", preferred=foreign)).calling_number == "+493023125001"


def test_an_access_without_a_number_shows_that_of_the_trunk() -> None:
    nobody = replace(BEN, id=9, name="nobody")
    decision = connected(dial("110", account=nobody), Scene().with_account(nobody))
    assert decision.calling_number is None
    fields = dict(trunk_groups(decision)[0].identity.fields)
    assert fields["p-asserted-identity"] == "<sip:+493099999999@rescue.example>"


STATES = st.builds(
    replace,
    st.just(ANNA),
    enabled=st.booleans(),
    clir=st.booleans(),
    premium_allowed=st.booleans(),
    non_eu_allowed=st.booleans(),
    channels=st.sampled_from([None, 0, 1]),
    charging=st.sampled_from(list(ChargingKind)),
    daily_limit_micros=st.sampled_from([0, 20_000_000]),
    contacts_max=st.integers(0, 3),
    channel_refusal_status=st.sampled_from([486, 503]),
    language=st.sampled_from(["de", "en"]),
)


@given(STATES, st.sampled_from(["110", "112", "urn:service:sos", "1100"]))
def test_the_decision_does_not_depend_on_the_account(account: Account, dialled: str) -> None:
    before = connected(dial(dialled))
    after = connected(dial(dialled, account=account), Scene().with_account(account))
    assert replace(after, caller=None) == replace(before, caller=None)


SECOND = replace(RESCUE, id=4, name="second", domain="second.example", priority=40)


def order(scene: Scene) -> list[str]:
    return [group.trunk.name for group in trunk_groups(connected(dial("112"), scene))]


def test_emergency_trunks_come_first_and_no_trunk_is_left_out() -> None:
    scene = Scene(trunks=(CARRIER, RESCUE, SECOND))
    assert order(scene) == ["rescue", "second", "carrier"]


@pytest.mark.parametrize(
    "state",
    [
        TrunkState(is_registered=False),
        TrunkState(is_registered=True, is_blocked=True),
        TrunkState(is_registered=True, open_calls=30),
    ],
)
def test_a_doubtful_trunk_comes_later(state: TrunkState) -> None:
    scene = Scene(trunks=(CARRIER, RESCUE, SECOND), states={RESCUE.id: state})
    assert order(scene) == ["second", "rescue", "carrier"]


def test_an_ordinary_carrier_is_better_than_none() -> None:
    assert order(Scene(trunks=(CARRIER,))) == ["carrier"]
    assert refused(dial("112"), Scene(trunks=())) is RefusalCause.NO_EMERGENCY_TRUNK


def test_who_may_not() -> None:
    assert refused(dial("112", trunk=CARRIER)) is RefusalCause.EMERGENCY_FROM_TRUNK
    assert refused(dial("112", account=None)) is RefusalCause.EMERGENCY_FROM_STRANGER
    abroad = replace(ANNA, country_code="43")
    assert refused(dial("112", account=abroad)) is RefusalCause.EMERGENCY_FROM_ABROAD


def test_strangers_by_policy() -> None:
    decision = connected(dial("112", account=None), Scene(strangers_may_call_emergency=True))
    assert decision.caller is None
    fields = dict(trunk_groups(decision)[0].identity.fields)
    assert fields["p-asserted-identity"] == "<sip:+493099999999@rescue.example>"
    bare = replace(RESCUE, asserted_number=None)
    scene = Scene(trunks=(bare,), strangers_may_call_emergency=True)
    identity = trunk_groups(connected(dial("112", account=None), scene))[0].identity
    assert identity.from_value == '"Anonymous" <sip:anonymous@anonymous.invalid>'
    assert identity.fields == (("priority", "emergency"),)


def test_a_short_dial_code_may_lead_there() -> None:
    account = replace(ANNA, short_numbers={"9": "112"})
    decision = connected(dial("9", account=account), Scene().with_account(account))
    assert decision.is_emergency


@pytest.mark.parametrize("host", ["example.org", "foreign.example", ""])
def test_the_domain_does_not_matter(host: str) -> None:
    assert connected(dial("112", host=host)).is_emergency
