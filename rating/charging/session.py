"""Credit control of one call: seconds are reserved in slices, of allowances first, then of money.

A slice is one transfer: request number n pays from the end of slice n-1 to its own end, so the
slices of a call add up to the price of its last granted second, whatever the price's shape. What
allowances leave of a slice is paid in money; so a call that crosses the end of an allowance is
split to the second. Money is posted as it is used, the seconds of allowances at the end.
Deciding and entering are two steps (`decide_…` and `enter`), because what was decided is first
written to a log, and a log is replayed by entering alone; `initiate` and `update` do both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from rating.allowances import AllowanceBook, AllowanceShare, AllowanceSpan
from rating.charging.table import TABLE, Action, Input, State
from rating.engine import (
    Quote,
    RatedCall,
    RatingParams,
    charged_seconds,
    grant_seconds,
    price_of_seconds,
    rate_call,
)
from rating.errors import LocalError
from rating.ledger import Book, TransferId
from rating.money import round_up

PREPAID_SLICE_S: Final = 10
POSTPAID_SLICE_S: Final = 30
MICROSECONDS: Final = 1_000_000


class Grant(NamedTuple):
    """Seconds counted from the answer; a final grant is not followed by another."""

    seconds: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class CreditControlAnswer:
    """What a request got: the grant as it now stands, and the price of its last second.

    `spans` are all seconds of the grant that allowances pay.
    """

    request_number: int
    grant: Grant
    price_micros: int
    spans: tuple[AllowanceSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class CreditLimitReached:
    """Not one second can be paid (DIAMETER_CREDIT_LIMIT_REACHED, RFC 8506 §9.1)."""

    available_micros: int


class Slice(NamedTuple):
    """A reservation that pays up to `end_s`."""

    request_number: int
    end_s: int
    micros: int


class ChargingSession:
    """One call's claim on one ledger account and its allowances, from reservation to final charge.

    `cap_s` bounds the call whatever the money says. A call without a quote, or with one that is
    free, moves no money and is granted the cap at once. Entering needs no quote, only deciding
    does, so that a replay need not read one.
    """

    __slots__ = (
        "_book",
        "_last_answer",
        "account_id",
        "allowances",
        "cap_s",
        "charged_micros",
        "grant",
        "id",
        "price_micros",
        "quote",
        "request_number",
        "slices",
        "state",
    )

    def __init__(
        self,
        session_id: str,
        book: Book,
        *,
        account_id: str,
        cap_s: int,
        quote: Quote | None = None,
        allowances: AllowanceShare | None = None,
    ) -> None:
        self.id = session_id
        self._book = book
        self.allowances = allowances or AllowanceShare(
            session_id, AllowanceBook(), account_id=account_id
        )
        self.account_id = account_id
        self.quote = quote
        self.cap_s = cap_s
        self.state = State.IDLE
        self.request_number = -1
        self.grant = Grant(0, is_final=False)
        self.price_micros = 0
        self.slices: list[Slice] = []
        self.charged_micros = 0
        self._last_answer: CreditControlAnswer | None = None

    @property
    def is_metered(self) -> bool:
        """Whether the call's seconds are to be paid, in money or by allowances."""
        return self.quote is not None and not self.quote.is_free

    @property
    def granted_us(self) -> int:
        """The end of the grant in microseconds after the answer."""
        return self.grant.seconds * MICROSECONDS

    def initiate(self, *, at: datetime) -> CreditControlAnswer | CreditLimitReached:
        """Ask for the first slice."""
        if self._last_answer is not None and self.request_number == 0:
            return self._last_answer
        answer = self.decide_initial(at=at)
        if isinstance(answer, CreditControlAnswer):
            self.enter(answer, used_s=0, at=at)
        return answer

    def update(self, request_number: int, *, used_us: int, at: datetime) -> CreditControlAnswer:
        """Report what is used and ask for the next slice; a repeat gets the first answer."""
        if self._last_answer is not None and request_number == self.request_number:
            return self._last_answer
        answer = self.decide_update(used_us=used_us, at=at)
        if answer.request_number != request_number:
            raise LocalError(f"request {request_number} of {self.id} is out of order")
        self.enter(answer, used_s=used_us // MICROSECONDS, at=at)
        return answer

    def terminate(self, *, used_us: int, at: datetime) -> RatedCall | None:
        """Charge what was used, at most the grant, and give the rest back."""
        rated = self.rate(used_us)
        if rated is None:
            self.enter_termination(0, at=at)
        else:
            self.enter_termination(rated.gross_micros, allowance_used_s=rated.allowance_use, at=at)
        return rated

    def rate(self, used_us: int) -> RatedCall | None:
        """Price a duration as the final charge would; None where the call has no price."""
        if self.quote is None:
            return None
        used_us = min(used_us, self.granted_us)
        return self._rate(self.quote, used_us, self.allowances.spans)

    def decide_initial(self, *, at: datetime) -> CreditControlAnswer | CreditLimitReached:
        """Find the first grant without entering it."""
        if not self.is_metered:
            return CreditControlAnswer(0, Grant(self.cap_s, is_final=True), 0)
        answer = self._decide(used_s=0, at=at)
        if answer.grant.seconds > 0:
            return answer
        return CreditLimitReached(self._book.available_micros(self.account_id, at=at) or 0)

    def decide_update(self, *, used_us: int, at: datetime) -> CreditControlAnswer:
        """Find the next grant without entering it; never shorter than the running one."""
        if not self.is_metered:
            return CreditControlAnswer(
                self.request_number + 1, self.grant, self.price_micros, self.allowances.spans
            )
        return self._decide(used_s=used_us // MICROSECONDS, at=at)

    def enter(self, answer: CreditControlAnswer, *, used_s: int, at: datetime) -> None:
        """Enter a decided answer: debit the slices used up, reserve the new one."""
        for action in self._step(self._input_of(answer)):
            if action is Action.DEBIT_USED:
                self._post_used(used_s)
            elif action is Action.RESERVE_UNITS:
                self._reserve(answer, at)
        self.request_number = answer.request_number
        self.grant = answer.grant
        self.price_micros = answer.price_micros
        self._last_answer = answer

    def enter_termination(
        self,
        charged_micros: int,
        *,
        allowance_used_s: Mapping[str, int] | None = None,
        at: datetime,
    ) -> None:
        """Post the final charge over the slices in their order; what is left is voided.

        `allowance_used_s` are the seconds that allowances paid, by option.
        """
        if not self._step(Input.TERMINATION):
            return
        self.allowances.use(allowance_used_s or {})
        rest = charged_micros - self.charged_micros
        for reserved in self.slices:
            posted = max(0, min(rest, reserved.micros))
            self._book.post(TransferId(self.id, reserved.request_number), amount_micros=posted)
            rest -= posted
        self.slices.clear()
        self.charged_micros = charged_micros
        if rest > 0:
            # Replaying a log that lost an extension together with the process that made it.
            extra = TransferId(self.id, self.request_number + 1)
            self._book.record(extra, self.account_id, amount_micros=rest, at=at)
            self._book.post(extra, amount_micros=rest)
        elif rest < 0:
            # A call whose answer was never passed on costs nothing, however long it was granted.
            self._book.correct(self.account_id, refund_micros=-rest, charge_micros=0, at=at)

    def expire(self) -> None:
        """Give everything reserved back: the asker is gone and used nothing (Tcc, §7)."""
        for _ in self._step(Input.SUPERVISION_EXPIRED):
            for reserved in self.slices:
                self._book.expire(TransferId(self.id, reserved.request_number))
            self.slices.clear()
            self.allowances.give_back()

    def to_record(self) -> dict[str, Any]:
        """Give what the requests so far have left, as plain values."""
        spans = [list(span) for span in self.allowances.spans]
        return {
            "state": int(self.state),
            "request_number": self.request_number,
            "grant": [self.grant.seconds, self.grant.is_final],
            "price_micros": self.price_micros,
            "charged_micros": self.charged_micros,
            "slices": [list(reserved) for reserved in self.slices],
            **({"spans": spans} if spans else {}),
        }

    def restore(self, record: dict[str, Any]) -> None:
        """Read what `to_record` gave; the books keep the reservations themselves."""
        self.state = State(record["state"])
        self.request_number = record["request_number"]
        seconds, is_final = record["grant"]
        self.grant = Grant(seconds, is_final)
        self.price_micros = record["price_micros"]
        self.charged_micros = record["charged_micros"]
        self.slices = [Slice(*reserved) for reserved in record["slices"]]
        self.allowances.spans = tuple(AllowanceSpan(*span) for span in record.get("spans", ()))

    def _decide(self, *, used_s: int, at: datetime) -> CreditControlAnswer:
        quote = self.quote
        assert quote is not None  # noqa: S101 - only metered sessions come here
        is_prepaid, available = self._funds(at)
        slice_s = PREPAID_SLICE_S if is_prepaid else POSTPAID_SLICE_S
        # Used beyond the grant is a call that was found alive after an outage.
        target_s = min(self.cap_s, max(self.grant.seconds, used_s) + slice_s)
        funds = None if available is None else self.price_micros + available
        seconds = target_s if funds is None else self._payable(quote, funds, target_s)
        is_short = seconds < target_s
        price, spans = self.price_micros, self.allowances.spans
        if seconds > self.grant.seconds:
            spans = self._spans_up_to(quote, seconds)
            seconds = self._covered(quote, seconds, spans, funds)
            # Reserved is exactly what the last second will be charged: rounding every slice up
            # instead would reserve what no charge can ever use.
            price = self._rate(quote, seconds * MICROSECONDS, spans).gross_micros
        else:
            seconds = self.grant.seconds
        is_final = is_short or seconds == self.cap_s
        return CreditControlAnswer(self.request_number + 1, Grant(seconds, is_final), price, spans)

    def _payable(self, quote: Quote, funds: int, target_s: int) -> int:
        """Give the most seconds up to a target that allowances and money pay together."""
        if not self.allowances.terms:
            return grant_seconds(quote, funds, cap_s=target_s)
        reserved_s = self.allowances.reserved_s
        return grant_seconds(
            quote,
            funds,
            cap_s=target_s,
            allowance_s=reserved_s + sum(self.allowances.free_s()),
            paid_s=charged_seconds(quote, self.grant.seconds) - reserved_s,
        )

    def _covered(
        self, quote: Quote, seconds: int, spans: Sequence[AllowanceSpan], funds: int | None
    ) -> int:
        """Add the seconds that the price of a grant covers anyway.

        They are the rest of a begun increment, or the whole call where only its set-up costs.
        """
        allowance_s = sum(span.seconds for span in spans)
        covered = price_of_seconds(quote, seconds, allowance_s=allowance_s)
        return grant_seconds(
            quote,
            covered if funds is None else min(covered, funds),
            cap_s=self.cap_s,
            allowance_s=allowance_s,
            paid_s=charged_seconds(quote, seconds) - allowance_s if spans else 0,
        )

    def _spans_up_to(self, quote: Quote, seconds: int) -> tuple[AllowanceSpan, ...]:
        # An allowance pays for time, never for a price per call.
        if quote.unit_price.second == 0 or not self.allowances.terms:
            return ()
        return self.allowances.spans_up_to(
            charged_seconds(quote, seconds), from_s=charged_seconds(quote, self.grant.seconds)
        )

    def _rate(self, quote: Quote, used_us: int, spans: Sequence[AllowanceSpan]) -> RatedCall:
        if not spans:
            return rate_call(RatingParams(quote, used_us))
        charged_s = charged_seconds(quote, round_up(used_us, MICROSECONDS))
        return rate_call(RatingParams(quote, used_us, self.allowances.used_s(charged_s, spans)))

    def _funds(self, at: datetime) -> tuple[bool, int | None]:
        terms = self._book.account(self.account_id).terms
        is_prepaid = terms is not None and terms.is_prepaid
        return is_prepaid, self._book.available_micros(self.account_id, at=at)

    def _input_of(self, answer: CreditControlAnswer) -> Input:
        if self.state is State.IDLE:
            return Input.INITIAL_GRANTED
        if answer.grant.seconds > self.grant.seconds:
            return Input.UPDATE_GRANTED
        return Input.UPDATE_EXHAUSTED

    def _reserve(self, answer: CreditControlAnswer, at: datetime) -> None:
        self.allowances.reserve(answer.spans)
        micros = answer.price_micros - self.price_micros
        if micros == 0:
            return
        self._book.record(
            TransferId(self.id, answer.request_number),
            self.account_id,
            amount_micros=micros,
            at=at,
        )
        self.slices.append(Slice(answer.request_number, answer.grant.seconds, micros))

    def _post_used(self, used_s: int) -> None:
        while self.slices and self.slices[0].end_s <= used_s:
            used = self.slices.pop(0)
            self._book.post(TransferId(self.id, used.request_number), amount_micros=used.micros)
            self.charged_micros += used.micros

    def _step(self, input_: Input) -> tuple[Action, ...]:
        step = TABLE.get((self.state, input_))
        if step is None:
            raise LocalError(f"{self.id}: {input_.name} in {self.state.name}")
        self.state = step.next_state
        return step.actions
