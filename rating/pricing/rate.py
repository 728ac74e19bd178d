"""One price of a list: what a call to a destination costs, and where that is printed."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import gcd, lcm
from typing import Final

from rating.money import MICROS_PER_EURO
from rating.numbering import LineType
from rating.pricing.origin import OriginKind

_SECONDS_PER_MINUTE: Final = 60


class RateStatus(StrEnum):
    """Whether a row has a price that this list knows."""

    PRICED = "priced"
    EXTERNAL = "external"
    """Somebody else sets the price, and has to tell it for every call."""
    UNPRICED = "unpriced"
    """The row stands in the list without a price."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a provider's document."""

    document: str
    line: int

    def __str__(self) -> str:
        return f"{self.document}, line {self.line}"


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """A price compiled to integers: ``(call + second * seconds) / denominator`` micro-euros."""

    call: int
    second: int
    denominator: int

    @classmethod
    def compile(cls, setup_fee: Fraction, price_per_minute: Fraction) -> "UnitPrice":
        """Compile a fee per call and a price per minute, both in euros."""
        call = setup_fee * MICROS_PER_EURO
        second = price_per_minute * MICROS_PER_EURO / _SECONDS_PER_MINUTE
        denominator = lcm(call.denominator, second.denominator)
        return cls(int(call * denominator), int(second * denominator), denominator)

    def times(self, factor: Fraction) -> "UnitPrice":
        """Scale the price exactly, as another tax rate does."""
        call = self.call * factor.numerator
        second = self.second * factor.numerator
        denominator = self.denominator * factor.denominator
        common = gcd(call, second, denominator)
        return UnitPrice(call // common, second // common, denominator // common)

    def plus(self, other: "UnitPrice") -> "UnitPrice":
        """Add another price exactly."""
        denominator = lcm(self.denominator, other.denominator)
        ours, theirs = denominator // self.denominator, denominator // other.denominator
        return UnitPrice(
            self.call * ours + other.call * theirs,
            self.second * ours + other.second * theirs,
            denominator,
        )

    @property
    def setup_fee(self) -> Fraction:
        """The part per call in euros."""
        return Fraction(self.call, self.denominator * MICROS_PER_EURO)

    @property
    def price_per_minute(self) -> Fraction:
        """The part per minute in euros."""
        return Fraction(self.second * _SECONDS_PER_MINUTE, self.denominator * MICROS_PER_EURO)


FREE: Final = UnitPrice(0, 0, 1)


@dataclass(frozen=True, slots=True)
class PricePart:
    """One of the prices, in euros, that add up to what a call costs."""

    label: str
    per_minute: Fraction
    per_call: Fraction
    source: Source | None


@dataclass(frozen=True, slots=True)
class Increments:
    """How a duration is charged: German "Taktung" such as 1/1, 60/1 or 60/60."""

    first_s: int
    next_s: int

    def __str__(self) -> str:
        return f"{self.first_s}/{self.next_s}"


@dataclass(frozen=True, slots=True)
class Rate:
    """One cell of a price list, in euros of the list's basis."""

    row_id: str
    column: str
    destination: str
    """The label as printed."""
    line_type: LineType
    """``FIXED`` or ``MOBILE``: the column of the printed table."""
    match: tuple[str, ...]
    """Which numbers it prices; see ``docs/tariffs.md`` for the forms."""
    setup_fee: Fraction
    price_per_minute: Fraction
    price_per_message: Fraction
    increments: Increments
    free_first_s: int
    status: RateStatus
    source: Source
    readings: tuple[str, ...]
    unit_price: UnitPrice
    parts: tuple[PricePart, ...]
    """The price as the only part of itself."""
    origins: frozenset[OriginKind]
    """From what kinds of access the row can be called."""
    factor: Fraction | None
    """What the price that somebody else tells is multiplied by; with a price, it is added to it."""
