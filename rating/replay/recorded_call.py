"""A call as it was made, reduced to what a price depends on, whatever it has cost."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from rating.cdr import CallDetailRecord
from rating.numbering import (
    DiallingOrigin,
    E164Number,
    NumberingPlan,
    NumberRefused,
    ServiceNumber,
)
from rating.pricing import Callee, CallOrigin, ExternalPrice

ON_NET_DIRECTION: Final = "on-net"
"""``CallDetailRecord.direction`` of calls inside the own network."""

_AT_HOME: Final = CallOrigin()
_WITHOUT_NUMBER: Final = frozenset({Callee.INTERNAL, Callee.MAILBOX})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One outgoing call that had a price; instants are aware."""

    call_id: str
    account_id: str
    number: E164Number | ServiceNumber | None
    """``None`` where no number decides: short dialling and the mailbox."""
    origin: CallOrigin = _AT_HOME
    callee: Callee = Callee.OTHER
    external_price: ExternalPrice | None = None
    started_at: datetime
    """When the call was admitted and its price promised; it picks day and month."""
    ended_at: datetime
    rated_us: int
    """What may be charged of its time; 0 for a call that nobody answered."""


class NotRatable(StrEnum):
    """Why a recorded call cannot be rated again."""

    NUMBER_ERASED = "number_erased"
    """The law has taken its number; what it has cost stays."""
    NEVER_PRICED = "never_priced"
    """Nobody paid for it: incoming, emergency, refused, or lost by a fault of the switch."""
    NUMBER_UNKNOWN = "number_unknown"
    """The numbering plan of today does not know its number any more."""


def recorded_call(record: CallDetailRecord, plan: NumberingPlan) -> RecordedCall | NotRatable:
    """Read a call detail record as a call to be rated again."""
    quote = record.quote
    if quote is None:
        return NotRatable.NEVER_PRICED
    callee = quote.callee
    if callee is Callee.OTHER and record.direction == ON_NET_DIRECTION:
        callee = Callee.OWN_NETWORK  # the first format of quotes did not say so
    if not record.called_number:
        return NotRatable.NUMBER_ERASED
    number = plan.normalize(record.called_number, DiallingOrigin())
    if isinstance(number, NumberRefused) and callee not in _WITHOUT_NUMBER:
        return NotRatable.NUMBER_UNKNOWN
    return RecordedCall(
        call_id=record.call_id,
        account_id=record.account_id,
        number=None if isinstance(number, NumberRefused) else number,
        origin=quote.origin,
        callee=callee,
        external_price=quote.external_price,
        started_at=record.started_at,
        ended_at=record.ended_at,
        rated_us=record.rated_us,
    )
