"""Tell where the prefix table and the library disagree: ``python -m freiton.numbering_report``.

The library is no authority for a price; it is a second opinion. Valid numbers of every region and
line type are varied at random, the same ones every day, and looked up in both. Each disagreement is
reported with a number that shows it and, where it is meant to be, with its reason. The command
exits with 1 if one has none.
"""

import argparse
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from rating.numbering import LineType, NumberRange, PrefixTable, load_numbering

NUMBERS_PER_TYPE: Final = 12
"""Variations of the library's example of a region and line type."""

_SEED: Final = 20260301
_GLOBAL_REGION: Final = "001"
_VOICEMAIL: Final = "voicemail"
_PLAIN: Final = frozenset({"fixed", "mobile", "either"})
_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
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
        PhoneNumberType.VOICEMAIL: _VOICEMAIL,
    }
)
# What is refused for these is never a plain line. (region, type of the library) -> type of the
# table.
_TOLD_BY_LENGTH: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("AD", "toll_free"): "premium",
        ("CA", "universal_access"): "either",
        ("CL", "fixed"): "shared_cost",
        ("CN", "fixed"): "shared_cost",
        ("KR", "universal_access"): "pager",
        ("UY", "universal_access"): "fixed",
        ("VU", "toll_free"): "mobile",
    }
)


@dataclass(frozen=True, slots=True)
class SampleNumber:
    """A number that the library holds valid, and what it takes it for."""

    digits: str
    region: str
    line_type: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Numbers for which both say different things."""

    region: str
    library: str
    table_region: str
    """Empty where the table has no prefix for the number."""
    table: str
    example: str
    count: int
    reason: str | None
    """Why the table is right; ``None``: nobody has looked at it."""


def sample_numbers() -> Iterator[SampleNumber]:
    """Give valid numbers of every region and line type that the library knows."""
    rng = random.Random(_SEED)  # noqa: S311 - a sample that is the same every day
    for country_code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        for region in regions:
            for line_type in _NAMES:
                yield from _variations(rng, country_code, region, line_type)


def compare(table: PrefixTable) -> tuple[int, list[Disagreement]]:
    """Give the number of numbers that were looked up, and what both disagree on."""
    seen = 0
    found: dict[tuple[str, str, str, str], Disagreement] = {}
    for number in sample_numbers():
        seen += 1
        entry = table.lookup(number.digits)
        table_region, table_type = ("", "") if entry is None else (entry.region, entry.line_type)
        if (table_region, table_type) == (number.region, number.line_type):
            continue
        key = number.region, number.line_type, table_region, str(table_type)
        known = found.get(key)
        count, example = (known.count, known.example) if known else (0, number.digits)
        reason = None if entry is None else _reason(number, entry)
        found[key] = Disagreement(*key, example, count + 1, reason)
    return seen, sorted(found.values(), key=lambda one: (one.reason or "", one.region))


def render(seen: int, disagreements: list[Disagreement]) -> str:
    """Write the report as text, what has no reason first."""
    lines = [f"{'library':24} {'table':24} {'numbers':>7}  {'example':17} reason"]
    for one in disagreements:
        library, table = f"{one.region} {one.library}", f"{one.table_region} {one.table}"
        reason = one.reason or "NOT EXPLAINED"
        lines.append(f"{library:24} {table:24} {one.count:>7}  +{one.example:16} {reason}")
    differing = sum(one.count for one in disagreements)
    unexplained = sum(one.count for one in disagreements if one.reason is None)
    total = (
        f"{seen} numbers: {seen - differing} agree, {differing} differ, {unexplained} unexplained"
    )
    return "\n".join((*lines, total))


def main(arguments: list[str]) -> int:
    """Print the report; give the exit code."""
    parser = argparse.ArgumentParser(description="Compare the prefix table with the library.")
    parser.add_argument("folder", type=Path, help="config/numbering")
    parser.add_argument("--version", help="another version than the one in force")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    texts = {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
    numbering = load_numbering(texts, version=options.version)
    seen, disagreements = compare(numbering.prefix_table)
    made_of = f"numbering {numbering.version}, phonenumberslite {phonenumbers.__version__}"
    sys.stdout.write(f"{made_of}\n{render(seen, disagreements)}\n")
    return int(any(one.reason is None for one in disagreements))


def _variations(
    rng: random.Random, country_code: int, region: str, line_type: int
) -> Iterator[SampleNumber]:
    example = (
        phonenumbers.example_number_for_non_geo_entity(country_code)
        if region == _GLOBAL_REGION
        else phonenumbers.example_number_for_type(region, line_type)
    )
    if example is None:
        return
    digits = f"{country_code}{phonenumbers.national_significant_number(example)}"
    for _ in range(NUMBERS_PER_TYPE):
        kept = rng.randint(len(str(country_code)) + 1, len(digits) - 1)
        varied = digits[:kept] + "".join(rng.choice("0123456789") for _ in digits[kept:])
        number = _parsed(varied)
        if number is not None and phonenumbers.is_valid_number(number):
            found = str(phonenumbers.region_code_for_number(number))
            yield SampleNumber(varied, found, _NAMES[phonenumbers.number_type(number)])


def _parsed(digits: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None


def _reason(number: SampleNumber, entry: NumberRange) -> str | None:
    """Say why the table differs on purpose."""
    region, library, line_type = number.region, number.line_type, entry.line_type
    hand_kept = region in ("CL", "DK") and library == "either" and line_type in _PLAIN
    rules = (
        (
            region == _GLOBAL_REGION and line_type in (LineType.SATELLITE, LineType.GLOBAL),
            "satellites and global networks are named for what they are",
        ),
        (
            region == "DE" and line_type is LineType.SPECIAL,
            "German service ranges are priced by their own table",
        ),
        (
            library == _VOICEMAIL,
            "mailboxes share prefixes with lines",
        ),
        (
            region == entry.region and line_type is LineType.EITHER and library in _PLAIN,
            "blocks of both kinds alternate; priced as fixed (R-FLOM)",
        ),
        (hand_kept, "the plan of the country says which series are mobile"),
        (
            _TOLD_BY_LENGTH.get((region, library)) == line_type,
            "told apart by the length of the number",
        ),
    )
    return next((reason for holds, reason in rules if holds), None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
