"""Contract terms, options of a plan, and lists that a contract keeps."""

from __future__ import annotations

from datetime import date

import pytest

from rating.errors import LocalError
from rating.pricing import (
    BookedOption,
    BookedPlan,
    Column,
    ColumnChoice,
    OriginKind,
    Subscription,
    TariffPlan,
)
from tests.rating.small_tariff import FILES, booked, changed, loaded

FIRST = BookedPlan("small", "basic", date(2026, 1, 1), date(2026, 6, 1))
SECOND = BookedPlan("small", "business", date(2026, 6, 1))
VOIP, MOBILE = OriginKind.VOIP, OriginKind.MOBILE


def tariff(files: dict[str, str] = FILES) -> TariffPlan:
    return loaded(files).plan("small")


def test_terms_follow_each_other() -> None:
    both = Subscription((SECOND, FIRST))
    assert both.plan_on(date(2025, 12, 31)) is None
    assert both.plan_on(date(2026, 5, 31)) is FIRST
    assert both.plan_on(date(2026, 6, 1)) is SECOND


@pytest.mark.parametrize("ends", [None, date(2026, 6, 2)])
def test_two_plans_on_one_day_are_a_mistake_of_ours(ends: date | None) -> None:
    with pytest.raises(LocalError):
        Subscription((BookedPlan("small", "basic", date(2026, 1, 1), ends), SECOND))


def active(day: date, plan: BookedPlan, *options: BookedOption) -> list[str]:
    found = tariff().options_on(day, Subscription((plan,), options))
    return [option.id for option in found]


def test_included_options_come_first_and_once() -> None:
    day = date(2026, 6, 2)
    assert active(day, SECOND) == ["FLAT-DE"]
    assert active(day, SECOND, booked("SIM-FLAT"), booked("FLAT-DE")) == ["FLAT-DE", "SIM-FLAT"]
    assert active(day, SECOND, booked("PLUS"), booked("PLUS")) == ["FLAT-DE", "PLUS"]


def test_an_option_that_the_plan_does_not_allow_is_silent() -> None:
    assert active(date(2026, 5, 2), FIRST, booked("SIM-FLAT")) == []
    trunk = BookedPlan("small", "trunk", date(2026, 1, 1))
    assert active(date(2026, 5, 2), trunk, booked("FLAT-DE"), booked("PLUS")) == ["PLUS"]


def test_an_option_of_another_provider_is_not_asked() -> None:
    other = BookedOption("FLAT.DE", 1, date(2026, 1, 1), None, date(2026, 1, 1), "tgnet")
    assert active(date(2026, 5, 2), FIRST, other) == []
    assert active(date(2025, 5, 2), FIRST, booked("PLUS", since=date(2025, 1, 1))) == []


def test_an_option_of_the_contract_term_counts_in_its_term() -> None:
    early = booked("FREE-60", since=date(2026, 5, 1))
    assert active(date(2026, 5, 31), FIRST, early) == ["FREE-60"]
    term = BookedPlan("small", "business", date(2026, 6, 1))
    assert active(date(2026, 6, 1), term, early) == ["FLAT-DE", "FREE-60"]
    late = booked("FREE-60", since=date(2026, 7, 1))
    assert active(date(2026, 6, 30), term, late) == ["FLAT-DE"]


def test_flats_limit_calls_also_when_they_come_with_the_plan() -> None:
    day = date(2026, 6, 2)
    limits = [
        tariff().concurrent_calls_max(day, Subscription((plan,), options))
        for plan, options in (
            (SECOND, ()),
            (SECOND, (booked("FLAT-DE", count=2),)),
            (BookedPlan("small", "basic", date(2026, 1, 1)), ()),
            (FIRST, (booked("FLAT-DE"),)),  # the term is over
        )
    ]
    assert limits == [1, 3, None, None]


def test_what_was_never_offered_cannot_be_booked() -> None:
    for subscription in (
        Subscription((BookedPlan("small", "gold", date(2026, 1, 1)),)),
        Subscription((FIRST,), (booked("GOLD"),)),
    ):
        with pytest.raises(LocalError):
            tariff().options_on(date(2026, 5, 2), subscription)
    with pytest.raises(LocalError):
        tariff().list_for(BookedPlan("small", "basic", date(2026, 1, 1), None, "gold"), date.max)


def test_the_first_plan_of_a_kind_is_the_default() -> None:
    assert tariff().default_plan(is_trunk=False).id == "basic"
    assert tariff().default_plan(is_trunk=True).id == "trunk"
    without = changed("small/tariff.toml", "trunk = true", "trunk = false")
    with pytest.raises(LocalError):
        tariff(without).default_plan(is_trunk=True)


def with_lists(*, pinned: bool = False) -> TariffPlan:
    """Load two lists that hold at the same time, one of them in two versions."""
    text = FILES["small/tariff.toml"]
    start, end = text.index("[[price_list]]"), text.index("[[option]]")
    first = text[start:end].replace("valid_from = 2024-01-01", "valid_from = 2024-01-01\nFLAGS")
    second = first.replace('version = "1"', 'version = "2"').replace("2024-01-01", "2025-07-01")
    other = first.replace('id = "small"', 'id = "other"').replace("FLAGS", "")
    flags = "default = true\npinned = true" if pinned else "default = true"
    lists = first.replace("FLAGS", f"{flags}\nvalid_to = 2025-07-01") + second + other
    files = {
        **FILES,
        "small/tariff.toml": text[:start] + lists.replace("FLAGS", flags) + text[end:],
    }
    return loaded(files).plan("small")


def version(plan: TariffPlan, since: date, day: date, list_id: str | None = None) -> str | None:
    found = plan.list_for(BookedPlan("small", "basic", since, None, list_id), day)
    return None if found is None else f"{found.id} {found.version}"


def test_a_list_is_picked_by_the_contract_and_the_version_by_the_day() -> None:
    plan, since = with_lists(), date(2024, 3, 1)
    assert version(plan, since, date(2025, 6, 30)) == "small 1"
    assert version(plan, since, date(2025, 7, 1)) == "small 2"
    assert version(plan, since, date(2025, 7, 1), "small") == "small 2"
    assert version(plan, since, date(2025, 7, 1), "other") == "other 1"
    assert version(plan, since, date(2023, 7, 1)) is None


def test_a_pinned_list_keeps_the_version_of_the_first_day_of_the_term() -> None:
    plan = with_lists(pinned=True)
    assert version(plan, date(2025, 6, 30), date(2026, 5, 1)) == "small 1"
    assert version(plan, date(2025, 7, 1), date(2026, 5, 1)) == "small 2"
    assert version(plan, date(2023, 7, 1), date(2026, 5, 1)) is None


def test_a_column_holds_if_each_of_its_conditions_does() -> None:
    choice = ColumnChoice(
        [
            Column("base"),
            Column("gold", plans=frozenset({"gold"})),
            Column("sim", origins=frozenset({MOBILE})),
            Column("gold-sim", plans=frozenset({"gold"}), origins=frozenset({MOBILE}), option="X"),
        ],
        ["basic", "gold"],
    )
    nothing: frozenset[str] = frozenset()
    assert choice.holding("basic", VOIP, nothing) == ("base",)
    assert choice.holding("basic", MOBILE, {"X"}) == ("sim", "base")
    assert choice.holding("gold", VOIP, {"X"}) == ("gold", "base")
    assert choice.holding("gold", MOBILE, nothing) == ("sim", "gold", "base")
    assert choice.holding("gold", MOBILE, {"X", "Y"}) == ("gold-sim", "sim", "gold", "base")
