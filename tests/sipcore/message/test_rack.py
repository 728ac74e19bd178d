"""RSeq and RAck (RFC 3262 §7, §10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.message import Request, Response
from sipcore.message.rack import RAck, reliable_number, requires_reliable, supports_reliable


def provisional(status: int = 183, **fields: str) -> Response:
    response = Response(status, "x")
    for key, value in fields.items():
        response.add(key, value)
    return response


@given(st.integers(1, 2**32 - 1), st.integers(0, 2**31 - 1), st.sampled_from(["INVITE", "x-Y.1"]))
def test_a_rack_is_read_as_it_is_written(number: int, sequence: int, method: str) -> None:
    rack = RAck(number, sequence, method)
    assert RAck.parse(str(rack)) == rack
    assert hash(RAck.parse(str(rack))) == hash(rack)


@pytest.mark.parametrize(
    "value",
    ["", "1", "1 2", "1 2 ", "a 2 INVITE", "1 -2 INVITE", "4294967296 1 INVITE", "1 2147483648 X",
     "1 2 INVITE x"],
)  # fmt: skip
def test_what_is_no_rack(value: str) -> None:
    with pytest.raises(RemoteError):
        RAck.parse(value)


def test_a_prack_without_rack_is_malformed() -> None:
    with pytest.raises(RemoteError):
        RAck.of(Request("PRACK", "sip:bob@example.org"))


@pytest.mark.parametrize(
    ("response", "number"),
    [
        (provisional(rseq="7", require="100rel"), 7),
        (provisional(rseq="7", require="timer, 100REL"), 7),
        (provisional(199, rseq="7", require="100rel"), 7),
        (provisional(100, rseq="7", require="100rel"), None),
        (provisional(200, rseq="7", require="100rel"), None),
        (provisional(rseq="7"), None),
        (provisional(require="100rel"), None),
        (provisional(rseq="0", require="100rel"), None),
        (provisional(rseq="x", require="100rel"), None),
        (provisional(rseq="4294967296", require="100rel"), None),
    ],
)
def test_which_provisional_wants_a_prack(response: Response, number: int | None) -> None:
    assert reliable_number(response) == number


def test_who_takes_reliable_responses() -> None:
    plain, can, must = (Request("INVITE", "sip:bob@example.org") for _ in range(3))
    can.add("supported", "timer, 100rel")
    must.add("require", "100rel")
    seen = [(supports_reliable(one), requires_reliable(one)) for one in (plain, can, must)]
    assert seen == [(False, False), (True, False), (True, True)]
