from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.errors import VectorError
from rating.vectors import answer_call_vector, find_differences, read_call_input
from tests.rating.checker.make_calls import make_call
from tests.rating.shipped import numbering, tariffs

Json = dict[str, Any]

LEAST: Json = {
    "provider": "tgnet",
    "plan": "account",
    "dialled": "030123456",
    "answered_at": "2026-05-20T14:00:00+02:00",
    "duration_s": "59.4",
}
FLAT = {"options": [{"id": "FLAT.DE", "from": "2026-05-01"}]}
FREE = {"options": [{"id": "FREE-120", "from": "2026-05-01", "count": 2}]}


def answer(**changes: object) -> Json:
    call = read_call_input(LEAST | changes)
    return dict(answer_call_vector(call, tariffs(), numbering()).to_json())


def test_a_call_is_answered_whole() -> None:
    """Line 89: 2.9 ct gross; 60 begun seconds cost 0.029, of which 0.029 / 1.19 is net."""
    assert answer() == {
        "admitted": True,
        "reason": None,
        "number": "+4930123456",
        "destination": "Deutschland Festnetz",
        "line_type": "fixed",
        "price_per_minute": "0.029",
        "price_per_call": "0",
        "increment": "1/1",
        "free_first_s": 0,
        "basis": "gross",
        "vat_rate": "0.19",
        "flat": None,
        "allowance_s": {},
        "billed_s": 60,
        "charged_s": 60,
        "amount": "0.029",
        "net": "0.024370",
        "gross": "0.029000",
    }


def test_amounts_that_do_not_end_are_fractions() -> None:
    """Line 103: 19.833 ct; one second is 0.19833 / 60 = 0.0033055 euros, at 16 % times 116/119."""
    assert answer(dialled="01804123456", duration_s="1")["amount"] == "0.0033055"
    reduced = answer(dialled="01804123456", duration_s="1", answered_at="2020-08-01T00:00:00Z")
    assert reduced["amount"] == "191719/59500000"
    assert reduced["vat_rate"] == "0.16"


@pytest.mark.parametrize(
    ("changes", "flat"),
    [
        (FLAT, "FLAT.DE"),
        ({"callee": "own_network"}, "own_network"),
        ({"dialled": "110"}, "by_law"),
        ({"provider": "zaluma", "plan": "team", "callee": "mailbox", "dialled": None}, "internal"),
    ],
)
def test_what_makes_a_call_free_has_a_name(changes: Json, flat: str) -> None:
    found = answer(**changes)
    assert (found["flat"], found["amount"], found["gross"]) == (flat, "0", "0.000000")


@pytest.mark.parametrize(
    ("changes", "reason", "number"),
    [
        ({"dialled": "030"}, "incomplete", None),
        ({"dialled": "0112"}, "unknown", None),
        ({"dialled": "03012x"}, "malformed", None),
        ({"dialled": "01033030123"}, "not_offered", None),
        ({"dialled": "110", "country_code": "43"}, "foreign_emergency", None),
        ({"dialled": "+38344123456"}, "no_row", "+38344123456"),
        ({"dialled": "09001234567"}, "no_row", "+499001234567"),
        ({"dialled": "11899"}, "no_row", "11899"),
        ({"contract_from": "2026-05-21"}, "no_plan", "+4930123456"),
        ({"answered_at": "2010-02-28T22:59:59Z"}, "before_list", "+4930123456"),
        ({"origin": "roaming", "visited": "CH"}, "not_from_origin", "+4930123456"),
        (FLAT | {"running_calls": 1}, "concurrency_limit", "+4930123456"),
    ],
)
def test_a_refusal_says_why(changes: Json, reason: str, number: str | None) -> None:
    assert answer(**changes) == {"admitted": False, "reason": reason, "number": number}


@pytest.mark.parametrize(("visited", "price"), [("EH", "2.1"), ("FR", "0.099"), ("001", None)])
def test_a_guest_may_be_wherever_a_zone_or_a_number_leads(visited: str, price: str | None) -> None:
    """Western Sahara has no prefix of its own; at sea somebody else sets the price."""
    found = answer(provider="enreach", plan="expert", origin="roaming", visited=visited)
    assert found.get("price_per_minute") == price


def test_an_emergency_call_is_never_one_too_many() -> None:
    assert answer(**FLAT, running_calls=9, dialled="112")["admitted"]


