"""`freiton trunk … --handling proxy` says why a trunk cannot be a neighbour."""

from __future__ import annotations

import pytest

from tests.freiton.cli.conftest import Freiton

NEIGHBOUR = ("trunk", "add", "east", "--domain", "east.example", "--handling", "proxy")


def add_carrier(freiton: Freiton) -> None:
    freiton("trunk", "add", "north", "--host", "192.0.2.1", "--domain", "north.example")


def test_a_neighbour_is_added_and_checked(freiton: Freiton) -> None:
    add_carrier(freiton)
    freiton(*NEIGHBOUR, "--host", "192.0.2.20")
    handlings = [one["handling"] for one in freiton("trunk", "list", "--json").json]
    assert sorted(handlings) == ["b2bua", "proxy"]
    assert "All is well." in freiton("check-config").out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--host", "192.0.2.1:5061", "--source", "192.0.2.0/24"), "would lead to north"),
        (("--host", "192.0.2.9", "--domain", "freiton.internal"), "freiton.internal is ours"),
        (("--host", "192.0.2.9", "--domain", "north.example"), "is that of north"),
        (("--host", "192.0.2.9", "--emergency"), "cannot serve emergency calls"),
        (("--host", "192.0.2.9", "--username", "u", "--secret", "s"), "charges calls"),
    ],
)
def test_what_could_be_charged_is_refused(
    freiton: Freiton, options: tuple[str, ...], sentence: str
) -> None:
    add_carrier(freiton)
    refused = freiton(*NEIGHBOUR, *options, status=1)
    assert sentence in refused.err
    assert len(freiton("trunk", "list", "--json").json) == 1


def test_a_carrier_cannot_come_where_a_neighbour_is(freiton: Freiton) -> None:
    freiton(*NEIGHBOUR, "--host", "192.0.2.20")
    refused = freiton(
        "trunk", "add", "south", "--host", "192.0.2.21", "--domain", "east.example", status=1
    )
    assert "trunk east: domain east.example is that of south" in refused.err
