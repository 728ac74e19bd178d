"""TKG § 120 and TDDDG § 15: whose number leaves, who may hide, who may refuse."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from freiton.routing.decision import Connect
from freiton.routing.directory import Account, NumberRight, Trunk
from freiton.routing.refusals import REFUSALS, RefusalCause
from freiton.routing.request import ClaimedIdentity, RedirectionClaim
from freiton.routing.shown_numbers import is_never_shown
from freiton.routing.trunk_profile import PLAIN
from tests.freiton.routing.builders import (
    ANNA,
    BEN,
    CARRIER,
    PBX,
    TODAY,
    TRUSTED,
    Scene,
    connected,
    decided,
    device_group,
    dial,
    refused,
    trunk_groups,
)

OUT = "0221 1234567"
OWN = "+493023125001"
PROVEN = "+4989999999"
VIENNESE = "+431123456"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def claim(user: str, display_name: str = "") -> ClaimedIdentity:
    return ClaimedIdentity(user=user, host="example.org", display_name=display_name)


def right(number: str = PROVEN, **changes: object) -> NumberRight:
    made = NumberRight(
        account_id=ANNA.id,
        number=number,
        document="letter",
        verified_on=TODAY - timedelta(days=10),
        expires_on=TODAY + timedelta(days=10),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def shown_to(
    trunk: Trunk, shown: str, *, rights: tuple[NumberRight, ...], dialled: str = OUT
) -> tuple[str, str | None]:
    """From and P-Asserted-Identity of a call of Anna's that shows a number."""
    account = replace(ANNA, non_eu_allowed=True)
    scene = replace(Scene().with_account(account), trunks=(trunk,), rights=rights)
    decision = connected(dial(dialled, account=account, from_=claim(shown)), scene)
    assert decision.calling_number == OWN
    identity = trunk_groups(decision)[0].identity
    return identity.from_value, dict(identity.fields).get("p-asserted-identity")


OWN_AT_TRUSTED = f"<sip:{OWN}@trusted.example>"


def test_a_proven_number_stands_in_from_and_the_assigned_one_beside_it() -> None:
    told = shown_to(TRUSTED, "089 999999", rights=(right(),))
    assert told == (f"<sip:{PROVEN}@trusted.example>", OWN_AT_TRUSTED)


@pytest.mark.parametrize(
    "rights",
    [
        (),
        (right(account_id=BEN.id),),
        (right(expires_on=TODAY - timedelta(days=1)),),
        (right(verified_on=TODAY + timedelta(days=1)),),
        (right("+4989999998"),),
    ],
    ids=["none", "of another", "expired", "of tomorrow", "for another number"],
)
def test_without_a_proof_that_holds_today_ones_own_is_shown(
    rights: tuple[NumberRight, ...],
) -> None:
    assert shown_to(TRUSTED, PROVEN, rights=rights) == (OWN_AT_TRUSTED, OWN_AT_TRUSTED)


def test_a_number_that_was_assigned_here_since_is_nobody_elses() -> None:
    told = shown_to(TRUSTED, "+493023125010", rights=(right("+493023125010"),))
    assert told == (OWN_AT_TRUSTED, OWN_AT_TRUSTED)


def test_where_the_assigned_number_cannot_go_along_no_other_is_shown() -> None:
    told = shown_to(CARRIER, PROVEN, rights=(right(),))
    assert told == (f"<sip:{OWN}@carrier.example>", None)


@pytest.mark.parametrize(
    ("is_business", "dialled", "is_shown"),
    [(True, "+4312345678", True), (False, "+4312345678", False), (True, OUT, False)],
)
def test_a_foreign_number_is_for_businesses_and_its_own_country(
    dialled: str, *, is_business: bool, is_shown: bool
) -> None:
    rights = (right(VIENNESE, is_business=is_business),)
    from_value, asserted = shown_to(TRUSTED, VIENNESE, rights=rights, dialled=dialled)
    assert (VIENNESE in from_value) is is_shown
    assert asserted == OWN_AT_TRUSTED


def test_a_colleague_sees_the_proven_number_too() -> None:
    scene = replace(Scene(), rights=(right(),))
    decision = connected(dial("ben", from_=claim(PROVEN)), scene)
    assert device_group(decision).identity.from_value == f"<sip:{PROVEN}@example.org>"


