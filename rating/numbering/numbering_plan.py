"""Dialled strings to numbers, by the German numbering plan.

The plan is data: ranges that are no area codes (``SpecialRange``), the lengths of area codes, and
the country codes of the world with the least number of digits behind them. Emergency comes first
and uses none of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from rating.numbering.dialled import read_dialled
from rating.numbering.emergency import emergency_number
from rating.numbering.number import (
    GERMANY,
    DiallingOrigin,
    E164Number,
    NormalizedNumber,
    NumberRefused,
    RefusalReason,
    ServiceKind,
    ServiceNumber,
)

E164_DIGITS_MAX: Final = 15
SUBSCRIBER_DIGITS_MIN: Final = 3
"""The shortest subscriber numbers behind a German area code."""

_INTERNATIONAL_FREEPHONE: Final = "800"
_INTERNATIONAL_FREEPHONE_DIGITS: Final = 8
_EMERGENCY_NUMBERS: Final = ("110", "112")
_COUNTRY_CODE_DIGITS_MAX: Final = 3
_NO_SHORT_NUMBERS: Final[Mapping[str, str]] = MappingProxyType({})
# Short codes that have a global form, +49 115 and +49 116 xyz.
_GLOBAL_SHORT_CODES: Final = frozenset({ServiceKind.PUBLIC_SERVICE_115, ServiceKind.HARMONISED_116})

_INCOMPLETE: Final = NumberRefused(RefusalReason.INCOMPLETE)
_UNKNOWN: Final = NumberRefused(RefusalReason.UNKNOWN)
_FOREIGN_EMERGENCY: Final = NumberRefused(RefusalReason.FOREIGN_EMERGENCY)


@dataclass(frozen=True, slots=True)
class SpecialRange:
    """A range of the national plan that is no area code.

    ``service`` is set for service numbers; ``refused`` for ranges nobody may call; neither for
    mobile numbers. Digits are counted as dialled within Germany.
    """

    prefix: str
    service: ServiceKind | None
    refused: RefusalReason | None
    digits_min: int
    digits_max: int


class NumberingPlan:
    """Turns what was dialled into what is called."""

    __slots__ = ("_area_digits", "_area_prefix_max", "_countries", "_special_max", "_specials")

    def __init__(
        self,
        *,
        specials: Mapping[str, SpecialRange],
        area_digits: Mapping[str, int],
        countries: Mapping[str, int],
    ) -> None:
        """Take each table by its prefixes.

        ``area_digits`` are the lengths of area codes, 0 where none is assigned; ``countries`` the
        least numbers of digits behind country codes.
        """
        self._specials = specials
        self._area_digits = area_digits
        self._countries = countries
        self._special_max = max(map(len, specials), default=0)
        self._area_prefix_max = max(map(len, area_digits), default=0)

    def normalize(self, dialled: str, origin: DiallingOrigin) -> NormalizedNumber:
        """Read the user part of a SIP or tel URI, or a dial string, as dialled from ``origin``."""
        emergency = emergency_number(dialled)
        if emergency is not None:
            if origin.country_code != GERMANY:
                return _FOREIGN_EMERGENCY
            return ServiceNumber(ServiceKind.EMERGENCY, emergency)
        digits = read_dialled(dialled, country_code=origin.country_code)
        if isinstance(digits, NumberRefused):
            return digits
        short = origin.short_numbers.get(digits)
        if short is not None:
            return self.normalize(short, replace(origin, short_numbers=_NO_SHORT_NUMBERS))
        if digits.startswith("+"):
            return self._international(digits[1:])
        if digits.startswith("00"):
            return self._international(digits[2:])
        if origin.country_code != GERMANY:
            return _UNKNOWN
        if digits.startswith("0"):
            return self._national(digits)
        return self._short_code(digits) or self._local(digits, origin.area_code)

    def _international(self, digits: str) -> NormalizedNumber:
        if digits.startswith(GERMANY):
            return self._german(digits[len(GERMANY) :])
        if len(digits) > E164_DIGITS_MAX:
            return _UNKNOWN
        for length in range(1, _COUNTRY_CODE_DIGITS_MAX + 1):
            country_code = digits[:length]
            national_digits_min = self._countries.get(country_code)
            if national_digits_min is None:
                continue
            if len(digits) - length < national_digits_min:
                return _INCOMPLETE
            if country_code == _INTERNATIONAL_FREEPHONE:
                return _international_freephone(digits)
            return E164Number(digits, country_code)
        # No country code starts with 0, and none is longer than three digits.
        partial = len(digits) < _COUNTRY_CODE_DIGITS_MAX and not digits.startswith("0")
        return _INCOMPLETE if partial else _UNKNOWN

    def _german(self, national_number: str) -> NormalizedNumber:
        if not national_number:
            return _INCOMPLETE
        if national_number.startswith("0"):
            return _UNKNOWN
        code = self._short_code(national_number)
        if isinstance(code, ServiceNumber) and code.kind in _GLOBAL_SHORT_CODES:
            return code
        return self._national(f"0{national_number}")

    def _short_code(self, digits: str) -> NormalizedNumber | None:
        special = self._special(digits)
        return None if special is None else _special_number(special, digits)

    def _national(self, digits: str) -> NormalizedNumber:
        """Read a number that starts with the national prefix 0."""
        special = self._special(digits)
        if special is not None:
            return _special_number(special, digits)
        return self._geographic(digits[1:])

    def _geographic(self, national_number: str) -> NormalizedNumber:
        area_digits = self._area_code_digits(national_number)
        if area_digits is None:
            return _INCOMPLETE if len(national_number) < self._area_prefix_max else _UNKNOWN
        if area_digits == 0:
            return _UNKNOWN
        subscriber_number = national_number[area_digits:]
        if len(subscriber_number) < SUBSCRIBER_DIGITS_MIN:
            return _INCOMPLETE
        # No subscriber has such a number: somebody dialled 110 behind an area code (L-23).
        if subscriber_number.startswith(_EMERGENCY_NUMBERS):
            return _UNKNOWN
        return _german_number(national_number)

    def _local(self, digits: str, area_code: str | None) -> NormalizedNumber:
        if not digits:
            return _INCOMPLETE
        # 11 begins short codes, and no local number. An exchange line prefix before 112 is refused
        # too: whoever has that local number would be no help.
        if digits.startswith("11") or digits[1:] in _EMERGENCY_NUMBERS:
            return _UNKNOWN
        if area_code is None:
            return _INCOMPLETE
        return self._geographic(area_code + digits)

    def _special(self, digits: str) -> SpecialRange | None:
        for length in range(min(len(digits), self._special_max), 0, -1):
            special = self._specials.get(digits[:length])
            if special is not None:
                return special
        return None

    def _area_code_digits(self, national_number: str) -> int | None:
        for length in range(min(len(national_number), self._area_prefix_max), 0, -1):
            digits = self._area_digits.get(national_number[:length])
            if digits is not None:
                return digits
        return None


def _special_number(special: SpecialRange, digits: str) -> NormalizedNumber:
    if special.refused is not None:
        return NumberRefused(special.refused)
    if len(digits) < special.digits_min:
        return _INCOMPLETE
    if len(digits) > special.digits_max:
        return _UNKNOWN
    if special.service is None:
        return _german_number(digits[1:])
    if special.service in _GLOBAL_SHORT_CODES:
        return ServiceNumber(special.service, digits, f"+{GERMANY}{digits}")
    if digits.startswith("0"):
        return ServiceNumber(special.service, digits, f"+{GERMANY}{digits[1:]}")
    return ServiceNumber(special.service, digits)


def _german_number(national_number: str) -> NormalizedNumber:
    digits = GERMANY + national_number
    return _UNKNOWN if len(digits) > E164_DIGITS_MAX else E164Number(digits, GERMANY)


def _international_freephone(digits: str) -> NormalizedNumber:
    """Take exactly eight digits, as a universal freephone number has (ITU-T E.169.1)."""
    if len(digits) != len(_INTERNATIONAL_FREEPHONE) + _INTERNATIONAL_FREEPHONE_DIGITS:
        return _UNKNOWN
    kind = ServiceKind.INTERNATIONAL_FREEPHONE_00800
    return ServiceNumber(kind, f"00{digits}", f"+{digits}")
