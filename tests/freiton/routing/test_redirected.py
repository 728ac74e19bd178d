"""Who passed a call on: believed of whom it can be known, written as the carrier reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from freiton.routing.directory import Trunk
from freiton.routing.refusals import REFUSALS, RefusalCause
from freiton.routing.request import ClaimedIdentity, RedirectionClaim
from freiton.routing.trunk_profile import PLAIN, RedirectionForm
from tests.freiton.routing.builders import (
    CARRIER,
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
OF_PBX = "+494066778842"
RHINE = "+4922112345"


def by(user: str, reason: str = "user-busy", **changes: object) -> RedirectionClaim:
    return replace(RedirectionClaim(user=user, reason=reason), **changes)  # type: ignore[arg-type]


def reading(form: RedirectionForm, trunk: Trunk = TRUSTED) -> Trunk:
    return replace(trunk, profile=replace(PLAIN, redirection=form))


def told(trunk: Trunk, claims: Sequence[RedirectionClaim], *, dialled: str = OUT) -> dict[str, str]:
    """Which of both headers a carrier gets of a call that the exchange diverts."""
    request = dial(dialled, account=PBX, redirections=claims)
    fields = dict(trunk_groups(connected(request, Scene(trunks=(trunk,))))[0].identity.fields)
    return {key: fields[key] for key in ("diversion", "history-info") if key in fields}


DIVERSION = f"<sip:{OF_PBX}@trusted.example>;reason=user-busy"
HISTORY = (
    f"<sip:{OF_PBX}@trusted.example>;index=1,"
    " <sip:+492211234567@trusted.example;cause=486>;index=1.1;mp=1"
)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (RedirectionForm.NONE, {}),
        (RedirectionForm.DIVERSION, {"diversion": DIVERSION}),
        (RedirectionForm.HISTORY_INFO, {"history-info": HISTORY}),
        (RedirectionForm.BOTH, {"diversion": DIVERSION, "history-info": HISTORY}),
    ],
)
def test_a_carrier_learns_of_it_in_the_header_it_reads(
    form: RedirectionForm, expected: dict[str, str]
) -> None:
    assert told(reading(form), [by("040 66778842")]) == expected


@pytest.mark.parametrize("user", ["+493023125001", "+4915112345678", "anna", "", "110", "<>"])
def test_an_exchange_diverts_at_its_own_numbers_only(user: str) -> None:
    assert told(reading(RedirectionForm.BOTH), [by(user)]) == {}


def test_who_wants_to_stay_unnamed_is_told_to_trusted_carriers_alone() -> None:
    claims = [by(OF_PBX, is_private=True)]
    assert told(reading(RedirectionForm.DIVERSION), claims) == {
        "diversion": f"{DIVERSION};privacy=full"
    }
    assert told(reading(RedirectionForm.BOTH, CARRIER), claims) == {}
    assert told(reading(RedirectionForm.DIVERSION, CARRIER), [by(OF_PBX)]) == {
        "diversion": DIVERSION.replace("trusted", "carrier")
    }


def test_a_hidden_caller_that_diverts_is_hidden_there_too() -> None:
    hidden = f"*31#{OUT}"
    assert told(reading(RedirectionForm.BOTH, CARRIER), [by(OF_PBX)], dialled=hidden) == {}
    trusted = told(reading(RedirectionForm.DIVERSION), [by(OF_PBX)], dialled=hidden)
    assert trusted == {"diversion": f"{DIVERSION};privacy=full"}


@pytest.mark.parametrize(
    ("trunk", "claim", "expected"),
    [
        (
            TRUSTED,
            by(RHINE),
            {"diversion": f"<sip:{RHINE}@example.org>;reason=user-busy"},
        ),
        (CARRIER, by(RHINE), {}),
        (TRUSTED, by(RHINE, is_private=True), {}),
        (TRUSTED, by("0900123456"), {}),
        (TRUSTED, by("nobody"), {}),
    ],
    ids=["trusted", "untrusted", "private", "forbidden", "no number"],
)
def test_a_phone_learns_what_a_trusted_carrier_tells(
    trunk: Trunk, claim: RedirectionClaim, expected: dict[str, str]
) -> None:
    request = dial(
        "+493023125010",
        trunk=trunk,
        from_=ClaimedIdentity(user="+492211234567", host="carrier.example"),
        redirections=[claim],
    )
    assert dict(device_group(connected(request)).identity.fields) == expected


@pytest.mark.parametrize("user", ["110", "+499001234567"])
def test_a_number_that_nobody_may_show_diverted_nothing(user: str) -> None:
    request = dial("+493023125010", trunk=TRUSTED, redirections=[by(user), by(RHINE)])
    fields = dict(device_group(connected(request)).identity.fields)
    assert fields == {"diversion": f"<sip:{RHINE}@example.org>;reason=user-busy"}


def test_a_sixth_diversion_is_a_circle() -> None:
    five = [by("+492211", count=3), by("+492212", count=2)]
    connected(dial(OUT, redirections=five))
    for request in (
        dial(OUT, redirections=[*five, by("+492213")]),
        dial("+493023125010", trunk=CARRIER, redirections=[by("x", count=6)]),
    ):
        assert refused(request) is RefusalCause.LOOP
    assert REFUSALS[RefusalCause.LOOP].status == 482
    assert connected(dial("112", redirections=[by("x", count=99)])).is_emergency
