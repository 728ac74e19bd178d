"""Every form in which somebody in Germany can write a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.errors import LocalError
from rating.numbering import (
    DiallingOrigin,
    E164Number,
    NumberRefused,
    RefusalReason,
    ServiceKind,
    ServiceNumber,
)
from tests.rating.shipped import BERLIN, numbering

NOWHERE = DiallingOrigin()


@pytest.mark.parametrize(
    ("dialled", "e164"),
    [
        ("12345678", "+493012345678"),  # local
        ("03012345678", "+493012345678"),
        ("004930 12345678", "+493012345678"),
        ("+493012345678", "+493012345678"),
        ("+49 (0)30 12345678", "+493012345678"),
        ("0049 (0) 30/12345678".replace("(0) ", "(0)"), "+493012345678"),
        ("(030) 123-456.78", "+493012345678"),
        ("030 12345678#", "+493012345678"),
        ("+493012345678;user=phone", "+493012345678"),
        ("+493012345678;isub=1411", "+493012345678"),
        ("03012345678;phone-context=+49", "+493012345678"),
        ("03012345678;phone-context=example.de;isub=1", "+493012345678"),
        ("+493012345678;phone-context=+1", "+493012345678"),  # global numbers need no context
        ("0906 123456", "+49906123456"),  # an area code beside 0900
        ("0331 123456", "+49331123456"),  # beside 032
        ("07031 123456", "+497031123456"),  # beside 0700
        ("08031 123456", "+498031123456"),  # beside 0800
        ("033203 12345", "+493320312345"),  # five digits of area code
        ("0171 1234567", "+491711234567"),
        ("015566 123456", "+4915566123456"),
        ("0030 210 1234567", "+302101234567"),  # Greece, not 030
        ("+1 202 555 0123", "+12025550123"),
        ("00 1 202 555 0123", "+12025550123"),
        ("+358 9 123456", "+3589123456"),
        ("19222", "+493019222"),
    ],
)
def test_a_subscriber_number(dialled: str, e164: str) -> None:
    number = numbering().plan.normalize(dialled, BERLIN)
    assert isinstance(number, E164Number), number
    assert number.e164 == e164
    assert number.digits == e164[1:]
    assert number.country_code + number.national_number == number.digits


@pytest.mark.parametrize(
    ("dialled", "kind", "digits", "e164"),
    [
        ("115", ServiceKind.PUBLIC_SERVICE_115, "115", "+49115"),
        ("+49115", ServiceKind.PUBLIC_SERVICE_115, "115", "+49115"),
        ("116117", ServiceKind.HARMONISED_116, "116117", "+49116117"),
        ("0049 116 117", ServiceKind.HARMONISED_116, "116117", "+49116117"),
        ("11833", ServiceKind.DIRECTORY_118, "11833", None),
        ("118 012", ServiceKind.DIRECTORY_118, "118012", None),
        ("01377 123456", ServiceKind.MASS_TRAFFIC_0137, "01377123456", "+491377123456"),
        ("0138 1234", ServiceKind.MASS_TRAFFIC_0138, "01381234", "+491381234"),
        ("01805 123456", ServiceKind.SHARED_COST_0180, "01805123456", "+491805123456"),
        ("+49 180 5 123456", ServiceKind.SHARED_COST_0180, "01805123456", "+491805123456"),
        ("01888 1234567", ServiceKind.VPN_01888, "018881234567", "+4918881234567"),
        ("0181 1234567", ServiceKind.VPN_018, "01811234567", "+491811234567"),
        ("032 212345678", ServiceKind.NATIONAL_032, "032212345678", "+4932212345678"),
        ("0700 12345678", ServiceKind.PERSONAL_0700, "070012345678", "+4970012345678"),
        ("0800 1234567", ServiceKind.FREEPHONE_0800, "08001234567", "+498001234567"),
        ("0900 1 234567", ServiceKind.PREMIUM_0900, "09001234567", "+499001234567"),
        ("00800 12345678", ServiceKind.INTERNATIONAL_FREEPHONE_00800, "0080012345678",
         "+80012345678"),
        ("+800 12345678", ServiceKind.INTERNATIONAL_FREEPHONE_00800, "0080012345678",
         "+80012345678"),
    ],
)  # fmt: skip
def test_a_service_number(dialled: str, kind: ServiceKind, digits: str, e164: str | None) -> None:
    expected = ServiceNumber(kind, digits, e164)
    assert numbering().plan.normalize(dialled, BERLIN) == expected
    assert numbering().plan.normalize(dialled, NOWHERE) == expected
    assert not expected.is_emergency


@pytest.mark.parametrize(
    ("dialled", "reason"),
    [
        ("", RefusalReason.INCOMPLETE),
        ("+", RefusalReason.INCOMPLETE),
        ("0", RefusalReason.INCOMPLETE),
        ("00", RefusalReason.INCOMPLETE),
        ("+4", RefusalReason.INCOMPLETE),
        ("+49", RefusalReason.INCOMPLETE),
        ("030", RefusalReason.INCOMPLETE),
        ("03012", RefusalReason.INCOMPLETE),
        ("0172123", RefusalReason.INCOMPLETE),
        ("0800", RefusalReason.INCOMPLETE),
        ("118", RefusalReason.INCOMPLETE),
        ("0080012", RefusalReason.INCOMPLETE),
        ("+1202", RefusalReason.INCOMPLETE),
        ("1153", RefusalReason.UNKNOWN),
        ("1190", RefusalReason.UNKNOWN),
        ("118331", RefusalReason.UNKNOWN),
        ("+4911833", RefusalReason.UNKNOWN),
        ("00800123456789", RefusalReason.UNKNOWN),
        ("+999123456", RefusalReason.UNKNOWN),
        ("+0123456789", RefusalReason.UNKNOWN),
        ("000123456", RefusalReason.UNKNOWN),
        ("+49030123456", RefusalReason.UNKNOWN),
        ("0200 123456", RefusalReason.UNKNOWN),
        ("030 12345678901234", RefusalReason.UNKNOWN),
        ("+1 2025550123 456789", RefusalReason.UNKNOWN),
        ("12345;phone-context=+1", RefusalReason.UNKNOWN),
        ("12345;phone-context=+43-1", RefusalReason.UNKNOWN),
        ("01033 030123456", RefusalReason.NOT_OFFERED),  # call by call
        ("0190 123456", RefusalReason.NOT_OFFERED),
        ("0168 1234567", RefusalReason.NOT_OFFERED),
        ("0310", RefusalReason.NOT_OFFERED),
        ("030 1234abc", RefusalReason.MALFORMED),
        ("0800-FREITON", RefusalReason.MALFORMED),
        ("*97", RefusalReason.MALFORMED),
        ("030#123456", RefusalReason.MALFORMED),
        ("0+3012345", RefusalReason.MALFORMED),
        ("\uff10\uff13\uff10123456", RefusalReason.MALFORMED),
        ("٠٣٠123456", RefusalReason.MALFORMED),
        ("030%20123456", RefusalReason.MALFORMED),
        ("1" * 33, RefusalReason.MALFORMED),
        (" " * 129, RefusalReason.MALFORMED),
        ("030123456;m-secret=1", RefusalReason.MALFORMED),
    ],
)
def test_a_refused_number(dialled: str, reason: RefusalReason) -> None:
    assert numbering().plan.normalize(dialled, BERLIN) == NumberRefused(reason)


def test_a_local_number_needs_an_area_code() -> None:
    refused = NumberRefused(RefusalReason.INCOMPLETE)
    assert numbering().plan.normalize("12345678", NOWHERE) == refused


def test_short_numbers_stand_for_numbers_in_any_form() -> None:
    origin = DiallingOrigin(
        area_code="30", short_numbers={"12": "089 123456", "13": "+12025550123", "14": "12"}
    )
    plan = numbering().plan
    assert plan.normalize("12", origin) == E164Number("4989123456", "49")
    assert plan.normalize("1 3", origin) == E164Number("12025550123", "1")
    # A short number is no short number's target: two of them cannot go in circles.
    assert plan.normalize("14", origin) == NumberRefused(RefusalReason.INCOMPLETE)


def test_an_origin_abroad_dials_in_the_international_form_only() -> None:
    vienna = DiallingOrigin(country_code="43", area_code="1")
    plan = numbering().plan
    assert plan.normalize("+493012345678", vienna) == E164Number("493012345678", "49")
    for dialled in ("03012345678", "12345678", "115"):
        assert plan.normalize(dialled, vienna) == NumberRefused(RefusalReason.UNKNOWN)


@pytest.mark.parametrize("area_code", ["030", "", "+30", "3a", "３０"])
def test_an_area_code_is_bare_digits(area_code: str) -> None:
    with pytest.raises(LocalError):
        DiallingOrigin(area_code=area_code)


def test_a_country_code_is_bare_digits() -> None:
    with pytest.raises(LocalError):
        DiallingOrigin(country_code="+49")


@given(st.from_regex(r"[1-9][0-9]{0,18}", fullmatch=True))
def test_a_normal_number_normalises_to_itself(digits: str) -> None:
    plan = numbering().plan
    number = plan.normalize(f"+{digits}", NOWHERE)
    if not isinstance(number, NumberRefused) and number.e164 is not None:
        assert plan.normalize(number.e164, BERLIN) == number
    if isinstance(number, E164Number):
        assert number.digits == digits
        assert plan.normalize(f"00{digits}", BERLIN) == number


@given(st.from_regex(r"0[2-9][0-9]{4,14}", fullmatch=True))
def test_national_and_global_form_are_the_same_number(dialled: str) -> None:
    plan = numbering().plan
    number = plan.normalize(dialled, BERLIN)
    if isinstance(number, E164Number):
        assert number.e164 == f"+49{dialled[1:]}"
        assert plan.normalize(number.e164, BERLIN) == number
    elif isinstance(number, ServiceNumber):
        assert number.digits == dialled
        assert number.e164 is not None
        assert plan.normalize(number.e164, BERLIN) == number