DIVERTED = (RedirectionClaim(user="+494066778842", reason="user-busy"),)
CALLER = "+4915112345678"


@pytest.mark.parametrize(
    ("callers", "redirections", "is_shown"),
    [
        ({(PBX.id, CALLER)}, DIVERTED, True),
        (set(), DIVERTED, False),
        ({(ANNA.id, CALLER)}, DIVERTED, False),
        ({(PBX.id, CALLER)}, (), False),
        ({(PBX.id, CALLER)}, (RedirectionClaim(user=OWN, reason="user-busy"),), False),
    ],
    ids=["stands", "no call", "calls another", "not diverted", "diverted elsewhere"],
)
def test_the_caller_of_a_diverted_call_is_shown_while_that_call_stands(
    callers: set[tuple[int, str]], redirections: tuple[RedirectionClaim, ...], *, is_shown: bool
) -> None:
    scene = Scene(trunks=(TRUSTED,), callers=frozenset(callers))
    request = dial(OUT, account=PBX, from_=claim(CALLER), redirections=redirections)
    identity = trunk_groups(connected(request, scene))[0].identity
    assert (CALLER in identity.from_value) is is_shown
    assert dict(identity.fields)["p-asserted-identity"] == "<sip:+49406677880@trusted.example>"


# Numbers that break a call off.


@pytest.mark.parametrize(
    "shown",
    [
        claim("110"),
        claim("+49 110"),
        claim("0900123456"),
        claim("0049 137 123"),
        claim("anna", "112"),
        claim("anna", "+49 (900) 123"),
        claim("anna", "１１０"),
    ],
    ids=str,
)
def test_a_phone_that_shows_a_forbidden_number_is_refused(shown: ClaimedIdentity) -> None:
    for request in (
        dial(OUT, from_=shown),
        dial("ben", from_=shown),
        dial(OUT, preferred=shown),
        dial(OUT, asserted=shown),
        replace(dial(OUT), others=(claim("+493012345"), shown)),
    ):
        assert refused(request) is RefusalCause.CALLER_NUMBER_FORBIDDEN
    assert REFUSALS[RefusalCause.CALLER_NUMBER_FORBIDDEN].status == 403


def test_a_carrier_may_not_hide_such_a_number_in_a_display_name() -> None:
    request = dial("+493023125010", trunk=CARRIER, from_=claim("+493012345678", "112"))
    assert refused(request) is RefusalCause.CALLER_NUMBER_FORBIDDEN


def test_no_spelling_of_a_carriers_number_gets_a_forbidden_one_shown() -> None:
    chance = random.Random(120)  # noqa: S311 - a test that can be repeated
    marks = ("", " ", "-", ".", "/", "(", ")", "(0)", "#", "*", "_", "+")
    shown_count = 0
    for _ in range(3000):
        prefix = chance.choice(("", "0", "+49", "0049", "49", "+490", "+49(0)", "+", "00 49 (0)"))
        digits = chance.choice(("110", "11833", "9001234567", "13771234", "1381234", "3012345678"))
        user = prefix + "".join(one + chance.choice(marks + ("",) * 40) for one in digits)
        decision = decided(dial("+493023125010", trunk=TRUSTED, from_=claim(user)))
        if isinstance(decision, Connect) and not decision.is_number_hidden:
            shown_count += 1
            assert decision.calling_number is not None
            assert not is_never_shown(decision.calling_number), user
    assert shown_count > 100, "ordinary numbers go through"


def test_a_call_for_help_is_never_broken_off() -> None:
    assert connected(dial("112", from_=claim("110"))).is_emergency
    assert connected(dial("110", privacy=["critical", "session"])).is_emergency


def test_an_account_may_be_named_as_a_short_number() -> None:
    account = replace(ANNA, name="11833")
    request = dial(OUT, account=account, from_=claim("11833"))
    assert connected(request, Scene().with_account(account)).calling_number == OWN


# Calls from abroad.


FOREIGN = replace(TRUSTED, is_foreign=True)


