"""Numbers that nobody may show, in every spelling (TKG § 120 (3))."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freiton.routing.shown_numbers import (
    is_never_shown,
    is_never_shown_by_account,
    names_what_is_never_shown,
)

FORBIDDEN = [
    "110", "112", "+49110", "0049112", "49110", "0110", "+49 (0) 110", "+49-112", "1.1.0",
    "11833", "+4911880", "0118 33", "0900123456", "+499001234567", "00499001234567", "499005",
    "0137 7123", "+491371234", "01377123#", "0138123",
    "110;phone-context=+49", "１１０", "١١٢", "+४९११०",
]  # fmt: skip
ALLOWED = [
    "+493023125001", "03023125001", "+49301100", "115", "0800123456", "+491701234567", "116117",
    "+4311012345", "+441128", "+18005550123", "", "anna", "01125", "09006x",
]  # fmt: skip


@pytest.mark.parametrize("text", FORBIDDEN)
def test_every_spelling_counts(text: str) -> None:
    assert is_never_shown(text)
    assert is_never_shown_by_account(text)


@pytest.mark.parametrize("text", ALLOWED)
def test_other_numbers_may_be_shown(text: str) -> None:
    assert not is_never_shown(text)
    assert not is_never_shown_by_account(text)


@pytest.mark.parametrize("text", ["22533", "321", "4000"])
def test_a_short_code_is_none_for_carriers_and_may_be_the_name_of_an_account(text: str) -> None:
    assert is_never_shown(text)
    assert not is_never_shown_by_account(text)


@pytest.mark.parametrize(
    "name", ["110", "+49 110", "(1)(1)(2)", "0900/123456", "* 110 *", "１１２"]
)
def test_a_display_name_may_not_pass_for_such_a_number(name: str) -> None:
    assert names_what_is_never_shown(name)


@pytest.mark.parametrize("name", ["", "Polizei", "Zimmer 110", "Anna", "12", "+49 30 110"])
def test_a_name_is_a_name(name: str) -> None:
    assert not names_what_is_never_shown(name)


@given(st.text(max_size=300))
def test_any_text_gets_a_verdict(text: str) -> None:
    assert is_never_shown(text) in (True, False)
    assert names_what_is_never_shown(text) in (True, False)
