"""An amount with its tax: exact, and rounded once on each side of the tax."""

from dataclasses import dataclass
from fractions import Fraction

from rating.money import MICROS_PER_EURO, round_half_up
from rating.pricing import Basis


@dataclass(frozen=True, slots=True)
class Amount:
    """Euros in the basis of a list; what is rounded is rounded from the exact amount."""

    exact: Fraction
    basis: Basis
    vat_rate: Fraction

    @property
    def exact_net(self) -> Fraction:
        """The amount without tax."""
        return self.exact if self.basis is Basis.NET else self.exact / (1 + self.vat_rate)

    @property
    def exact_gross(self) -> Fraction:
        """The amount with tax."""
        return self.exact if self.basis is Basis.GROSS else self.exact * (1 + self.vat_rate)

    @property
    def amount_micros(self) -> int:
        """Micro-euros in the basis."""
        return to_micros(self.exact)

    @property
    def net_micros(self) -> int:
        """Micro-euros without tax."""
        return to_micros(self.exact_net)

    @property
    def gross_micros(self) -> int:
        """Micro-euros with tax."""
        return to_micros(self.exact_gross)


def to_micros(euros: Fraction) -> int:
    """Round to a millionth of a euro, half up."""
    scaled = euros * MICROS_PER_EURO
    return round_half_up(scaled.numerator, scaled.denominator)