@pytest.mark.parametrize(
    ("number", "is_hidden"),
    [
        ("+493012345678", True),
        ("+4980012345678", True),
        ("+491511234567", False),
        ("+491611234567", False),
        ("+491701234567", False),
        ("+442079460000", False),
    ],
)
def test_a_german_number_from_abroad_is_not_shown_unless_it_is_a_mobile(
    number: str, *, is_hidden: bool
) -> None:
    request = dial("+493023125010", trunk=FOREIGN, from_=claim(number), asserted=claim(number))
    decision = connected(request)
    assert decision.is_number_hidden is is_hidden
    assert decision.calling_number == number, "it is kept, so that it can be traced"
    assert (device_group(decision).identity.from_value == ANONYMOUS) is is_hidden
    at_home = replace(request, source=replace(request.source, trunk=TRUSTED))
    assert not connected(at_home).is_number_hidden


# Who hides and who does not want to hear of it.


@pytest.mark.parametrize("is_trusted", [True, False])
def test_only_a_trusted_carrier_hears_who_hides(*, is_trusted: bool) -> None:
    profile = replace(PLAIN, hides_from=False)
    trunk = replace(TRUSTED, profile=profile, sends_asserted_identity=is_trusted)
    decision = connected(dial(OUT, privacy=["id"]), replace(Scene(), trunks=(trunk,)))
    identity = trunk_groups(decision)[0].identity
    assert dict(identity.fields)["privacy"] == "id"
    assert (OWN in f"{identity.from_value} {identity.fields}") is is_trusted
    assert is_trusted or identity.from_value == ANONYMOUS


def test_who_calls_people_to_sell_cannot_hide() -> None:
    seller = replace(ANNA, is_call_centre=True, clir=True)
    scene = Scene().with_account(seller)
    for request in (
        dial(OUT, account=seller),
        dial(f"*31#{OUT}", account=seller),
        dial(OUT, account=seller, privacy=["id"]),
        dial(OUT, account=seller, from_=claim("anonymous")),
    ):
        decision = connected(request, scene)
        assert not decision.is_number_hidden
        assert OWN in trunk_groups(decision)[0].identity.from_value
    critical = dial(OUT, account=seller, privacy=["id", "critical"])
    assert refused(critical, scene) is RefusalCause.PRIVACY_IMPOSSIBLE


def rejecting(account: Account = BEN) -> Scene:
    return Scene().with_account(replace(account, rejects_anonymous=True))


def test_who_takes_no_anonymous_calls_gets_none() -> None:
    """RFC 5079."""
    assert REFUSALS[RefusalCause.ANONYMOUS_REFUSED].status == 433
    for request in (
        dial("*31#ben"),
        dial("*31#03023125010"),
        dial("+493023125010", trunk=CARRIER, from_=claim("anonymous")),
        dial("+493023125010", trunk=TRUSTED, asserted=claim("+4930123456"), privacy=["id"]),
        dial("+493023125010", trunk=FOREIGN, asserted=claim("+493012345678")),
    ):
        assert refused(request, rejecting()) is RefusalCause.ANONYMOUS_REFUSED
        connected(request)
    for request in (
        dial("ben"),
        dial("+493023125010", trunk=CARRIER, from_=claim("+493012345678")),
    ):
        connected(request, rejecting())


@pytest.mark.parametrize(
    ("privacy", "dialled", "is_refused"),
    [
        (["id", "critical"], OUT, False),
        (["header", "user", "history", "critical"], OUT, False),
        (["session", "critical"], OUT, True),
        (["session"], OUT, False),
        (["something-new", "critical"], OUT, True),
        (["something-new"], OUT, False),
        (["critical"], OUT, False),
        (["id", "critical"], "116117", True),
        (["id"], "116117", False),
    ],
)
def test_privacy_that_is_critical_and_cannot_be_kept_ends_the_call(
    privacy: list[str], dialled: str, *, is_refused: bool
) -> None:
    """RFC 3323 §4.2."""
    request = dial(dialled, privacy=privacy)
    if is_refused:
        assert refused(request) is RefusalCause.PRIVACY_IMPOSSIBLE
        assert REFUSALS[RefusalCause.PRIVACY_IMPOSSIBLE].status == 500
    else:
        connected(request)


def test_rights_are_looked_at_by_the_day() -> None:
    directory = replace(Scene(), rights=(right(),)).directory()
    assert directory.number_right(ANNA.id, PROVEN, on=TODAY) is not None
    assert directory.number_right(ANNA.id, PROVEN, on=date.min) is None
