"""The events of the charging log: every fact about slots and money, in the order it became one.

An event says what was decided, never how, so that folding the log asks nobody: amounts are
absolute (the price of the whole grant, the charge so far), and an event that was lost together
with a broken disk is made good by the next one. `key` is unique over the whole log: writing an
event twice is recognised by it. Where an event stands in the log (its position, the writer's
epoch, the hash) is the envelope's business, not the event's.

Personal data never stands in an event but in `PersonalFields` beside it. The log keeps them
apart and takes only a salted keyed hash of them into its chain, so that they can be erased.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from freiton.accounting.instants import Instant
from rating.allowances import AllowanceSpan, AllowanceTerms

# Raised when a reader of the former version would misread an event; new optional fields do not.
SCHEMA_VERSION: Final = 1


class ChargingEvent(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What all events have: a moment, a kind and a key."""

    when: Instant

    @property
    def key(self) -> str:
        """The idempotency key, unique over the whole log."""
        raise NotImplementedError

    @property
    def kind(self) -> str:
        """The event's name in the log."""
        return str(self.__struct_config__.tag)


class CallEvent(ChargingEvent, frozen=True, kw_only=True, omit_defaults=True):
    """An event of one call."""

    call_id: str

    @property
    def key(self) -> str:
        """A call is admitted, answered and ended once."""
        return f"{self.call_id}/{self.kind}"


class CallAdmitted(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="admitted"):
    """A call may be set up: its slots are held and its first slice is reserved.

    `quote` is the price promised to the caller; it holds for the whole call, whatever price
    lists and processes come and go. `allowances` are those that it names, in its order; `spans`
    are the seconds of the slice that they pay.
    """

    account_id: str
    device_id: str
    customer_id: str
    direction: str
    owners: tuple[str, ...]
    cap_s: int
    granted_s: int
    is_final: bool
    quote: dict[str, Any] | None = None
    is_prepaid: bool = False
    daily_limit_micros: int | None = None
    price_micros: int = 0
    allowances: tuple[AllowanceTerms, ...] = ()
    spans: tuple[AllowanceSpan, ...] = ()
    trunk_id: str | None = None
    is_emergency: bool = False
    # The call whose party asked for this one by transferring or forwarding it.
    referred_by: str = ""


class CallAnswered(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="answered"):
    """The callee's 200 arrived at this instant; charging runs from here.

    `joined_to` is the call whose conversation the callee is put into, which is then held together
    by what stands in these personal fields, not in that call's own.
    """

    joined_to: str = ""


class SessionChanged(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="changed"):
    """What it takes to speak on both legs is another by now; it stands in the personal fields.

    `number` counts the changes and moves of the call: several may happen in one moment.
    """

    number: int

    @property
    def key(self) -> str:
        """One per change; which came last is told by the order of the log."""
        return f"{self.call_id}/changed/{self.number}"


class CallJoined(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="joined"):
    """An answered call goes on as part of another's conversation, or, without a name, by itself.

    Both stay charged as they were. `number` counts the changes and moves of the call.
    """

    number: int
    joined_to: str = ""

    @property
    def key(self) -> str:
        """One per change."""
        return f"{self.call_id}/joined/{self.number}"


class GrantExtended(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="extended"):
    """The grant now ends later: `granted_s` after the answer, at a price of `price_micros`.

    `spans` are all seconds of the grant that allowances pay.
    """

    request_number: int
    used_s: int
    granted_s: int
    is_final: bool
    price_micros: int
    spans: tuple[AllowanceSpan, ...] = ()

    @property
    def key(self) -> str:
        """One per request number of the charging session."""
        return f"{self.call_id}/extended/{self.request_number}"


class SlotMoved(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="moved"):
    """The call left one owner's slot for another's, as failover to the next trunk does.

    `number` counts the changes and moves of the call: several may happen in one moment.
    """

    number: int
    from_owner: str
    to_owner: str
    trunk_id: str | None = None

    @property
    def key(self) -> str:
        """One per move; a call may come back to a trunk it left."""
        return f"{self.call_id}/moved/{self.number}"


class CallReadopted(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="readopted"):
    """After a restart both legs were proven alive; `talked_us` of talk are behind them."""

    talked_us: int

    @property
    def key(self) -> str:
        """One per process that took the call over."""
        return f"{self.call_id}/readopted/{self.when.boot_id}/{self.when.mono_us}"


class CallEnded(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="ended"):
    """The call is over: its slots are free and it costs what its record says.

    `allowance_used_s` are the seconds that allowances paid, by option.
    """

    record: dict[str, Any]
    charged_micros: int = 0
    allowance_used_s: dict[str, int] = {}


