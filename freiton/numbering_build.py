"""Make the numbering tables offline: ``python -m freiton.numbering_build config/numbering 2026.1``.

Country, fixed and mobile come from the metadata of phonenumberslite, cities, networks and
corrections from ``ranges.csv``, German special ranges from ``de-special.csv``. The result is frozen
under a version and reviewed like code: at rating time nothing asks the library.

The metadata is walked digit by digit. Where all numbers behind a prefix have one line type, the
prefix is a leaf; after six national digits the rarer readings give way. Leaves are then merged so
that the longest prefix still finds the same answer (optimal route table construction): a prefix
states what most of its numbers are, longer ones the exceptions.
"""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Final

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from freiton.digit_pattern import START, DigitPattern, State
from rating.numbering import LineType, NumberRange

NATIONAL_DIGITS_MAX: Final[Mapping[str, int]] = {"91": 4}
"""How deep the metadata is followed, else six digits: deeper makes thousands of rows for a handful
of numbers. In India blocks of fixed and mobile numbers alternate down to the seventh digit."""
ASSIGNED_DIGITS: Final[Mapping[str, int]] = {"1": 3, "7": 3, "49": 3}
"""To how many national digits unassigned prefixes are listed (area codes there); else two."""
MERGE_FIXED_DIGITS: Final = 4
"""From this many digits a fixed range may be listed as "either" among such ranges: lists that
cannot tell price both as fixed."""
GLOBAL_REGION: Final = "001"
GERMANY: Final = "49"
DIGITS: Final = "0123456789"

# The order in which the metadata's own classification asks (a number may match several patterns).
_LINE_TYPES: Final = (
    ("premium_rate", LineType.PREMIUM),
    ("toll_free", LineType.TOLL_FREE),
    ("shared_cost", LineType.SHARED_COST),
    ("voip", LineType.VOIP),
    ("personal_number", LineType.PERSONAL),
    ("pager", LineType.PAGER),
    ("uan", LineType.UNIVERSAL_ACCESS),
    ("fixed_line", LineType.FIXED),
    ("mobile", LineType.MOBILE),
)
_ORDINARY: Final = frozenset({LineType.FIXED, LineType.MOBILE, LineType.EITHER})


