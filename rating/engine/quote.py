"""The price promised for one call, complete in itself.

A quote is made once, when a call is admitted, and holds for the whole call. Whatever is asked of
it later, the running cost, the grant, the final charge, needs nothing but the quote, so that a
switch that restarts charges what was promised before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from rating.errors import LocalError, RecordError
from rating.numbering import LineType
from rating.pricing import (
    Basis,
    Callee,
    CallOrigin,
    ExternalPrice,
    Increments,
    OriginKind,
    PricePart,
    Source,
    UnitPrice,
)
from rating.stored_record import JsonValue, counts_of, list_of, optional_of, value_of

RECORD_VERSION: Final = 2
_FIRST_VERSION: Final = 1
"""Without plans, origins, parts and allowances; calls that were made then are still read."""

ON_NET: Final = "on-net"
"""``Quote.covered_by``: the callee is a subscriber of the same provider."""
BY_LAW: Final = "by-law"
"""``Quote.covered_by``: nobody may charge this call."""
INTERNAL: Final = "internal"
"""``Quote.covered_by``: a colleague, a short dial code or the mailbox is called."""
EXTERNAL_PART: Final = "external"
"""``PricePart.label`` of what somebody else told, with the factor of the row."""
_AT_HOME: Final = CallOrigin()


@dataclass(frozen=True, slots=True)
class Quote:
    """A price with everything that led to it; amounts are in ``basis`` with the tax of the day."""

    destination: str
    """The label of the row as printed."""
    line_type: LineType
    prefix: str
    """The matched prefix: E.164 digits, or digits as dialled in Germany for a service number.

    Empty where no number is called, or where it does not matter for the price."""
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
    """Id of the flat, ``ON_NET``, ``INTERNAL`` or ``BY_LAW``; ``None``: the price is charged."""
    readings: tuple[str, ...]
    """Decisions on unclear places of the document that this price rests on."""
    caps_s: int | None
    """The longest time the law lets the call last and be charged (TKG § 113)."""
    provider: str | None = None
    """``None`` where no plan was needed: free by law, or recorded before there were plans."""
    plan_id: str | None = None
    origin: CallOrigin = _AT_HOME
    callee: Callee = Callee.OTHER
    external_price: ExternalPrice | None = None
    """What somebody else told, in euros of ``basis``; it is among the parts, with its factor."""
    parts: tuple[PricePart, ...] = ()
    """The prices that add up to ``unit_price``; none if ``covered_by`` is set."""
    allowances: tuple[str, ...] = ()
    """Options that pay seconds of this call, in booking order."""

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

    @property
    def gross_price(self) -> UnitPrice:
        """The price with the tax: what money is reserved and debited by, whatever the basis."""
        if self.basis is Basis.GROSS:
            return self.unit_price
        return self.unit_price.times(1 + self.vat_rate)

    def capped(self, seconds: int) -> "Quote":
        """Give the same price with a longest time."""
        return replace(self, caps_s=seconds)

    def to_record(self) -> dict[str, JsonValue]:
        """Give an exact form for JSON: integers and texts only."""
        price, source = self.unit_price, self.source
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
            "vat": _pair(self.vat_rate),
            "covered_by": self.covered_by,
            "readings": list(self.readings),
            "caps_s": self.caps_s,
            "provider": self.provider,
            "plan_id": self.plan_id,
            "origin": self.origin.kind.value,
            "visited": self.origin.visited,
            "callee": self.callee.value,
            "external": _external_to_record(self.external_price),
            "parts": [_part_to_record(part) for part in self.parts],
            "allowances": list(self.allowances),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> "Quote":
        """Read what ``to_record`` writes or wrote; raise ``RecordError`` for anything else."""
        version = record.get("version")
        if version not in (_FIRST_VERSION, RECORD_VERSION):
            raise RecordError(f"a quote of unknown version: {version!r}")
        call, second, denominator = counts_of(record, "price", 3)
        first_s, next_s = counts_of(record, "increments", 2)
        if min(denominator, first_s, next_s) < 1:
            raise RecordError("a quote with a zero where it divides")
        try:
            found = cls(
                destination=value_of(record, "destination", str),
                line_type=LineType(value_of(record, "line_type", str)),
                prefix=value_of(record, "prefix", str),
                table_version=value_of(record, "table_version", str),
                row_id=optional_of(record, "row_id", str),
                source=_source_of(record),
                list_id=optional_of(record, "list_id", str),
                list_version=optional_of(record, "list_version", str),
                unit_price=UnitPrice(call, second, denominator),
                increments=Increments(first_s, next_s),
                free_first_s=value_of(record, "free_first_s", int),
                basis=Basis(value_of(record, "basis", str)),
                vat_rate=_fraction_of(record, "vat"),
                covered_by=optional_of(record, "covered_by", str),
                readings=tuple(list_of(record, "readings", str)),
                caps_s=optional_of(record, "caps_s", int),
            )
            return found._of_first() if version == _FIRST_VERSION else found._with(record)
        except (ValueError, LocalError) as error:
            raise RecordError(str(error)) from error

    def _with(self, record: Mapping[str, object]) -> "Quote":
        """Read what came with the second version."""
        kind = OriginKind(value_of(record, "origin", str))
        external = optional_of(record, "external", dict)
        return replace(
            self,
            provider=optional_of(record, "provider", str),
            plan_id=optional_of(record, "plan_id", str),
            origin=CallOrigin(kind, optional_of(record, "visited", str)),
            callee=Callee(value_of(record, "callee", str)),
            external_price=None if external is None else _external_of(external),
            parts=tuple(_part_of(part) for part in list_of(record, "parts", dict)),
            allowances=tuple(list_of(record, "allowances", str)),
        )

    def _of_first(self) -> "Quote":
        """Say in today's words what the first version left out."""
        callee = Callee.OWN_NETWORK if self.covered_by == ON_NET else Callee.OTHER
        part = PricePart(self.destination, self.price_per_minute, self.price_per_call, self.source)
        return replace(self, callee=callee, parts=() if self.covered_by else (part,))


def _part_to_record(part: PricePart) -> dict[str, JsonValue]:
    return {
        "label": part.label,
        "per_minute": _pair(part.per_minute),
        "per_call": _pair(part.per_call),
        "document": None if part.source is None else part.source.document,
        "line": None if part.source is None else part.source.line,
    }


def _part_of(record: Mapping[str, object]) -> PricePart:
    return PricePart(
        label=value_of(record, "label", str),
        per_minute=_fraction_of(record, "per_minute"),
        per_call=_fraction_of(record, "per_call"),
        source=_source_of(record),
    )


def _external_to_record(price: ExternalPrice | None) -> dict[str, JsonValue] | None:
    if price is None:
        return None
    return {"per_minute": _pair(price.per_minute), "per_call": _pair(price.per_call)}


def _external_of(record: Mapping[str, object]) -> ExternalPrice:
    return ExternalPrice(_fraction_of(record, "per_minute"), _fraction_of(record, "per_call"))


def _source_of(record: Mapping[str, object]) -> Source | None:
    document, line = optional_of(record, "document", str), optional_of(record, "line", int)
    return None if document is None or line is None else Source(document, line)


def _pair(value: Fraction) -> list[int]:
    return [value.numerator, value.denominator]


def _fraction_of(record: Mapping[str, object], key: str) -> Fraction:
    numerator, denominator = counts_of(record, key, 2)
    if denominator < 1:
        raise RecordError(f"{key} of a record divides by zero")
    return Fraction(numerator, denominator)
