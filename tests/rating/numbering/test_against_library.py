"""Where the frozen table and phonenumberslite disagree, and why that is right.

The library is no authority for a price; it is a second opinion. A sample of its valid numbers
is looked up, and every disagreement must be one of the explained ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberType

from rating.numbering import LineType, PrefixTable
from tests.rating.shipped import numbering

NUMBERS_PER_TYPE = 12
NAMES = {
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "either",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "universal_access",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
# The library tells these by the length of the number, which a prefix cannot; what is refused for
# it is never a plain line. (region, type of the library) -> type of the table.
SAME_PREFIX = {
    ("AD", "toll_free"): "premium",
    ("CA", "universal_access"): "either",
    ("CL", "fixed"): "shared_cost",
    ("CN", "fixed"): "shared_cost",
    ("KR", "universal_access"): "pager",
    ("UY", "universal_access"): "fixed",
    ("VU", "toll_free"): "mobile",
}


def sample() -> Iterator[tuple[str, PhoneNumber]]:
    rng = random.Random(20260301)  # noqa: S311 - a sample that is the same every day
    for country_code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        for region in regions:
            for line_type in NAMES:
                yield from variations(rng, country_code, region, line_type)


def variations(
    rng: random.Random, country_code: int, region: str, line_type: int
) -> Iterator[tuple[str, PhoneNumber]]:
    example = (
        phonenumbers.example_number_for_non_geo_entity(country_code)
        if region == "001"
        else phonenumbers.example_number_for_type(region, line_type)
    )
    if example is None:
        return
    digits = f"{country_code}{phonenumbers.national_significant_number(example)}"
    for _ in range(NUMBERS_PER_TYPE):
        kept = rng.randint(len(str(country_code)) + 1, len(digits) - 1)
        tail = "".join(rng.choice("0123456789") for _ in range(len(digits) - kept))
        try:
            number = phonenumbers.parse(f"+{digits[:kept]}{tail}")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            yield digits[:kept] + tail, number


def is_explained(region: str, library: str, table_region: str, line_type: LineType) -> bool:
    plain = {"fixed", "mobile", "either"}
    same_region = region == table_region
    return (
        # Satellite and global networks have no home; the table names them for what they are.
        (region == "001" and line_type in (LineType.SATELLITE, LineType.GLOBAL))
        # German service ranges are priced by their own table.
        or (region == "DE" and line_type is LineType.SPECIAL)
        # Mailboxes share prefixes with lines and are not told apart.
        or library == "voicemail"
        # Blocks of both kinds alternate; lists price "either" as fixed (R-FLOM).
        or (same_region and line_type is LineType.EITHER and library in plain)
        # Hand-kept: the plans of Chile and Denmark say which series are mobile.
        or (region in ("CL", "DK") and library == "either" and line_type in plain)
        or SAME_PREFIX.get((region, library)) == line_type
    )


@pytest.fixture(scope="module")
def table() -> PrefixTable:
    return numbering().prefix_table


def test_every_disagreement_with_the_library_is_explained(table: PrefixTable) -> None:
    seen = 0
    unexplained: set[tuple[str | None, str, str, str]] = set()
    for digits, number in sample():
        seen += 1
        region = phonenumbers.region_code_for_number(number)
        library = NAMES[phonenumbers.number_type(number)]
        entry = table.lookup(digits)
        assert entry is not None, digits
        agrees = (entry.region, entry.line_type) == (region, library)
        if not agrees and not is_explained(str(region), library, entry.region, entry.line_type):
            unexplained.add((region, library, entry.region, entry.line_type))
    assert seen > 10_000
    assert unexplained == set()


def test_no_premium_number_of_the_library_is_a_plain_line(table: PrefixTable) -> None:
    """Fraud: what the library calls premium must never get the price of a country row."""
    refused = {LineType.PREMIUM, LineType.SHARED_COST, LineType.SPECIAL, LineType.GLOBAL}
    for digits, number in sample():
        if phonenumbers.number_type(number) == PhoneNumberType.PREMIUM_RATE:
            entry = table.lookup(digits)
            assert entry is not None
            assert entry.line_type in refused, digits
