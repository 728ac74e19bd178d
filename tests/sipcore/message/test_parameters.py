from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.parameters import format_parameters, parse_parameters


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("", {}),
        (" ", {}),
        (";lr", {"lr": None}),
        (";Tag=aB", {"tag": "aB"}),
        (" ; a = 1\t; b ;c=", {"a": "1", "b": None, "c": ""}),
        (';x="a;b\\"=,";y=2', {"x": '"a;b\\"=,"', "y": "2"}),
        (";received=2001:db8::1;maddr=[::1]", {"received": "2001:db8::1", "maddr": "[::1]"}),
        (";a=b=c", {"a": "b=c"}),
    ],
)
def test_parse(text: str, parameters: dict[str, str | None]) -> None:
    assert parse_parameters(text) == parameters


@pytest.mark.parametrize(
    "text",
    [
        "x;a", ";", ";;a", ";a;", ";a b", ";a=b c", ";a=b,c", ';a="b', ';a="b"c', ";=b", ";a=<b>",
        ";a;A", ";tag=1;tag=2", ";ä=1", ";a=\nb",
    ],
)  # fmt: skip
def test_malformed(text: str) -> None:
    with pytest.raises(RemoteError):
        parse_parameters(text)


@pytest.mark.parametrize("text", [";lr", ";a=1;b;c=", ';x="a;b"'])
def test_round_trip(text: str) -> None:
    assert format_parameters(parse_parameters(text)) == text