@pytest.mark.parametrize(
    ("used_s", "paid_s", "amount"),
    [(0, 60, "0"), (14_370, 30, "0.0145"), (14_400, None, "0.029"), (99_999, None, "0.029")],
)
def test_an_allowance_pays_what_is_left_of_it(used_s: int, paid_s: int | None, amount: str) -> None:
    """Two units of 120 minutes are 14,400 s; half a minute of 2.9 ct is 0.0145."""
    found = answer(**FREE, allowance_used={"FREE-120": used_s})
    assert found["allowance_s"] == ({} if paid_s is None else {"FREE-120": paid_s})
    assert (found["charged_s"], found["amount"]) == (60, amount)


def test_a_short_code_leads_to_a_colleague() -> None:
    found = answer(provider="zaluma", plan="team", callee="internal", dialled="23")
    assert (found["number"], found["destination"]) == (None, "internal")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"provider": "nobody"}, "there is no tariff nobody"),
        ({"plan": "team"}, "tgnet has no plan team"),
        ({"price_list": "other"}, "tgnet has no list other"),
        ({"options": [{"id": "X", "from": "2026-05-01"}]}, "tgnet has no option X"),
        ({"allowance_used": {"X": 1}}, "tgnet has no option X"),
        ({"origin": "roaming", "visited": "ZZ"}, "there is no country ZZ"),
    ],
)
def test_what_no_tariff_has_is_an_error(changes: Json, said: str) -> None:
    with pytest.raises(VectorError, match=said):
        answer(**changes)


@given(
    seed=st.integers(0, 10**6),
    key=st.sampled_from([*sorted(LEAST), "options", "visited", "origin", "external_price"]),
    value=st.sampled_from(
        ["", "0", "001", "\U0001f4de", "9" * 100, -1, 0, 10**14, True, None, [], {}, [{}], [[]],
         {"": ""}, "2199-12-31T23:59:59-23:59", "2000-01-01T00:00:00+23:59", "internal", "roaming"]
    ),
)  # fmt: skip
def test_odd_input_is_answered_or_refused_but_never_breaks(
    seed: int, key: str, value: object
) -> None:
    call = make_call(Random(seed)) | {key: value}  # noqa: S311 - to be repeated
    try:
        found = answer_call_vector(read_call_input(call), tariffs(), numbering()).to_json()
    except VectorError:
        return
    assert json.loads(json.dumps(found)) == found


def test_differences_are_told_key_by_key() -> None:
    expected = {"admitted": True, "amount": "1/2", "billed_s": 60, "flat": None, "more": "1"}
    answered: Json = {"admitted": 1, "amount": "0.50", "billed_s": 61, "flat": None, "less": "2"}
    assert find_differences(expected, answered) == (
        "admitted: expected True, answered 1",
        "billed_s: expected 60, answered 61",
        "more: expected '1', answered nothing",
        "less: expected nothing, answered '2'",
    )
    deep: Json = {"a\n": [{"b": 2}]}
    assert find_differences({"a\n": [{"b": 1}]}, deep) == ("'a\\n'[0].b: expected 1, answered 2",)
    assert find_differences({"net": 1}, {"net": "1"}) == ("net: expected 1, answered '1'",)
    assert find_differences({"net": "x"}, {"net": "1"}) == ("net: expected 'x', answered '1'",)


@pytest.mark.parametrize(
    ("expected", "answered", "is_equal"),
    [
        ({"amount": "1/2"}, {"amount": "0.5"}, True),
        ({"amount": "1/2"}, {"amount": "0.6"}, False),
        ({"fees": [{"price": "1.0"}]}, {"fees": [{"price": "1"}]}, True),
        ({"fees": [{"price": "1.0"}]}, {"fees": [{"price": "1"}, {}]}, False),
        ({"fees": [{"price": "1.0"}]}, {"fees": [{"price": "1", "part": "once"}]}, False),
        ({"fees": [{"name": "1.0"}]}, {"fees": [{"name": "1"}]}, False),
        ({"allowance_s": {"a": 1}}, {"allowance_s": {"a": True}}, False),
    ],
)
def test_numbers_are_compared_by_value_wherever_they_stand(
    expected: Json, answered: Json, is_equal: bool
) -> None:
    assert (find_differences(expected, answered) == ()) is is_equal