class NumberingBuildError(Exception):
    """The library's metadata is not as this generator expects it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a prefix leads to."""

    region: str
    line_type: LineType
    breakout: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pattern of one region and line type, as far as it was followed."""

    region: str
    line_type: LineType
    pattern: DigitPattern
    state: State = START

    def step(self, digit: str) -> "Candidate":
        """Read one more digit."""
        state = self.pattern.step(self.state, digit)
        return Candidate(self.region, self.line_type, self.pattern, state)


@dataclass(frozen=True)
class Node:
    """A prefix in the tree: a leaf with its target (``None``: any will do), or ten children."""

    target: Target | None = None
    children: tuple["Node", ...] = ()
    depth: int = 0

    @cached_property
    def choices(self) -> frozenset[Target]:
        """Targets that need the fewest rows below; empty where any will do."""
        if not self.children:
            return self._leaf_choices()
        votes = Counter(target for child in self.children for target in child.choices)
        most = max(votes.values(), default=0)
        return frozenset(target for target, count in votes.items() if count == most)

    def _leaf_choices(self) -> frozenset[Target]:
        if self.target is None:
            return frozenset()
        either = Target(self.target.region, LineType.EITHER, self.target.breakout)
        if self.target.line_type is LineType.FIXED and self.depth >= MERGE_FIXED_DIGITS:
            return frozenset({self.target, either})
        return frozenset({self.target})

    def rows(self, prefix: str, inherited: Target | None = None) -> Iterator[NumberRange]:
        """List the exceptions to ``inherited`` under ``prefix``."""
        if self.choices and inherited not in self.choices:
            inherited = min(self.choices, key=_preference)
            yield NumberRange(prefix, inherited.region, inherited.line_type, inherited.breakout)
        for digit, child in enumerate(self.children):
            yield from child.rows(f"{prefix}{digit}", inherited)


class CountryTree:
    """Builds the tree of one country code."""

    def __init__(self, country_code: str, corrections: Mapping[str, Target]) -> None:
        self._country_code = country_code
        self._regions = _regions(country_code)
        self._assigned_digits = ASSIGNED_DIGITS.get(country_code, 2)
        self._digits_max = NATIONAL_DIGITS_MAX.get(country_code, 6)
        self._corrections = {
            prefix: target
            for prefix, target in corrections.items()
            if prefix.startswith(country_code)
        }
        self._known: dict[tuple[int, tuple[Candidate, ...]], Node] = {}

    def build(self) -> Node:
        """Make the tree of all numbers behind the country code."""
        candidates = [
            Candidate(region, line_type, pattern)
            for region in self._regions
            for line_type, pattern in _patterns(self._country_code, region)
        ]
        return self._node(self._country_code, tuple(candidates), 0, None)

    def _node(
        self, prefix: str, candidates: tuple[Candidate, ...], depth: int, correction: Target | None
    ) -> Node:
        correction = self._corrections.get(prefix, correction)
        further = any(other != prefix and other.startswith(prefix) for other in self._corrections)
        if correction is not None or further:
            return self._make(prefix, candidates, depth, correction, further=further)
        # Equal rests of patterns make equal trees, whatever digits led there.
        key = depth, candidates
        if key not in self._known:
            self._known[key] = self._make(prefix, candidates, depth, None, further=False)
        return self._known[key]

    def _make(
        self,
        prefix: str,
        candidates: tuple[Candidate, ...],
        depth: int,
        correction: Target | None,
        *,
        further: bool,
    ) -> Node:
        if not further:
            if not candidates and correction is None and depth <= self._assigned_digits:
                return Node(Target(self._regions[0], LineType.UNASSIGNED), depth=depth)
            decided = len({(c.region, c.line_type) for c in candidates}) <= 1
            enough = depth >= (self._assigned_digits if decided else self._digits_max)
            if enough or (candidates and not any(_step(candidates, digit) for digit in DIGITS)):
                return Node(_correct(_target(candidates), correction), depth=depth)
        children = tuple(
            self._node(prefix + digit, _step(candidates, digit), depth + 1, correction)
            for digit in DIGITS
        )
        return _collapse(children, depth)


def build_prefixes(corrections: Mapping[str, Target]) -> list[NumberRange]:
    """Make the whole table, in the order of its prefixes."""
    rows: list[NumberRange] = []
    for country_code in _country_codes():
        rows += CountryTree(country_code, corrections).build().rows(country_code)
    return sorted(rows, key=lambda row: row.prefix)


def build_countries() -> list[tuple[str, int]]:
    """List every country code with the least number of digits behind it."""
    return [
        (
            country_code,
            min(_shortest_number(country_code, region) for region in _regions(country_code)),
        )
        for country_code in _country_codes()
    ]


def build_german_areas() -> list[tuple[str, int]]:
    """List the lengths of German area codes by their first digits; 0 where none is assigned."""
    starts = (row for digit in DIGITS for row in _area_node(digit).rows(digit))
    return sorted((row.prefix, int(row.breakout)) for row in starts)


def read_corrections(ranges: str, specials: str) -> dict[str, Target]:
    """Read the hand-kept tables: ranges of the world, and German ranges that are no lines."""
    found = {
        f"{GERMANY}{row['prefix'][1:]}": Target("DE", LineType.SPECIAL)
        for row in csv.DictReader(StringIO(specials))
        if row["prefix"].startswith("0") and row["kind"] != "mobile"
    }
    for row in csv.DictReader(StringIO(ranges)):
        found[row["prefix"]] = Target(row["region"], LineType(row["line_type"]), row["breakout"])
    return found


def main(arguments: list[str]) -> None:
    """Write the tables of one version."""
    parser = argparse.ArgumentParser(description="Make the numbering tables of one version.")
    parser.add_argument("folder", type=Path, help="config/numbering")
    parser.add_argument("version", help="name of the version, such as 2026.1")
    options = parser.parse_args(arguments)
    ranges = (options.folder / "ranges.csv").read_text()
    specials = (options.folder / "de-special.csv").read_text()
    prefixes = build_prefixes(read_corrections(ranges, specials))
    target = options.folder / options.version
    target.mkdir(exist_ok=True)
    _write(
        target / "prefixes.csv",
        ("prefix", "region", "line_type", "breakout"),
        ((row.prefix, row.region, row.line_type, row.breakout) for row in prefixes),
    )
    _write(target / "countries.csv", ("code", "digits_min"), build_countries())
    _write(target / "areas-de.csv", ("prefix", "digits"), build_german_areas())
    release = phonenumbers.__version__
    (target / "origin.toml").write_text(f'metadata = "phonenumberslite {release}"\n')


def _collapse(children: tuple[Node, ...], depth: int) -> Node:
    """Make a leaf of ten equal leaves."""
    first = children[0]
    if not first.children and all(child == first for child in children):
        return Node(first.target, depth=first.depth)
    return Node(children=children, depth=depth)


def _country_codes() -> list[str]:
    return [str(code) for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)]


def _regions(country_code: str) -> tuple[str, ...]:
    """Give the regions of a country code, the main one first."""
    return tuple(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(country_code)])


def _metadata(country_code: str, region: str) -> PhoneMetadata:
    if region == GLOBAL_REGION:
        found = PhoneMetadata.metadata_for_nongeo_region(int(country_code))
    else:
        found = PhoneMetadata.metadata_for_region(region)
    if found is None:
        raise NumberingBuildError(f"the library has no metadata of {country_code} {region}")
    return found


def _shortest_number(country_code: str, region: str) -> int:
    general = _metadata(country_code, region).general_desc
    if general is None or not general.possible_length:
        raise NumberingBuildError(f"the library has no lengths of {country_code} {region}")
    return min(general.possible_length)


def _patterns(country_code: str, region: str) -> Iterator[tuple[LineType, DigitPattern]]:
    metadata = _metadata(country_code, region)
    texts = {line_type: _pattern_text(metadata, name) for name, line_type in reversed(_LINE_TYPES)}
    if texts[LineType.FIXED] == texts[LineType.MOBILE]:
        texts[LineType.EITHER] = texts.pop(LineType.FIXED)
        del texts[LineType.MOBILE]
    for line_type, text in texts.items():
        if text:
            yield line_type, DigitPattern(text)


def _pattern_text(metadata: PhoneMetadata, name: str) -> str:
    description = getattr(metadata, name)
    return (description and description.national_number_pattern) or ""


def _step(candidates: Iterable[Candidate], digit: str) -> tuple[Candidate, ...]:
    stepped = (candidate.step(digit) for candidate in candidates)
    return tuple(candidate for candidate in stepped if candidate.state)


def _target(candidates: tuple[Candidate, ...]) -> Target | None:
    """Decide for the main region, and inside it as the metadata's own classification would."""
    if not candidates:
        return None
    region = candidates[0].region
    found = {candidate.line_type for candidate in candidates if candidate.region == region}
    if {LineType.FIXED, LineType.MOBILE} <= found:
        found = found - {LineType.FIXED, LineType.MOBILE} | {LineType.EITHER}
    order = [line_type for _, line_type in _LINE_TYPES]
    order.insert(order.index(LineType.FIXED), LineType.EITHER)
    return Target(region, min(found, key=order.index))


def _correct(target: Target | None, correction: Target | None) -> Target | None:
    """Let a hand-kept range speak where it knows more than the metadata.

    An ordinary line takes the correction if the metadata agrees or cannot tell; other types of the
    correction replace whatever stands there.
    """
    if correction is None:
        return target
    if target is None or correction.line_type not in _ORDINARY:
        return correction
    agrees = correction.line_type in (target.line_type, LineType.EITHER)
    if target.line_type in _ORDINARY and (agrees or target.line_type is LineType.EITHER):
        return correction
    return target


def _preference(target: Target) -> tuple[bool, str, str, str]:
    unsure = target.line_type is LineType.EITHER
    return unsure, target.region, target.line_type, target.breakout


def _area_node(national_number: str) -> Node:
    """Ask the metadata's number formats where the area code of each five-digit start ends."""
    if len(national_number) < 5:
        children = (_area_node(f"{national_number}{digit}") for digit in DIGITS)
        return _collapse(tuple(children), 0)
    digits = 0
    if national_number[0] not in "01":
        number = phonenumbers.parse(f"+{GERMANY}{national_number}234567")
        if phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE:
            digits = phonenumbers.length_of_geographical_area_code(number)
    return Node(Target("DE", LineType.FIXED, str(digits)))


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
