"""The output of a call vector: what the call costs, or why it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from rating.engine import BY_LAW, INTERNAL, ON_NET, RatedCall
from rating.money import format_euro
from rating.pricing import UnitPrice
from rating.stored_record import JsonValue
from rating.vectors.exact_text import write_number

_FLATS: Final[Mapping[str, str]] = {
    ON_NET: "own_network",
    INTERNAL: "internal",
    BY_LAW: "by_law",
}
"""What else than an option makes a call free, in the words of the format."""


@dataclass(frozen=True, slots=True)
class CallRefused:
    """A call that is not put through; ``number`` is missing if the dialled text is none."""

    reason: str
    number: str | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Give the object that the format prescribes."""
        return {"admitted": False, "reason": self.reason, "number": self.number}


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """A call that is put through, with its charge."""

    number: str | None
    rated: RatedCall

    def to_json(self) -> dict[str, JsonValue]:
        """Give the object that the format prescribes."""
        rated, quote = self.rated, self.rated.quote
        used = zip(quote.allowances, rated.allowance_used_s, strict=True)
        flat = quote.covered_by
        return {
            "admitted": True,
            "reason": None,
            "number": self.number,
            "destination": quote.destination,
            "line_type": quote.line_type.value,
            "price_per_minute": write_number(quote.price_per_minute),
            "price_per_call": write_number(quote.price_per_call),
            "increment": str(quote.increments),
            "free_first_s": quote.free_first_s,
            "basis": quote.basis.value,
            "vat_rate": write_number(quote.vat_rate),
            "flat": None if flat is None else _FLATS.get(flat, flat),
            "allowance_s": {option: seconds for option, seconds in used if seconds},
            "billed_s": rated.billed_s,
            "charged_s": rated.charged_s,
            "amount": write_number(_exact_amount(quote.unit_price, rated)),
            "net": format_euro(rated.net_micros, style="plain"),
            "gross": format_euro(rated.gross_micros, style="plain"),
        }


def _exact_amount(price: UnitPrice, rated: RatedCall) -> Fraction:
    if rated.duration_us == 0:
        return Fraction(0)
    paid_s = rated.charged_s - sum(rated.allowance_used_s)
    return price.setup_fee + price.price_per_minute * paid_s / 60
