"""Who calls: claims choose, nothing is believed, and a hidden number shows nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freiton.routing.decision import CallKind, Connect, DeviceGroup
from freiton.routing.directory import NumberFormat, Trunk
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import ClaimedIdentity
from tests.freiton.routing.builders import (
    ANNA,
    BEN,
    CARRIER,
    DORA,
    PBX,
    TRUSTED,
    Scene,
    connected,
    device_group,
    dial,
    refused,
    trunk_groups,
)

OUT = "0221 1234567"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def claim(user: str, *, host: str = "example.org", display_name: str = "") -> ClaimedIdentity:
    return ClaimedIdentity(user=user, host=host, display_name=display_name)


@pytest.mark.parametrize(
    ("preferred", "from_", "number"),
    [
        (None, "anna", "+493023125001"),
        (None, "+493023125002", "+493023125002"),
        (None, "00493023125002", "+493023125002"),
        (None, "03023125002", "+493023125002"),
        (None, "23125002", "+493023125002"),
        (None, "+49 (30) 231-25002", "+493023125002"),
        ("+493023125002", "anna", "+493023125002"),
        ("+493023125002", "+493023125001", "+493023125002"),
        ("+493023125010", "+493023125002", "+493023125002"),
        ("+493023125010", "+493023125010", "+493023125001"),
        (None, "+493023125010", "+493023125001"),
        (None, "+12125550123", "+493023125001"),
        (None, "4711", "+493023125001"),
        (None, "", "+493023125001"),
        (None, "<>&;", "+493023125001"),
    ],
)
def test_a_phone_chooses_among_its_own_numbers(
    preferred: str | None, from_: str, number: str
) -> None:
    request = dial(
        OUT, from_=claim(from_), preferred=None if preferred is None else claim(preferred)
    )
    decision = connected(request)
    assert decision.calling_number == number
    assert trunk_groups(decision)[0].identity.from_value == f"<sip:{number}@carrier.example>"


def test_what_a_phone_asserts_is_not_read() -> None:
    request = dial(OUT, asserted=claim("+493023125002"))
    assert connected(request).calling_number == "+493023125001"


@pytest.mark.parametrize(
    ("from_", "number"),
    [
        ("+494066778800", "+494066778800"),
        ("040 667788-42", "+494066778842"),
        ("+494066778", "+49406677880"),
        ("+494066778842000", "+49406677880"),
        ("+493023125001", "+49406677880"),
    ],
)
def test_an_exchange_may_show_its_whole_block(from_: str, number: str) -> None:
    assert connected(dial(OUT, account=PBX, from_=claim(from_))).calling_number == number


def test_without_a_number_only_the_trunks_own_may_be_shown() -> None:
    nobody = replace(BEN, id=9, name="nobody")
    scene = Scene().with_account(nobody)
    assert refused(dial(OUT, account=nobody), scene) is RefusalCause.NO_CALLER_NUMBER
    lent = replace(CARRIER, asserted_number="+493099999999")
    decision = connected(dial(OUT, account=nobody), replace(scene, trunks=(lent,)))
    assert trunk_groups(decision)[0].identity.from_value == "<sip:+493099999999@carrier.example>"
    assert decision.calling_number is None


def test_a_freephone_number_of_ones_own_may_be_shown() -> None:
    decision = connected(dial(OUT, account=DORA, host="other.org", from_=claim("0800 1234567")))
    assert decision.calling_number == "+498001234567"


@pytest.mark.parametrize(
    ("dialled", "privacy", "from_", "clir", "is_hidden"),
    [
        (OUT, (), "anna", False, False),
        (OUT, ("id",), "anna", False, True),
        (OUT, ("header", "session"), "anna", False, True),
        (OUT, ("user",), "anna", False, True),
        (OUT, ("critical",), "anna", False, False),
        (OUT, (), "anna", True, True),
        (OUT, ("none",), "anna", True, False),
        (OUT, ("none", "id"), "anna", True, True),
        (OUT, (), "anonymous", False, True),
        (OUT, ("none",), "anonymous", False, True),
        (f"*31#{OUT}", (), "anna", False, True),
        (f"*31#{OUT}", ("none",), "anna", False, True),
        (f"#31#{OUT}", ("id",), "anna", True, False),
        ("116117", ("id",), "anonymous", True, False),
        ("*31#116117", (), "anna", False, False),
        ("+49 116 117", ("id",), "anna", False, False),
        ("124124", ("id",), "anna", True, False),
        ("*31#124 124", (), "anna", False, False),
        ("116116", ("id",), "anna", False, True),
    ],
)
def test_who_wants_to_be_hidden_is_and_whom_the_law_tells_is_told(
    dialled: str, privacy: tuple[str, ...], from_: str, *, clir: bool, is_hidden: bool
) -> None:
    account = replace(ANNA, clir=clir)
    decision = connected(
        dial(dialled, account=account, privacy=privacy, from_=claim(from_)),
        Scene().with_account(account),
    )
    assert decision.is_number_hidden is is_hidden
    assert decision.calling_number == "+493023125001"
    identity = trunk_groups(decision)[0].identity
    assert (identity.from_value == ANONYMOUS) is is_hidden
    assert identity.fields == ((("privacy", "id"),) if is_hidden else ())


def test_a_trusted_carrier_gets_number_and_wish() -> None:
    scene = Scene(trunks=(TRUSTED,))
    asserted = ("p-asserted-identity", "<sip:+493023125001@trusted.example>")
    open_ = trunk_groups(connected(dial(OUT), scene))[0].identity
    assert (open_.from_value, open_.fields) == (asserted[1], (asserted,))
    hidden = trunk_groups(connected(dial(f"*31#{OUT}"), scene))[0].identity
    assert (hidden.from_value, hidden.fields) == (ANONYMOUS, (asserted, ("privacy", "id")))


def test_numbers_as_the_carrier_writes_them() -> None:
    national = replace(TRUSTED, number_format=NumberFormat.NATIONAL)
    identity = trunk_groups(connected(dial(OUT), Scene(trunks=(national,))))[0].identity
    assert identity.from_value == "<sip:03023125001@trusted.example>"
    assert dict(identity.fields)["p-asserted-identity"] == identity.from_value


def test_a_colleague_sees_number_and_name() -> None:
    decision = connected(dial("ben", from_=claim("anna", display_name="Anna Ä.")))
    assert decision.kind is CallKind.ON_NET
    assert device_group(decision).identity.from_value == (
        '"Anna Ä." <sip:+493023125001@example.org>'
    )


def test_an_account_without_a_number_is_known_by_its_name() -> None:
    decision = connected(dial("ben", account=PBX))
    assert decision.calling_number == "+49406677880"
    nobody = replace(BEN, id=9, name="nobody")
    decision = connected(dial("ben", account=nobody), Scene().with_account(nobody))
    assert device_group(decision).identity.from_value == "<sip:nobody@example.org>"


@pytest.mark.parametrize(
    "name", ["Zimmer 110", "+49 30 1234", "0 3 0", "a\x07b", "Zeile\u2028zwei"]
)
def test_a_display_name_that_could_deceive_is_left_out(name: str) -> None:
    decision = connected(dial("ben", from_=claim("anna", display_name=name)))
    assert device_group(decision).identity.from_value == "<sip:+493023125001@example.org>"


def inbound(
    *,
    trunk: Trunk,
    from_: ClaimedIdentity,
    asserted: ClaimedIdentity | None = None,
    privacy: Sequence[str] = (),
) -> Connect:
    request = dial("+493023125010", trunk=trunk, from_=from_, asserted=asserted, privacy=privacy)
    return connected(request)


@pytest.mark.parametrize(
    ("number_format", "from_", "number"),
    [
        (NumberFormat.E164, "+442079460000", "+442079460000"),
        (NumberFormat.E164, "442079460000", "+442079460000"),
        (NumberFormat.E164, "00442079460000", "+442079460000"),
        (NumberFormat.E164, "03023125999", "+493023125999"),
        (NumberFormat.NATIONAL, "03023125999", "+493023125999"),
        (NumberFormat.NATIONAL, "00442079460000", "+442079460000"),
        (NumberFormat.E164, "+442079460000;npdi", "+442079460000"),
    ],
)
def test_a_carriers_number_is_read_in_its_format(
    number_format: NumberFormat, from_: str, number: str
) -> None:
    trunk = replace(CARRIER, number_format=number_format)
    decision = inbound(trunk=trunk, from_=claim(from_))
    assert (decision.calling_number, decision.is_number_hidden) == (number, False)
    assert device_group(decision).identity.from_value == f"<sip:{number}@example.org>"


@pytest.mark.parametrize("user", ["anonymous", "Anonymous", "unavailable", "unknown", "", "+4"])
def test_what_is_no_number_is_nobody(user: str) -> None:
    decision = inbound(trunk=CARRIER, from_=claim(user))
    assert (decision.calling_number, decision.is_number_hidden) == (None, True)
    assert device_group(decision).identity.from_value == ANONYMOUS


def test_an_asserted_identity_counts_inside_the_trust_domain_only() -> None:
    from_, asserted = claim("+442079460000"), claim("+33142685300")
    stranger = inbound(trunk=CARRIER, from_=from_, asserted=asserted)
    assert stranger.calling_number == "+442079460000"
    trusted = inbound(trunk=TRUSTED, from_=from_, asserted=asserted)
    assert trusted.calling_number == "+33142685300"


def test_a_hidden_caller_of_a_trusted_carrier_is_known_to_us_alone() -> None:
    decision = inbound(
        trunk=TRUSTED,
        from_=claim("anonymous", host="anonymous.invalid"),
        asserted=claim("+33142685300", display_name="Luc"),
        privacy=["id"],
    )
    assert (decision.calling_number, decision.is_number_hidden) == ("+33142685300", True)
    assert device_group(decision).identity.from_value == ANONYMOUS


@pytest.mark.parametrize(
    "user",
    [
        "110", "112", "0110", "+49110", "0049112", "49112", "+4990012345678", "0900-12345678",
        "00499001234567", "4990012345678", "+491371234567", "01371", "+49138123", "11833",
        "+4911833", "118000", "22555", "090012345678;phone-context=+49",
    ],
)  # fmt: skip
@pytest.mark.parametrize("header", ["from_", "asserted", "preferred"])
def test_a_call_that_shows_a_forbidden_number_is_broken_off(user: str, header: str) -> None:
    shown = {header: claim(user)}
    request = dial(
        "+493023125010",
        trunk=CARRIER,
        from_=shown.get("from_"),
        asserted=shown.get("asserted"),
        preferred=shown.get("preferred"),
    )
    assert refused(request) is RefusalCause.CALLER_NUMBER_FORBIDDEN


@pytest.mark.parametrize(
    "user", ["115", "116117", "+4930110", "0301371", "+499061234567", "+4313711112", "+1900555"]
)
def test_numbers_that_only_look_alike_pass(user: str) -> None:
    assert inbound(trunk=CARRIER, from_=claim(user)).kind is CallKind.INBOUND


TRACES = (
    "3023125002", "anna", "Anna", "23125001", "198.51.100.1", "secret-host", "Geheim",
)  # fmt: skip
SPELLINGS = ("+493023125002", "03023125002", "00493023125002", "anna", "anonymous", "23125002")


@given(
    dialled=st.sampled_from(["ben", "03023125010", OUT, "+436641234567", "08001111111", "pbx"]),
    by_prefix=st.booleans(),
    privacy=st.sets(st.sampled_from(["id", "header", "user", "session", "none", "critical"])),
    from_user=st.sampled_from(SPELLINGS),
    preferred_user=st.none() | st.sampled_from(SPELLINGS),
    display_name=st.sampled_from(["", "Anna Geheim", "Geheim"]),
    clir=st.booleans(),
    national=st.booleans(),
)
def test_nothing_of_a_hidden_caller_leaves_the_trust_domain(
    *,
    dialled: str,
    by_prefix: bool,
    privacy: set[str],
    from_user: str,
    preferred_user: str | None,
    display_name: str,
    clir: bool,
    national: bool,
) -> None:
    number_format = NumberFormat.NATIONAL if national else NumberFormat.E164
    trunks = (replace(CARRIER, number_format=number_format), replace(TRUSTED, priority=10))
    account = replace(ANNA, clir=clir)
    request = dial(
        f"*31#{dialled}" if by_prefix else dialled,
        account=account,
        privacy=privacy,
        from_=claim(from_user, host="secret-host", display_name=display_name),
        preferred=None if preferred_user is None else claim(preferred_user, host="secret-host"),
    )
    scene = replace(Scene().with_account(account), trunks=trunks)
    if privacy >= {"critical", "session"}:
        assert refused(request, scene) is RefusalCause.PRIVACY_IMPOSSIBLE
        return
    decision = connected(request, scene)
    if not decision.is_number_hidden:
        return
    untrusted = [
        group
        for group in decision.groups
        if isinstance(group, DeviceGroup) or not group.trunk.sends_asserted_identity
    ]
    assert untrusted
    for group in untrusted:
        told = [group.identity.from_value, group.identity.to_value]
        told += [value for _, value in group.identity.fields]
        assert not [trace for trace in TRACES for text in told if trace in text]
