from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.cseq import CSeq


@pytest.mark.parametrize(
    ("value", "written"),
    [("1 INVITE", "1 INVITE"), ("0009\t  ACK", "9 ACK"), ("2147483647 x", "2147483647 x")],
)
def test_round_trip(value: str, written: str) -> None:
    assert str(CSeq.parse(value)) == written
    assert CSeq.parse(value) == CSeq.parse(written)
    assert hash(CSeq.parse(value)) == hash(CSeq.parse(written))


@pytest.mark.parametrize(
    "value",
    ["", "1", "INVITE", "1INVITE", "-1 INVITE", "1 IN VITE", "2147483648 INVITE", "1 @", "٣ BYE"],
)
def test_malformed(value: str) -> None:
    with pytest.raises(RemoteError):
        CSeq.parse(value)


def test_methods_are_case_sensitive() -> None:
    assert CSeq.parse("1 invite") != CSeq.parse("1 INVITE")
