"""Whose password counts, made with which algorithm, whatever stands in From."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.freiton.calls.scene import ANNA, BEN, NORTH
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import Town

STRICT = replace(ANNA, algorithms=("SHA-256",))


def open_town(*, is_strict: bool = True) -> VirtualSwitch:
    return VirtualSwitch(Town((STRICT if is_strict else ANNA, BEN), (NORTH,)))


def offered(phone: ScriptedPhone, from_value: str) -> list[str]:
    """Return the algorithms that a message without credentials is challenged with, in order."""
    request = phone._request("MESSAGE", "sip:ben@example.org", to="<sip:ben@example.org>")
    request.replace_first("from", f"{from_value};tag=1")
    phone.password = "wrong"
    phone._ask(request)
    phone.wire.settle()
    fields = phone.replies[-1].values("proxy-authenticate")
    return [one.partition("algorithm=")[2].partition(",")[0] for one in fields]


@pytest.mark.parametrize("shown", ["anna", "ben", "nobody"])
def test_no_from_makes_a_weaker_answer_count(shown: str) -> None:
    switch = open_town()
    anna = switch.phone("anna")
    anna.shown_as = shown
    anna.ask("MESSAGE", "sip:ben@example.org", body=b"signed with MD5")
    assert anna.replies, "it was answered"
    assert {one.status for one in anna.replies} == {407}


def test_who_asks_for_md5_is_let_in_with_it() -> None:
    switch = open_town(is_strict=False)
    anna = switch.phone("anna")
    anna.shown_as = "ben"
    anna.ask("MESSAGE", "sip:ben@example.org", body=b"hello")
    assert anna.replies[-1].status == 403, "known by the password, and not as Ben"


@pytest.mark.parametrize(
    ("from_value", "is_strict", "algorithms"),
    [
        ("<sip:anna@example.org>", True, ["SHA-256"]),
        ("<sip:ben@example.org>", True, ["MD5"]),
        ("<sip:nobody@example.org>", True, ["MD5"]),
        ("<sip:anonymous@anonymous.invalid>", True, ["SHA-256", "MD5"]),
        ("<sip:anonymous@anonymous.invalid>", False, ["MD5"]),
    ],
)
def test_what_is_offered_follows_from(
    from_value: str, *, is_strict: bool, algorithms: list[str]
) -> None:
    switch = open_town(is_strict=is_strict)
    assert offered(switch.phone("anna"), from_value) == algorithms
