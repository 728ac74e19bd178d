from __future__ import annotations

import pytest

from rating.numbering import LineType, NumberRange
from rating.pricing import Zone, ZoneMap, ZonePurpose


def zone(
    name: str, rank: int, *members: str, within: str | None = None, rest: bool = False
) -> Zone:
    return Zone(
        id=name,
        purpose=ZonePurpose.CALL,
        rank=rank,
        is_rest=rest,
        within=within,
        members=frozenset(members),
        readings=(f"R-{name.upper()}",),
        member_readings={"TR-NORTH": ("R-NORTH",), "TR": ("R-TR",)},
    )


ZONES = ZoneMap(
    [
        zone("one", 0, "AT", "CH"),
        zone("union", 1, "AT", "PT", within="one"),
        zone("two", 2, "TR", "PT-AZORES"),
        zone("three", 3, "TR-NORTH", "GL"),
        zone("four", 4, rest=True),
    ],
    country="DE",
)


def place(region: str, breakout: str = "") -> NumberRange:
    return NumberRange("1", region, LineType.FIXED, breakout)


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        (place("AT"), ["union", "one"]),  # the narrower one first
        (place("CH"), ["one"]),
        (place("PT"), ["union", "one"]),  # listed in the inner zone only
        (place("PT", "PT-AZORES"), ["two"]),
        (place("PT", "PT-MADEIRA"), ["union", "one"]),  # a breakout that no zone lists
        (place("TR"), ["two"]),
        (place("TR", "TR-NORTH"), ["three"]),
        (place("TH"), ["four"]),
        (place("TH", "TH-BANGKOK"), ["four"]),
        (place("001"), []),
        (place("DE"), []),
        (place("DE", "DE-O2"), []),
    ],
)
def test_a_place_has_the_zones_that_list_it(entry: NumberRange, names: list[str]) -> None:
    assert [found.id for found in ZONES.of_range(entry)] == names


def test_without_a_rest_zone_most_of_the_world_is_nowhere() -> None:
    zones = ZoneMap([zone("one", 0, "AT")], country="DE")
    assert zones.of_region("TH") == ()
    assert [found.id for found in zones.of_region("AT")] == ["one"]


def test_a_place_carries_the_decisions_on_it() -> None:
    two, three = ZONES.zones["two"], ZONES.zones["three"]
    assert two.readings_of(place("TR")) == ("R-TWO", "R-TR")
    assert three.readings_of(place("TR", "TR-NORTH")) == ("R-THREE", "R-NORTH")
    assert two.readings_of(place("CH")) == ("R-TWO",)
    assert two.selector == "@two"
