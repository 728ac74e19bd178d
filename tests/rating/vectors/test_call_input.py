from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from rating.errors import VectorError
from rating.numbering import DiallingOrigin
from rating.pricing import BookedOption, Callee, CallOrigin, ExternalPrice, OriginKind
from rating.vectors import CallInput, read_call_input

LEAST: dict[str, Any] = {
    "provider": "tgnet",
    "plan": "account",
    "dialled": "030123456",
    "answered_at": "2026-05-20T14:00:00+02:00",
    "duration_s": "59.4",
}


def test_what_may_be_missing_has_a_default() -> None:
    assert read_call_input(LEAST) == CallInput(
        provider="tgnet",
        plan_id="account",
        contract_from=None,
        price_list=None,
        options=(),
        origin=CallOrigin(),
        dialled="030123456",
        dialling=DiallingOrigin(),
        answered_at=datetime(2026, 5, 20, 12, tzinfo=UTC),
        duration_us=59_400_000,
        callee=Callee.OTHER,
        running_calls=0,
        allowance_used={},
        external_price=None,
    )
    optional = (
        "contract_from", "price_list", "options", "origin", "visited", "country_code",
        "area_code", "callee", "running_calls", "allowance_used", "external_price",
    )  # fmt: skip
    assert read_call_input(LEAST | dict.fromkeys(optional)) == read_call_input(LEAST)


