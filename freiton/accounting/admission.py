"""What call control asks of the accounting, and what it gets: values only."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from freiton.accounting.slots import SlotClaim, SlotKind
from rating.allowances import AllowanceTerms
from rating.charging import Grant
from rating.engine import Quote
from rating.ledger import SpendingTerms

Side = Literal["caller", "callee", "switch"]

# Stands for "nothing ends this call" where a number of seconds is needed: 115 days.
UNBOUNDED_S: Final = 10_000_000


class AdmissionCause(StrEnum):
    """Why the accounting refuses; the values are those of the refusal table."""

    FLATRATE_LIMIT = "flatrate-limit"
    CHANNEL_LIMIT = "channel-limit"
    TRUNK_LIMIT = "trunk-limit"
    TECHNICAL_LIMIT = "technical-limit"
    NO_CREDIT = "no-credit"
    SPENDING_LIMIT = "spending-limit"
    LOG_DOWN = "log-down"


CAUSE_OF_SLOT: Final = MappingProxyType(
    {
        SlotKind.FLATRATE: AdmissionCause.FLATRATE_LIMIT,
        SlotKind.CHANNEL: AdmissionCause.CHANNEL_LIMIT,
        SlotKind.TRUNK: AdmissionCause.TRUNK_LIMIT,
        SlotKind.TECHNICAL: AdmissionCause.TECHNICAL_LIMIT,
    }
)


class AdmitRequest:
    """One call that wants to be set up.

    `quote` is None where nothing can be charged: incoming and internal calls, emergency. `terms`
    say what `account_id` may spend; they count only with a quote. So do `allowances`: one for
    each that the quote names, of the local month in which the call begins; others are passed
    over. `max_call_s` None means that nothing ends the call. `referred_by` is the call whose party
    asked for this one by transferring or forwarding it.
    """

    __slots__ = (
        "account_id",
        "allowances",
        "call_id",
        "called_number",
        "calling_number",
        "claims",
        "customer_id",
        "device_id",
        "direction",
        "is_emergency",
        "max_call_s",
        "quote",
        "referred_by",
        "terms",
        "trunk_id",
    )

    def __init__(
        self,
        *,
        call_id: str,
        account_id: str,
        customer_id: str,
        device_id: str,
        direction: str,
        calling_number: str,
        called_number: str,
        terms: SpendingTerms,
        quote: Quote | None = None,
        allowances: Sequence[AllowanceTerms] = (),
        claims: Sequence[SlotClaim] = (),
        max_call_s: int | None = None,
        is_emergency: bool = False,
        trunk_id: str | None = None,
        referred_by: str = "",
    ) -> None:
        self.call_id = call_id
        self.account_id = account_id
        self.customer_id = customer_id
        self.device_id = device_id
        self.direction = direction
        self.calling_number = calling_number
        self.called_number = called_number
        self.terms = terms
        self.quote = quote
        self.allowances = allowances
        self.claims = claims
        self.max_call_s = max_call_s
        self.is_emergency = is_emergency
        self.trunk_id = trunk_id
        self.referred_by = referred_by

    @property
    def cap_s(self) -> int:
        """The operator's longest call or the law's for this number, whichever is shorter."""
        if self.is_emergency:
            return UNBOUNDED_S
        cap_s = UNBOUNDED_S if self.max_call_s is None else self.max_call_s
        if self.quote is None or self.quote.caps_s is None:
            return cap_s
        return min(cap_s, self.quote.caps_s)


class Admitted(NamedTuple):
    """Dial once `seq` is acknowledged (an emergency call dials at once)."""

    grant: Grant
    seq: int


class Refused(NamedTuple):
    """Nothing was taken; `holders` are calls whose end would make room with the `owner`."""

    cause: AdmissionCause
    holders: tuple[str, ...] = ()
    owner: str | None = None


class CutReason(StrEnum):
    """Why the switch ends a running call."""

    CREDIT_EXHAUSTED = "credit-exhausted"
    SPENDING_LIMIT = "spending-limit"
    MAX_DURATION = "max-duration"


class Cut(NamedTuple):
    """End this call now: its `at_s`-th second is the last that is paid."""

    call_id: str
    reason: CutReason
    at_s: int
