"""The emergency table of NotrufV § 4 (5): what is a call for help, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.numbering import (
    DiallingOrigin,
    NumberRefused,
    RefusalReason,
    ServiceKind,
    ServiceNumber,
    emergency_number,
    is_emergency,
)
from tests.rating.shipped import BERLIN, numbering

EMERGENCIES = {
    "110": "110",
    "112": "112",
    "1100": "110",
    "112#": "112",
    "112*": "112",
    "11212345": "112",
    "110 ": "110",
    " 112": "112",
    "1-1-2": "112",
    "(112)": "112",
    "1.1.0": "110",
    "112;phone-context=+49": "112",
    "112;user=phone": "112",
    "01033112": "112",  # carrier selection 010 33
    "010 33 110": "110",
    "010011112": "112",  # carrier selection 0100 11
    "01011112": "112",
}
NO_EMERGENCIES = [
    "0112", "0110", "+49112", "+49110", "030112", "030110", "9112", "9110", "0049112", "00112",
    "0 112", "+112", "*112", "115", "116117", "116116", "118", "11833", "11880", "118012", "111",
    "113", "11", "1", "", "0", "2112", "0331112", "010112", "0103112", "#112", "\uff11\uff11\uff12",
]  # fmt: skip


@pytest.mark.parametrize("dialled", EMERGENCIES)
def test_emergency_is_recognised(dialled: str) -> None:
    assert is_emergency(dialled)
    assert emergency_number(dialled) == EMERGENCIES[dialled]


@pytest.mark.parametrize("origin", [BERLIN, DiallingOrigin(), DiallingOrigin(area_code="331")])
@pytest.mark.parametrize("dialled", EMERGENCIES)
def test_emergency_is_normalised_to_the_bare_number(dialled: str, origin: DiallingOrigin) -> None:
    number = numbering().plan.normalize(dialled, origin)
    assert number == ServiceNumber(ServiceKind.EMERGENCY, EMERGENCIES[dialled])
    assert isinstance(number, ServiceNumber)
    assert number.is_emergency
    assert number.e164 is None


@pytest.mark.parametrize("dialled", NO_EMERGENCIES)
def test_what_only_looks_like_an_emergency_is_none(dialled: str) -> None:
    assert not is_emergency(dialled)
    assert emergency_number(dialled) is None
    number = numbering().plan.normalize(dialled, BERLIN)
    assert not (isinstance(number, ServiceNumber) and number.is_emergency)


@pytest.mark.parametrize(
    "dialled", ["0112", "0110", "+49112", "+49110", "030112", "0331110", "9112", "9110", "0049112"]
)
def test_digits_before_112_lead_nowhere(dialled: str) -> None:
    assert numbering().plan.normalize(dialled, BERLIN) == NumberRefused(RefusalReason.UNKNOWN)


def test_no_short_number_can_stand_before_an_emergency() -> None:
    origin = DiallingOrigin(area_code="30", short_numbers={"112": "+4930123456"})
    number = numbering().plan.normalize("112", origin)
    assert isinstance(number, ServiceNumber)
    assert number.is_emergency


def test_an_origin_abroad_reaches_no_german_answering_point() -> None:
    origin = DiallingOrigin(country_code="43")
    refused = NumberRefused(RefusalReason.FOREIGN_EMERGENCY)
    assert numbering().plan.normalize("112", origin) == refused


@given(st.sampled_from(["110", "112"]), st.text(alphabet="0123456789#* -", max_size=12))
def test_whatever_follows_does_not_stop_an_emergency(number: str, tail: str) -> None:
    assert emergency_number(number + tail) == number


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(dialled: str) -> None:
    is_emergency(dialled)
    numbering().plan.normalize(dialled, BERLIN)
