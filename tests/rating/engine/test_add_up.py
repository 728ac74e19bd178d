"""What a price is made of: the row, surcharges, prices of others, the tax of the day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.engine import BY_LAW, Quote, Unpriced, UnpricedReason
from rating.errors import LocalError, RecordError
from rating.pricing import Callee, CallOrigin, ExternalPrice
from tests.rating.engine.quotes import make_quote
from tests.rating.small_tariff import (
    FILES,
    MOBILE,
    abroad,
    called_in,
    changed,
    price_of,
    quote_of,
)

FIXED = "030 123456"
CELL = "0171 1234567"
AUSTRIA = "+43 1 5123456"
AUSTRIA_CELL = "+43 664 1234567"
SWISS_CELL = "+41 79 1234567"
TOLD = ExternalPrice(Fraction("1.99"), Fraction("0.30"))
# The same prices with tax in them; those of 0180 would stand out as net ones.
GROSS = {
    **changed("small/tariff.toml", 'basis = "net"', 'basis = "gross"'),
    "small/services.csv": FILES["small/services.csv"].replace("11.7647", "14"),
}
SUMMER_2025 = datetime(2025, 6, 1, tzinfo=UTC)  # the made-up months of another tax


def parts_of(quote: Quote) -> dict[str, Fraction]:
    return {part.label: part.per_minute for part in quote.parts}


@pytest.mark.parametrize(
    ("dialled", "base", "added"),
    [
        (FIXED, "0.02", "0.05"),
        (CELL, "0.10", "0.05"),
        (AUSTRIA, "0.03", "0.05"),
        (AUSTRIA_CELL, "0.20", None),  # an exception of the surcharge
        (SWISS_CELL, "0.30", "0.05"),
        ("+870 773 111111", "9.90", "0.05"),
        ("01805 123456", "0.117647", None),
    ],
)
def test_a_surcharge_is_added_but_for_its_exceptions(
    dialled: str, base: str, added: str | None
) -> None:
    assert parts_of(quote_of(dialled)).keys() != {"sim"}
    found = quote_of(dialled, origin=MOBILE)
    assert found.price_per_minute == Fraction(base) + Fraction(added or 0)
    assert parts_of(found).get("sim") == (Fraction(added) if added else None)
    assert ("R-SIM" in found.readings) is (added is not None)
    assert quote_of(dialled).price_per_minute == Fraction(base)


def test_a_part_says_where_it_is_printed() -> None:
    row, surcharge = quote_of(FIXED, origin=MOBILE).parts
    assert str(row.source) == "Small list, line 30"
    assert str(surcharge.source) == "Small list, line 17"


def test_an_option_drops_a_surcharge() -> None:
    found = quote_of(SWISS_CELL, "SIM-FLAT", plan="business", origin=MOBILE)
    assert parts_of(found) == {"Near": Fraction("0.30")}
    # The plan does not allow the option, so it drops nothing.
    assert "sim" in parts_of(quote_of(SWISS_CELL, "SIM-FLAT", origin=MOBILE))


def test_a_free_call_has_no_parts() -> None:
    for found in (
        quote_of(FIXED, "FLAT-DE"),
        quote_of(FIXED, callee=Callee.OWN_NETWORK, origin=MOBILE),
        quote_of(None, callee=Callee.MAILBOX, origin=MOBILE),
        quote_of("112", origin=MOBILE),
    ):
        assert found.is_free
        assert found.parts == ()


def test_what_somebody_else_charges_must_be_told() -> None:
    assert price_of("0900 1 234567") == Unpriced(UnpricedReason.EXTERNAL_PRICE, "0900")
    found = quote_of("0900 1 234567", told=TOLD)
    assert (found.price_per_minute, found.price_per_call) == (TOLD.per_minute, TOLD.per_call)
    assert parts_of(found) == {"external": TOLD.per_minute}
    assert found.external_price == TOLD
    assert found.caps_s == 3600


def test_a_price_nobody_asked_for_changes_nothing() -> None:
    assert quote_of(FIXED, told=TOLD) == quote_of(FIXED)
    assert quote_of("112", told=TOLD).covered_by == BY_LAW


def test_a_factor_raises_what_is_told() -> None:
    alone = quote_of("0138 1234")
    assert alone.price_per_minute == Fraction("0.05")
    both = quote_of("0138 1234", told=TOLD)
    assert both.price_per_minute == Fraction("0.05") + TOLD.per_minute * 3 / 2
    assert both.price_per_call == TOLD.per_call * 3 / 2


def test_negative_prices_are_told_by_nobody() -> None:
    with pytest.raises(LocalError):
        ExternalPrice(Fraction(-1), Fraction(0))


EXTERNAL = "number,per_minute_eur,per_call_eur,basis,valid_from,valid_to,source\n"


@pytest.mark.parametrize(
    ("basis", "euros"),
    [("net", Fraction("1.19")), ("gross", Fraction("1.19") / Fraction("1.19"))],
)
def test_announced_prices_come_in_the_basis_of_the_list(basis: str, euros: Fraction) -> None:
    rows = f"0900,1.19,0,{basis},2026-01-01,,announcement\n"
    found = quote_of("0900 1 234567", files={**FILES, "external.csv": EXTERNAL + rows})
    assert found.price_per_minute == euros
    gross = quote_of("0900 1 234567", files={**GROSS, "external.csv": EXTERNAL + rows})
    assert gross.price_per_minute == euros * Fraction("1.19")


def test_what_is_told_for_a_call_stands_before_what_is_announced() -> None:
    files = {**FILES, "external.csv": f"{EXTERNAL}0900,1,0,net,2026-01-01,,announcement\n"}
    assert quote_of("0900 1 234567", told=TOLD, files=files).external_price == TOLD
    before = datetime(2025, 12, 31, 22, 59, tzinfo=UTC)
    assert isinstance(price_of("0900 1 234567", files=files, at=before), Unpriced)
    assert isinstance(price_of("0900 1 234567", files=files, origin=abroad("FR")), Unpriced)


def test_another_tax_changes_every_printed_part_of_a_gross_price() -> None:
    found = quote_of(FIXED, origin=MOBILE, files=GROSS, at=SUMMER_2025)
    factor = Fraction("1.16") / Fraction("1.19")
    assert parts_of(found) == {
        "Germany": Fraction("0.02") * factor,
        "sim": Fraction("0.05") * factor,
    }
    assert found.price_per_minute == Fraction("0.07") * factor
    assert found.readings[-1] == "R-VAT"


def test_another_tax_does_not_change_what_somebody_tells_today() -> None:
    found = quote_of("0138 1234", files=GROSS, at=SUMMER_2025, told=TOLD)
    assert parts_of(found)["external"] == TOLD.per_minute * 3 / 2
    assert parts_of(found)["Partner"] == Fraction("0.05") * Fraction("1.16") / Fraction("1.19")


def test_another_tax_changes_no_net_price() -> None:
    found = quote_of(FIXED, at=SUMMER_2025)
    assert (found.price_per_minute, found.vat_rate) == (Fraction("0.02"), Fraction("0.16"))


EUROS = st.fractions(min_value=0, max_value=5, max_denominator=997)
DIALLED = st.sampled_from(
    [FIXED, CELL, AUSTRIA, AUSTRIA_CELL, SWISS_CELL, "+66 2 1234567", "+870 773 111111",
     "01805 123456", "01807 123456", "01377 123456", "0900 1 234567", "0138 1234", "0800 1234567"]
)  # fmt: skip
ORIGINS = st.sampled_from(
    [CallOrigin(), MOBILE, abroad("FR"), abroad("TH"), abroad("001"), called_in("TH")]
)


@given(
    dialled=DIALLED,
    origin=ORIGINS,
    plan=st.sampled_from(["basic", "business", "trunk"]),
    options=st.sets(st.sampled_from(["FLAT-DE", "SIM-FLAT", "PLUS", "FREE-60"])),
    told=st.none() | st.builds(ExternalPrice, EUROS, EUROS),
    at=st.sampled_from([SUMMER_2025, datetime(2026, 5, 20, tzinfo=UTC)]),
    gross=st.booleans(),
)
def test_the_parts_add_up_to_the_price(
    *,
    dialled: str,
    origin: CallOrigin,
    plan: str,
    options: set[str],
    told: ExternalPrice | None,
    at: datetime,
    gross: bool,
) -> None:
    files = GROSS if gross else FILES
    found = price_of(
        dialled, *sorted(options), plan=plan, origin=origin, told=told, at=at, files=files
    )
    if isinstance(found, Unpriced):
        return
    assert sum((part.per_minute for part in found.parts), Fraction(0)) == found.price_per_minute
    assert sum((part.per_call for part in found.parts), Fraction(0)) == found.price_per_call
    assert (found.parts == ()) is (found.covered_by is not None)
    assert Quote.from_record(json.loads(json.dumps(found.to_record()))) == found


def test_a_record_of_the_first_version_is_still_read() -> None:
    first = {
        "version": 1, "destination": "Test", "line_type": "fixed", "prefix": "49",
        "table_version": "1", "row_id": "1/standard/fixed", "document": "Test list", "line": 1,
        "list_id": "test", "list_version": "1", "price": [0, 1000, 1], "increments": [1, 1],
        "free_first_s": 0, "basis": "gross", "vat": [19, 100], "covered_by": None,
        "readings": ["R-INC"], "caps_s": None,
    }  # fmt: skip
    found = Quote.from_record(first)
    assert replace(found, parts=()) == make_quote("0.06")
    assert (found.provider, found.plan_id, found.allowances) == (None, None, ())
    assert parts_of(found) == {"Test": Fraction("0.06")}
    on_net = Quote.from_record({**first, "price": [0, 0, 1], "covered_by": "on-net"})
    assert (on_net.callee, on_net.parts) == (Callee.OWN_NETWORK, ())
    assert Quote.from_record(found.to_record()) == found


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "2"),
        ("origin", "moon"),
        ("visited", "FR"),  # not abroad
        ("callee", "friend"),
        ("external", {"per_minute": [1, 0], "per_call": [0, 1]}),
        ("external", {"per_minute": [1, 1]}),
        ("external", []),
        ("parts", [{}]),
        ("parts", {}),
        ("parts", [{"label": "x", "per_minute": [1, 0], "per_call": [0, 1]}]),
        ("allowances", [1]),
        ("allowances", None),
        ("plan_id", 1),
    ],
)
def test_a_damaged_record_is_refused(field: str, value: object) -> None:
    record = quote_of(FIXED, "FREE-60", origin=MOBILE).to_record()
    with pytest.raises(RecordError):
        Quote.from_record({**record, field: value})