class AttemptRefused(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="refused"):
    """An attempt that never became a call.

    It also closes an admission of the same call that was taken back because nobody could say
    whether it had reached the log, and a call that could not be ended in any other way.
    """

    record: dict[str, Any]


class RatingRunBegun(
    ChargingEvent, frozen=True, kw_only=True, omit_defaults=True, tag="rating_run"
):
    """Recorded calls are rated anew: from here on only this run may correct charges.

    `number` counts the runs of the log; what the switch charged while calls ended is run 0.
    """

    run_id: str
    number: int
    reason: str

    @property
    def key(self) -> str:
        """One per run, however often its beginning is told."""
        return f"rating-run/{self.run_id}"


class CallRerated(CallEvent, frozen=True, kw_only=True, omit_defaults=True, tag="rerated"):
    """A rating run found another price for an ended call; its former charge is given back.

    Refund and debit stand in one event, so that no crash leaves the one without the other; the
    same holds for the seconds of allowances.
    `record` is the call's whole new record, which names its run and the one it supersedes.
    """

    run: int
    account_id: str
    is_prepaid: bool
    started_us: int
    record: dict[str, Any]
    refund_micros: int = 0
    charge_micros: int = 0
    allowance_refund_s: dict[str, int] = {}
    allowance_used_s: dict[str, int] = {}

    @property
    def key(self) -> str:
        """One per call and run."""
        return f"{self.call_id}/rerated/{self.run}"


class ToppedUp(ChargingEvent, frozen=True, kw_only=True, omit_defaults=True, tag="topped_up"):
    """Money was paid in; `reference` is the payer's own key for this payment."""

    account_id: str
    amount_micros: int
    reference: str

    @property
    def key(self) -> str:
        """One per payment, whenever and however often it is told."""
        return f"top-up/{self.account_id}/{self.reference}"


class TermsSet(ChargingEvent, frozen=True, kw_only=True, omit_defaults=True, tag="terms_set"):
    """The terms of a ledger account from here on."""

    account_id: str
    is_prepaid: bool
    daily_limit_micros: int | None = None

    @property
    def key(self) -> str:
        """One per change."""
        terms = f"{self.is_prepaid}/{self.daily_limit_micros}"
        return f"terms/{self.account_id}/{self.when.boot_id}/{self.when.mono_us}/{terms}"


class Heartbeat(ChargingEvent, frozen=True, kw_only=True, omit_defaults=True, tag="heartbeat"):
    """This process lived at this instant, and with it every call it held."""

    open_calls: int

    @property
    def key(self) -> str:
        """One per moment."""
        return f"heartbeat/{self.when.boot_id}/{self.when.mono_us}"


class ProcessStarted(ChargingEvent, frozen=True, kw_only=True, omit_defaults=True, tag="recovered"):
    """A new process took the log over: only its readoption proves an older call alive."""

    open_calls: int

    @property
    def key(self) -> str:
        """One per process."""
        return f"recovered/{self.when.boot_id}/{self.when.mono_us}"


AnyEvent = (
    CallAdmitted
    | CallAnswered
    | SessionChanged
    | CallJoined
    | GrantExtended
    | SlotMoved
    | CallReadopted
    | CallEnded
    | AttemptRefused
    | RatingRunBegun
    | CallRerated
    | ToppedUp
    | TermsSet
    | Heartbeat
    | ProcessStarted
)


# Facts that count from the moment they are durable; a repeat comes long after, if ever.
ANNOUNCED: Final = (ToppedUp, RatingRunBegun, CallRerated)


class PersonalFields(Struct, frozen=True, omit_defaults=True):
    """What may have to be erased by law while the event beside it stays.

    `resume` is what call control needs to speak on both legs again; it names URIs of people.
    """

    calling_number: str = ""
    called_number: str = ""
    resume: bytes = b""


class EncodedEvent(NamedTuple):
    """An event and the personal fields beside it, with the bytes that the log keeps of each."""

    event: AnyEvent
    personal: PersonalFields | None
    body: bytes
    personal_body: bytes | None


class LogRecord(NamedTuple):
    """One event on its way to the log.

    `seq` is the number of the submission, by which the log acknowledges it. An event that is
    submitted again gets a new one; where it stands in the log is its position.
    """

    seq: int
    event: AnyEvent
    personal: PersonalFields | None
    body: bytes
    personal_body: bytes | None


_encoder: Final = msgspec.msgpack.Encoder()


def encode_event(event: AnyEvent, personal: PersonalFields | None = None) -> EncodedEvent:
    """Write an event; raises what the encoder raises for text or numbers it cannot write."""
    personal_body = None if personal is None else _encoder.encode(personal)
    return EncodedEvent(event, personal, _encoder.encode(event), personal_body)
