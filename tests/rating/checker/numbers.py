"""From dialled text to a number, once more: RFC 3966 separators, ITU-T E.164, the German plan."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeVar

from tests.rating.checker.files import (
    Range,
    area_code_lengths,
    country_codes,
    prefixes,
    special_ranges,
)

T = TypeVar("T")

SEPARATORS = " -.()/"
GLOBAL_SHORT_CODES = ("public_service_115", "harmonised_116")
NOBODY_CALLS = ("not_offered", "unknown")


class Called(NamedTuple):
    """A number of the world (``kind`` is "world") or a German service number of a kind."""

    kind: str
    digits: str
    e164: str | None


class NotCalled(NamedTuple):
    reason: str


INCOMPLETE = NotCalled("incomplete")
UNKNOWN = NotCalled("unknown")
MALFORMED = NotCalled("malformed")


def read(dialled: str, country_code: str, area_code: str | None) -> Called | NotCalled:
    help_number = calls_for_help(dialled)
    if help_number:
        at_home = country_code == "49"
        return Called("emergency", help_number, None) if at_home else NotCalled("foreign_emergency")
    digits = bare(dialled)
    if digits is None:
        return MALFORMED
    for sign in ("+", "00"):
        if digits.startswith(sign):
            return of_the_world(digits.removeprefix(sign))
    if country_code != "49":
        return UNKNOWN
    if digits.startswith("0"):
        return of_germany(digits)
    special = longest(special_ranges(), digits)
    if special is not None:
        return of_special_range(digits)
    if not digits:
        return INCOMPLETE
    if digits.startswith("11") or digits[1:] in ("110", "112"):
        return UNKNOWN
    return INCOMPLETE if area_code is None else of_an_area(area_code + digits)


def range_of(called: Called) -> Range | None:
    """Give the entry of the prefix table for a number of the world."""
    return longest(prefixes(), called.digits)


def longest(table: dict[str, T], digits: str) -> T | None:
    """Look for the longest beginning that stands in a table."""
    beginning = digits
    while beginning:
        if beginning in table:
            return table[beginning]
        beginning = beginning[:-1]
    return None


def calls_for_help(dialled: str) -> str | None:
    """Find 110 or 112, also behind the prefix of another carrier, with anything after it."""
    run = re.match(r"[0-9 \-.()/]*", dialled)
    assert run is not None
    found = re.match(r"(?:010(?:0\d\d|[1-9]\d))?(11[02])", without_separators(run[0]))
    return found[1] if found else None


def bare(dialled: str) -> str | None:
    """Give the digits, with a plus in front where there was one."""
    text = dialled
    if text.lstrip().startswith(("+", "00")):
        text = text.replace("(0)", "", 1)
    text = without_separators(text)
    if text.endswith("#") and not re.fullmatch(r"\+?\d*", text):
        text = text[:-1]
    digits = text.removeprefix("+")
    ascii_digits = all(letter in "0123456789" for letter in digits)
    return text if ascii_digits and len(digits) <= 32 else None


def without_separators(text: str) -> str:
    return "".join(letter for letter in text if letter not in SEPARATORS)


def of_the_world(digits: str) -> Called | NotCalled:
    if digits.startswith("49"):
        return of_germany_from_abroad(digits[2:])
    if len(digits) > 15:
        return UNKNOWN
    codes = [code for code in country_codes() if digits.startswith(code)]
    if not codes:
        return INCOMPLETE if len(digits) < 3 and not digits.startswith("0") else UNKNOWN
    code = min(codes, key=len)
    if len(digits) - len(code) < country_codes()[code]:
        return INCOMPLETE
    if code == "800":
        freephone = Called("international_freephone_00800", f"00{digits}", f"+{digits}")
        return freephone if len(digits) == 11 else UNKNOWN
    return Called("world", digits, f"+{digits}")


def of_germany_from_abroad(digits: str) -> Called | NotCalled:
    if not digits:
        return INCOMPLETE
    if digits.startswith("0"):
        return UNKNOWN
    special = longest(special_ranges(), digits)
    if special is not None and special["kind"] in GLOBAL_SHORT_CODES:
        code = of_special_range(digits)
        if isinstance(code, Called):
            return code
    return of_germany(f"0{digits}")


def of_germany(digits: str) -> Called | NotCalled:
    if longest(special_ranges(), digits) is not None:
        return of_special_range(digits)
    return of_an_area(digits[1:])


def of_special_range(digits: str) -> Called | NotCalled:
    special = longest(special_ranges(), digits)
    assert special is not None
    kind = special["kind"]
    if kind in NOBODY_CALLS:
        return NotCalled(kind)
    if len(digits) < int(special["digits_min"]):
        return INCOMPLETE
    if len(digits) > int(special["digits_max"]):
        return UNKNOWN
    if kind == "mobile":
        return german_line(digits[1:])
    if kind in GLOBAL_SHORT_CODES:
        return Called(kind, digits, f"+49{digits}")
    return Called(kind, digits, f"+49{digits[1:]}" if digits.startswith("0") else None)


def of_an_area(digits: str) -> Called | NotCalled:
    lengths = area_code_lengths()
    area_digits = longest(lengths, digits)
    if area_digits is None:
        return INCOMPLETE if len(digits) < max(map(len, lengths)) else UNKNOWN
    if area_digits == 0:
        return UNKNOWN
    subscriber = digits[area_digits:]
    if len(subscriber) < 3:
        return INCOMPLETE
    if subscriber.startswith(("110", "112")):
        return UNKNOWN
    return german_line(digits)


def german_line(national_number: str) -> Called | NotCalled:
    digits = f"49{national_number}"
    return Called("world", digits, f"+{digits}") if len(digits) <= 15 else UNKNOWN