def test_everything_is_read() -> None:
    call = read_call_input(
        LEAST
        | {
            "contract_from": "2026-03-01",
            "price_list": "tgnet-call",
            "options": [
                {"id": "PLUS", "from": "2026-05-02"},
                {
                    "id": "FLAT.DE", "count": 2, "from": "2026-05-03", "to": "2026-06-01",
                    "ordered_on": "2026-05-01",
                },
            ],
            "origin": "roaming",
            "visited": "CH",
            "country_code": "43",
            "area_code": "1",
            "callee": "own_network",
            "running_calls": 3,
            "allowance_used": {"FREE-120": 7140},
            "external_price": {"per_minute": "119/600", "per_call": "0.5"},
        }
    )  # fmt: skip
    day, third = date(2026, 5, 2), date(2026, 5, 3)
    assert call.options == (
        BookedOption("PLUS", 1, day, None, day, "tgnet"),
        BookedOption("FLAT.DE", 2, third, date(2026, 6, 1), date(2026, 5, 1), "tgnet"),
    )
    assert call.contract_from == date(2026, 3, 1)
    assert call.price_list == "tgnet-call"
    assert call.origin == CallOrigin(OriginKind.ROAMING, "CH")
    assert call.dialling == DiallingOrigin("43", "1")
    assert call.callee is Callee.OWN_NETWORK
    assert call.running_calls == 3
    assert call.allowance_used == {"FREE-120": 7140}
    assert call.external_price == ExternalPrice(Fraction(119, 600), Fraction(1, 2))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"provider": None}, "input.provider is missing"),
        ({"plan": ""}, "input.plan must be a name"),
        ({"plan": "a b"}, "input.plan must be a name"),
        ({"dialled": None}, "input.dialled is missing"),
        ({"dialled": ""}, "input.dialled must be 1 to 128 characters"),
        ({"dialled": "1" * 129}, "input.dialled must be 1 to 128 characters"),
        ({"dialled": "1\r\n2"}, "input.dialled must be"),
        ({"dialled": 110}, "input.dialled must be"),
        ({"answered_at": "2026-05-20T14:00:00"}, "input.answered_at must be an instant"),
        ({"answered_at": "2026-05-20 14:00:00Z"}, "input.answered_at must be an instant"),
        ({"answered_at": "20260520T140000Z"}, "input.answered_at must be an instant"),
        ({"answered_at": "2026-02-30T14:00:00Z"}, "input.answered_at must be an instant"),
        ({"answered_at": "2026-05-20T14:00:00+24:00"}, "input.answered_at must be an instant"),
        ({"answered_at": "1999-12-31T23:00:00Z"}, "input.answered_at must be an instant"),
        ({"answered_at": "2200-01-01T00:00:00Z"}, "input.answered_at must be an instant"),
        ({"answered_at": "٢٠٢٦-05-20T14:00:00Z"}, "input.answered_at must be an instant"),
        ({"duration_s": 59}, "input.duration_s must be seconds in quotation marks"),
        ({"duration_s": "-1"}, "input.duration_s must be seconds"),
        ({"duration_s": "1.0000001"}, "input.duration_s must be seconds"),
        ({"duration_s": "2678400.000001"}, "input.duration_s must be at most 2678400 seconds"),
        ({"contract_from": "2026-W20"}, "input.contract_from must be a day from 2000 to 2199"),
        ({"contract_from": "20260520"}, "input.contract_from must be a day"),
        ({"contract_from": "1999-12-31"}, "input.contract_from must be a day"),
        ({"contract_from": 2026}, "input.contract_from must be a day"),
        ({"options": {}}, "input.options must be a list"),
        ({"options": ["PLUS"]}, "input.options must be a list of objects"),
        ({"options": [{"id": "PLUS", "from": "2026-05-01"}] * 33}, "a list of at most 32"),
        ({"options": [{"id": "PLUS"}]}, "input.options[0].from is missing"),
        ({"options": [{"from": "2026-05-01"}]}, "input.options[0].id is missing"),
        (
            {"options": [{"id": "PLUS", "from": "2026-05-01", "count": 0}]},
            "input.options[0].count must be a whole number from 1 to 100000, not 0",
        ),
        (
            {"options": [{"id": "PLUS", "from": "2026-05-01", "count": True}]},
            "input.options[0].count must be a whole number",
        ),
        (
            {"options": [{"id": "PLUS", "from": "2026-05-01", "since": 1}]},
            "unknown key 'input.options[0].since'",
        ),
        ({"origin": "sip"}, "input.origin must be one of voip, mobile, roaming, roaming_incoming"),
        ({"origin": ["voip"]}, "input.origin must be one of"),
        ({"origin": "roaming"}, "input.visited is missing"),
        ({"visited": "CH"}, "input.visited must be the visited country exactly if"),
        ({"origin": "roaming", "visited": "ch"}, "input.visited must be a country such as CH"),
        ({"country_code": "049"}, "input.country_code must be 1 to 3 digits"),
        ({"area_code": "030"}, "input.area_code must be 1 to 5 digits without a leading 0"),
        ({"callee": "friend"}, "input.callee must be one of"),
        ({"running_calls": -1}, "input.running_calls must be a whole number from 0"),
        ({"running_calls": "1"}, "input.running_calls must be a whole number from 0"),
        ({"allowance_used": []}, "input.allowance_used must be an object"),
        ({"allowance_used": {"FREE-120": "7"}}, "input.allowance_used.FREE-120 must be a whole"),
        ({"allowance_used": {"": 7}}, "input.allowance_used has a key that is no name"),
        ({"allowance_used": {f"a{n}": 1 for n in range(33)}}, "must be at most 32 options"),
        ({"external_price": "1"}, "input.external_price must be an object"),
        ({"external_price": {"per_minute": "1"}}, "input.external_price.per_call is missing"),
        (
            {"external_price": {"per_minute": "-1", "per_call": "0"}},
            "input.external_price.per_minute must be a number that is not negative",
        ),
        (
            {"external_price": {"per_minute": 1, "per_call": "0"}},
            "input.external_price.per_minute must be a number",
        ),
        (
            {"external_price": {"per_minute": "1", "per_call": "0", "per_day": "0"}},
            "unknown key 'input.external_price.per_day'",
        ),
        ({"dailled": "1"}, "unknown key 'input.dailled'"),
        ({"plan": "x" * 500}, "…"),
    ],
)
def test_every_field_is_checked(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(VectorError) as raised:
        read_call_input(LEAST | changes)
    assert said in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("callee", ["internal", "mailbox"])
def test_an_internal_call_needs_no_number(callee: str) -> None:
    assert read_call_input(LEAST | {"dialled": None, "callee": callee}).dialled is None


def test_a_received_call_needs_no_number() -> None:
    abroad = {"dialled": None, "origin": "roaming_incoming", "visited": "US"}
    assert read_call_input(LEAST | abroad).dialled is None
