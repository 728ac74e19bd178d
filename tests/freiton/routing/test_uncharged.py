"""A neighbour is only what nothing charged can pass."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from freiton.routing.directory import Directory, Handling, Trunk, TrunkKind, TrunkSource
from freiton.routing.uncharged import charged_neighbours, is_public_number, why_charged
from tests.support.virtual_town import trunk

CARRIER = trunk(1, "north")
NEIGHBOUR = trunk(2, "east", handling=Handling.PROXY)


def why(one: Trunk, *others: Trunk) -> str:
    return why_charged(one, others, is_local_domain={"example.org"}.__contains__) or ""


def test_a_neighbour_beside_a_carrier() -> None:
    assert why(NEIGHBOUR, CARRIER) == ""
    assert why(CARRIER, NEIGHBOUR) == ""


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (replace(NEIGHBOUR, kind=TrunkKind.REGISTRATION, username="u"), "knows us by a user"),
        (replace(NEIGHBOUR, is_emergency=True), "emergency calls"),
        (replace(NEIGHBOUR, reserved_for_emergency=1), "emergency calls"),
        (replace(NEIGHBOUR, domain="example.org"), "example.org is ours"),
        (replace(NEIGHBOUR, domain="North.example"), "north, whose calls are charged"),
        (replace(NEIGHBOUR, host=CARRIER.host), "lead to north"),
        (
            replace(NEIGHBOUR, sources=(TrunkSource(ip_network("203.0.113.0/24")),)),
            "lead to north",
        ),
    ],
)
def test_what_could_be_charged_is_no_neighbour(changed: Trunk, sentence: str) -> None:
    assert sentence in why(changed, CARRIER)


def test_two_neighbours_of_one_domain() -> None:
    assert "already" in why(
        NEIGHBOUR, trunk(3, "west", domain="East.example", handling=Handling.PROXY)
    )


def test_sources_on_different_ports_are_different() -> None:
    ours = replace(
        NEIGHBOUR, host="127.0.0.1", port=1, sources=(TrunkSource(ip_network("127.0.0.1"), 1),)
    )
    theirs = replace(
        CARRIER, host="127.0.0.1", port=2, sources=(TrunkSource(ip_network("127.0.0.1"), 2),)
    )
    assert why(ours, theirs) == ""


def test_the_whole_site_is_looked_at() -> None:
    wrong = replace(NEIGHBOUR, domain="north.example")
    directory = Directory(default_domain="example.org", trunks=(CARRIER, wrong))
    ((found, sentence),) = charged_neighbours(directory)
    assert found == wrong
    assert "north" in sentence
    assert charged_neighbours(Directory(default_domain="example.org", trunks=(CARRIER,))) == []


def test_a_neighbour_is_found_by_its_domain_and_is_no_carrier() -> None:
    directory = Directory(default_domain="example.org", trunks=(CARRIER, NEIGHBOUR))
    assert directory.neighbour("EAST.example") == NEIGHBOUR
    assert directory.neighbour("north.example") is None
    assert directory.carriers == (CARRIER,)
    assert directory.trunks == (CARRIER, NEIGHBOUR)
    assert not Directory(default_domain="example.org", trunks=(CARRIER,)).has_neighbours


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("+4930123", True),
        ("030123", True),
        ("0049301", True),
        ("200", False),
        ("anna", False),
        ("", False),
        ("+anna", False),
    ],
)
def test_public_numbers_begin_as_they_are_dialled(user: str, *, expected: bool) -> None:
    assert is_public_number(user) is expected
