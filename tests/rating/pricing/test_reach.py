from __future__ import annotations

from rating.pricing import unreachable
from tests.rating.shipped import numbering, tariffs
from tests.rating.small_tariff import changed, loaded

TABLE = numbering().prefix_table


def problems(files: dict[str, str]) -> list[str]:
    return [str(problem) for problem in unreachable(loaded(files), TABLE)]


def test_every_row_and_zone_that_ships_can_be_reached() -> None:
    assert unreachable(tariffs(), TABLE) == ()


def test_a_row_that_no_prefix_leads_to_is_found() -> None:
    assert problems(changed("small/calls.csv", "United States,US,", "Nowhere,AQ,")) == [
        "small/calls.csv:6: no prefix of 2026.1 leads to AQ"
    ]
    assert problems(changed("small/zones.csv", "70,near,Austria,AT,", "70,near,A,AT AT-WIEN,")) == [
        "small/zones.csv:2: no prefix of 2026.1 leads to AT-WIEN"
    ]


def test_a_region_may_be_idle_beside_one_that_is_not() -> None:
    assert problems(changed("small/calls.csv", "United States,US,", "Morocco,MA EH,")) == []
