"""The record of one attempt to call: who, where to, when, how it ended, and what it cost and why.

Every attempt leaves one, refused ones included. It holds the quote whole, so that anybody can
compute the amounts again; they are stored all the same, because what was charged is a fact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from rating.engine import Quote, RatedCall, RatingParams, rate_call
from rating.errors import RecordError
from rating.stored_record import JsonValue, check_version, optional_of, value_of

RECORD_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetailRecord:
    """One attempt; instants are aware UTC, amounts micro-euros, numbers empty once erased."""

    call_id: str
    customer_id: str
    account_id: str
    device_id: str
    direction: str
    """``outgoing``, ``incoming`` or ``internal``."""
    calling_number: str
    called_number: str
    """As routed: E.164 with plus sign, or the digits of a service number."""
    trunk_id: str | None = None
    is_emergency: bool = False
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime
    duration_us: int = 0
    """From answer to release, on a clock that nobody sets."""
    rated_us: int = 0
    """What was charged of it: never more than was granted."""
    ending: str
    """What ended the attempt; for a refusal its code in the refusal table."""
    released_by: str | None = None
    """``caller``, ``callee`` or ``switch``."""
    sip_status: int | None = None
    """The final response to an attempt that was not answered."""
    partial_cause: str | None = None
    """Why the record may fall short of what happened, such as ``restart``."""
    quote: Quote | None = None
    """``None`` where nobody pays anything: incoming and emergency calls, refused attempts."""
    billed_s: int = 0
    charged_s: int = 0
    amount_micros: int = 0
    """In the basis of the price list."""
    net_micros: int = 0
    gross_micros: int = 0
    allowance_used_s: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Charged seconds that allowances paid, by option."""
    rating_run: int = 0
    """Which run found these amounts; 0 is what was charged when the call ended."""
    supersedes: int | None = None
    """The run whose amounts these replace."""
    joined_call_ids: tuple[str, ...] = ()
    """Calls that were one conversation with this one for a while, each with a record of its own."""
    referred_by: str = ""
    """The call whose party asked for this one by transferring or forwarding it; empty for none."""

    @property
    def vat_micros(self) -> int:
        """The tax in the gross amount."""
        return self.gross_micros - self.net_micros

    def rate_again(self) -> RatedCall | None:
        """Compute the amounts from the stored quote; ``None`` if there is none."""
        if self.quote is None:
            return None
        used_s = tuple(self.allowance_used_s.get(one, 0) for one in self.quote.allowances)
        return rate_call(RatingParams(self.quote, self.rated_us, used_s))

    def is_consistent(self) -> bool:
        """Tell whether the stored amounts are what the stored quote says.

        So are the seconds of allowances: more than were charged would be lost to the customer.
        """
        stored = (self.amount_micros, self.net_micros, self.gross_micros)
        rated = self.rate_again()
        if rated is None:
            return stored == (0, 0, 0) and not self.allowance_used_s
        computed = (rated.amount_micros, rated.net_micros, rated.gross_micros)
        return stored == computed and rated.allowance_use == self.allowance_used_s

    def to_record(self) -> dict[str, JsonValue]:
        """Give an exact form for JSON."""
        answered_at = self.answered_at
        used_s: dict[str, JsonValue] = dict(self.allowance_used_s)
        of_run: dict[str, JsonValue] = {
            "rating_run": self.rating_run,
            "supersedes": self.supersedes,
        }
        return {
            "version": RECORD_VERSION,
            "call_id": self.call_id,
            "customer_id": self.customer_id,
            "account_id": self.account_id,
            "device_id": self.device_id,
            "direction": self.direction,
            "calling_number": self.calling_number,
            "called_number": self.called_number,
            "trunk_id": self.trunk_id,
            "is_emergency": self.is_emergency,
            "started_at": _write_instant(self.started_at),
            "answered_at": None if answered_at is None else _write_instant(answered_at),
            "ended_at": _write_instant(self.ended_at),
            "duration_us": self.duration_us,
            "rated_us": self.rated_us,
            "ending": self.ending,
            "released_by": self.released_by,
            "sip_status": self.sip_status,
            "partial_cause": self.partial_cause,
            "quote": None if self.quote is None else self.quote.to_record(),
            "billed_s": self.billed_s,
            "charged_s": self.charged_s,
            "amount_micros": self.amount_micros,
            "net_micros": self.net_micros,
            "gross_micros": self.gross_micros,
            **({"allowance_used_s": used_s} if used_s else {}),
            **(of_run if self.rating_run else {}),
            **({"joined_call_ids": list(self.joined_call_ids)} if self.joined_call_ids else {}),
            **({"referred_by": self.referred_by} if self.referred_by else {}),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> "CallDetailRecord":
        """Read what ``to_record`` wrote; raise ``RecordError`` for anything else."""
        check_version(record, RECORD_VERSION)
        answered_at = optional_of(record, "answered_at", str)
        quote = optional_of(record, "quote", dict)
        return cls(
            call_id=value_of(record, "call_id", str),
            customer_id=value_of(record, "customer_id", str),
            account_id=value_of(record, "account_id", str),
            device_id=value_of(record, "device_id", str),
            direction=value_of(record, "direction", str),
            calling_number=value_of(record, "calling_number", str),
            called_number=value_of(record, "called_number", str),
            trunk_id=optional_of(record, "trunk_id", str),
            is_emergency=value_of(record, "is_emergency", bool),
            started_at=_read_instant(value_of(record, "started_at", str)),
            answered_at=None if answered_at is None else _read_instant(answered_at),
            ended_at=_read_instant(value_of(record, "ended_at", str)),
            duration_us=value_of(record, "duration_us", int),
            rated_us=value_of(record, "rated_us", int),
            ending=value_of(record, "ending", str),
            released_by=optional_of(record, "released_by", str),
            sip_status=optional_of(record, "sip_status", int),
            partial_cause=optional_of(record, "partial_cause", str),
            quote=None if quote is None else Quote.from_record(quote),
            billed_s=value_of(record, "billed_s", int),
            charged_s=value_of(record, "charged_s", int),
            amount_micros=value_of(record, "amount_micros", int),
            net_micros=value_of(record, "net_micros", int),
            gross_micros=value_of(record, "gross_micros", int),
            # Only where an allowance paid.
            allowance_used_s=_seconds_by_option(record.get("allowance_used_s", {})),
            # Only a record of a later run names one.
            rating_run=value_of(record, "rating_run", int) if "rating_run" in record else 0,
            supersedes=optional_of(record, "supersedes", int) if "rating_run" in record else None,
            # Only where calls were transferred or forwarded.
            joined_call_ids=_call_ids(record.get("joined_call_ids", [])),
            referred_by=value_of(record, "referred_by", str) if "referred_by" in record else "",
        )


def _seconds_by_option(used_s: object) -> dict[str, int]:
    if not isinstance(used_s, dict):
        raise RecordError(f"a record needs allowance_used_s by option, not {used_s!r}")
    seconds = {str(option_id): value_of(used_s, option_id, int) for option_id in used_s}
    if min(seconds.values(), default=1) < 1:
        raise RecordError(f"an allowance in a record that paid nothing: {used_s!r}")
    return seconds


def _call_ids(ids: object) -> tuple[str, ...]:
    if not isinstance(ids, list | tuple) or not all(isinstance(one, str) for one in ids):
        raise RecordError(f"a record needs call ids in a list, not {ids!r}")
    return tuple(ids)


def _write_instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _read_instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise RecordError(str(error)) from error
    if instant.tzinfo is None:
        raise RecordError(f"an instant without its time zone: {text}")
    return instant.astimezone(UTC)
