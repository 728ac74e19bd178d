from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.uri import SipUri, TelUri


@pytest.mark.parametrize(
    ("value", "display", "uri", "parameters"),
    [
        ("<sip:a@h>", "", "sip:a@h", {}),
        ("<sip:a@h;lr>;tag=1", "", "sip:a@h;lr", {"tag": "1"}),
        ("sip:a@h;tag=1", "", "sip:a@h", {"tag": "1"}),
        ("sip:a@h ;tag=1", "", "sip:a@h", {"tag": "1"}),
        ("tel:+4930;tag=1", "", "tel:+4930", {"tag": "1"}),
        ("Anna Beispiel <sip:a@h>", "Anna Beispiel", "sip:a@h", {}),
        ("caller<sip:a@h>;tag=3", "caller", "sip:a@h", {"tag": "3"}),
        ('"Doe, John" <sip:a@h> ; tag = 2', "Doe, John", "sip:a@h", {"tag": "2"}),
        (r'"a \" \\ <b>" <sip:a@h>', r'a " \ <b>', "sip:a@h", {}),
        ('""<sip:a@h>', "", "sip:a@h", {}),
        ("Jürgen (Büro) <sip:a@h>", "Jürgen (Büro)", "sip:a@h", {}),
        ("anna@example.org <sip:a@h>", "anna@example.org", "sip:a@h", {}),
        ("<sip:a@h?Subject=x,y>;q=0.5", "", "sip:a@h?Subject=x,y", {"q": "0.5"}),
        ('<sip:a@h>;+sip.instance="<urn:uuid:1>"', "", "sip:a@h",
         {"+sip.instance": '"<urn:uuid:1>"'}),
    ],
)  # fmt: skip
def test_parse(value: str, display: str, uri: str, parameters: dict[str, str | None]) -> None:
    address = NameAddress.parse(value)
    assert address.display_name == display
    assert str(address.uri) == uri
    assert address.parameters == parameters
    again = NameAddress.parse(str(address))
    assert (again.display_name, str(again.uri)) == (display, uri)
    assert again.parameters == parameters


@pytest.mark.parametrize(
    "value",
    [
        "", "<>", "<sip:a@h", "sip:a@h>", "< sip:a@h >", '"Anna <sip:a@h>', '"Anna" sip:a@h',
        "Doe, John <sip:a@h>", "<sip:a@h> x", "<sip:a@h>,<sip:b@h>", "<sip:a@h>;tag=1;TAG=2",
        "sip:a@h?Route=x", "sip:a,b@h", "<sip:a@h><sip:b@h>", "*", "a;b <sip:a@h>", "x: <sip:a@h>",
        '"a" "b" <sip:a@h>', 'a "b" <sip:a@h>',
    ],
)  # fmt: skip
def test_malformed(value: str) -> None:
    with pytest.raises(RemoteError):
        NameAddress.parse(value)


def test_tag() -> None:
    assert NameAddress.parse("<sip:a@h>;tag=x").tag == "x"
    assert NameAddress.parse("<sip:a@h>").tag is None
    assert NameAddress.parse("<sip:a@h>;tag=").tag is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_can_break_out_of_its_quotes(name: str, user: str) -> None:
    if "\n" in name or any(0xD800 <= ord(mark) <= 0xDFFF for mark in name + user):
        return
    address = NameAddress(
        SipUri("h", user=user or None), display_name=name, parameters={"tag": "1"}
    )
    again = NameAddress.parse(str(address))
    assert again.display_name == name
    assert isinstance(again.uri, SipUri)
    assert again.uri.host == "h"
    assert again.tag == "1"


def test_a_number_with_a_name() -> None:
    address = NameAddress(TelUri("+4930"), display_name="Büro")
    assert str(address) == '"Büro" <tel:+4930>'
