"""The price promised for one call, complete in itself.

A quote is made once, when a call is admitted, and holds for the whole call. Whatever is asked of
it later, the running cost, the grant, the final charge, needs nothing but the quote, so that a
switch that restarts charges what was promised before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from rating.errors import RecordError
from rating.numbering import LineType
from rating.pricing import Basis, Increments, Source, UnitPrice
from rating.stored_record import (
    JsonValue,
    check_version,
    counts_of,
    list_of,
    optional_of,
    value_of,
)

RECORD_VERSION: Final = 1

ON_NET: Final = "on-net"
"""``Quote.covered_by``: the callee is a subscriber of the same provider."""
BY_LAW: Final = "by-law"
"""``Quote.covered_by``: nobody may charge this call."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price with everything that led to it; amounts are in ``basis`` with the tax of the day."""

    destination: str
    """The label of the row as printed."""
    line_type: LineType
    prefix: str
    """The matched prefix: E.164 digits, or digits as dialled in Germany for a service number."""
    table_version: str
    row_id: str | None
    """The cell of the price list; ``None`` where no row was needed (free by law, on-net)."""
    source: Source | None
    list_id: str | None
    list_version: str | None
    unit_price: UnitPrice
    """What is charged: nothing, if ``covered_by`` is set."""
    increments: Increments
    free_first_s: int
    basis: Basis
    vat_rate: Fraction
    covered_by: str | None
    """Id of the flat, ``ON_NET`` or ``BY_LAW``; ``None`` if the row's price is charged."""
    readings: tuple[str, ...]
    """Decisions on unclear places of the document that this price rests on."""
    caps_s: int | None
    """The longest time the law lets the call last and be charged (TKG § 113)."""

    @property
    def price_per_minute(self) -> Fraction:
        """Euros per minute."""
        return self.unit_price.price_per_minute

    @property
    def price_per_call(self) -> Fraction:
        """Euros per answered call."""
        return self.unit_price.setup_fee

    @property
    def is_free(self) -> bool:
        """Whether the call costs nothing, however long it lasts."""
        return self.unit_price.call == 0 and self.unit_price.second == 0

    def capped(self, seconds: int) -> "Quote":
        """Give the same price with a longest time."""
        return replace(self, caps_s=seconds)

    def to_record(self) -> dict[str, JsonValue]:
        """Give an exact form for JSON: integers and texts only."""
        price, vat, source = self.unit_price, self.vat_rate, self.source
        return {
            "version": RECORD_VERSION,
            "destination": self.destination,
            "line_type": self.line_type.value,
            "prefix": self.prefix,
            "table_version": self.table_version,
            "row_id": self.row_id,
            "document": None if source is None else source.document,
            "line": None if source is None else source.line,
            "list_id": self.list_id,
            "list_version": self.list_version,
            "price": [price.call, price.second, price.denominator],
            "increments": [self.increments.first_s, self.increments.next_s],
            "free_first_s": self.free_first_s,
            "basis": self.basis.value,
            "vat": [vat.numerator, vat.denominator],
            "covered_by": self.covered_by,
            "readings": list(self.readings),
            "caps_s": self.caps_s,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> "Quote":
        """Read what ``to_record`` wrote; raise ``RecordError`` for anything else."""
        check_version(record, RECORD_VERSION)
        document = optional_of(record, "document", str)
        line = optional_of(record, "line", int)
        call, second, denominator = counts_of(record, "price", 3)
        first_s, next_s = counts_of(record, "increments", 2)
        vat_numerator, vat_denominator = counts_of(record, "vat", 2)
        if min(denominator, first_s, next_s, vat_denominator) < 1:
            raise RecordError("a quote with a zero where it divides")
        try:
            line_type = LineType(value_of(record, "line_type", str))
            basis = Basis(value_of(record, "basis", str))
        except ValueError as error:
            raise RecordError(str(error)) from error
        return cls(
            destination=value_of(record, "destination", str),
            line_type=line_type,
            prefix=value_of(record, "prefix", str),
            table_version=value_of(record, "table_version", str),
            row_id=optional_of(record, "row_id", str),
            source=None if document is None or line is None else Source(document, line),
            list_id=optional_of(record, "list_id", str),
            list_version=optional_of(record, "list_version", str),
            unit_price=UnitPrice(call, second, denominator),
            increments=Increments(first_s, next_s),
            free_first_s=value_of(record, "free_first_s", int),
            basis=basis,
            vat_rate=Fraction(vat_numerator, vat_denominator),
            covered_by=optional_of(record, "covered_by", str),
            readings=tuple(list_of(record, "readings", str)),
            caps_s=optional_of(record, "caps_s", int),
        )
