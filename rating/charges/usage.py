"""Usage that is no call: messages, data, minutes of machines, conversations, work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from rating.pricing import Source

BYTES_PER_KILOBYTE: Final = 1024
BYTES_PER_MEGABYTE: Final = 1024 * 1024
BYTES_PER_GIGABYTE: Final = 1024 * BYTES_PER_MEGABYTE


class UsageUnit(StrEnum):
    """What a price is for."""

    MESSAGE = "message"
    CONVERSATION = "conversation"
    MEGABYTE = "megabyte"
    MINUTE = "minute"
    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"


UNIT_SIZES: Final[Mapping[UsageUnit, int]] = MappingProxyType(
    {
        UsageUnit.MESSAGE: 1,
        UsageUnit.CONVERSATION: 1,
        UsageUnit.MEGABYTE: BYTES_PER_MEGABYTE,
        UsageUnit.MINUTE: 60,
        UsageUnit.QUARTER_HOUR: 900,
        UsageUnit.HOUR: 3600,
    }
)
"""How many seconds, bytes or pieces a unit has."""

TIMED: Final = frozenset({UsageUnit.MINUTE, UsageUnit.QUARTER_HOUR, UsageUnit.HOUR})


class Beyond(StrEnum):
    """What happens when a quota is used up."""

    PRICE = "price"
    THROTTLE = "throttle"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One row of a usage list."""

    item: str
    plans: frozenset[str]
    """Plans that may use it; empty: all."""
    label: str
    service: str
    """What it is to the user, such as ``sms``, if rows of it differ by place; else empty."""
    place: str
    """``home``, ``to <selector>``, ``in <selector>``; see ``find_item``."""
    unit: UsageUnit
    price: Fraction | None
    """Euros a unit in the basis of the list; ``None``: only what a quota pays is possible."""
    step: int
    """What a begun step is: characters of a message, seconds, bytes; 0: pieces are counted."""
    is_call: bool
    """Whether a call is made as well, which the call prices charge."""
    source: Source
    readings: tuple[str, ...]

    def cost(self, quantity: int) -> Fraction:
        """Price a quantity of seconds, bytes or pieces exactly; 0 if the row has no price."""
        return (self.price or Fraction(0)) * Fraction(quantity, UNIT_SIZES[self.unit])


@dataclass(frozen=True, slots=True)
class Quota:
    """What a booked option pays of a month's usage; the rest lapses when the month ends."""

    id: str
    """Name under which a month's use is counted."""
    option: str
    usage: frozenset[str]
    amount: int | None
    """Pieces or bytes for each booked unit and month; ``None``: without limit, 0: it pays nothing
    and only lets another row price what is used."""
    beyond: Beyond
    beyond_item: str
    """Usage row that prices what goes beyond; empty: the row of the usage itself."""
    throttle_kbit_s: tuple[int, int] | None
    """Download and upload speed when throttled, if the document names them."""
    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkSurcharge:
    """What work outside of the working hours costs more."""

    items: frozenset[str]
    factor: Fraction
    weekdays: frozenset[int]
    """Days with working hours; Monday is 0."""
    begins: time
    ends: time
    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """For how long an incoming message may be answered."""

    item: str
    window_s: int
    offer: str
    """What is offered instead when the window is closed."""
    source: Source
    readings: tuple[str, ...]
