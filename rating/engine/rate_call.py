"""From seconds to money.

Duration -> begun seconds -> legal limit -> free seconds -> increments -> allowances -> price,
rounded half up once. The running cost is this function too, asked with the time so far; so the
last tick on the screen, the charge and the bill cannot differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rating.engine.quote import Quote
from rating.errors import LocalError
from rating.money import MICROS_PER_EURO, round_half_up, round_up
from rating.pricing import Basis

MICROS_PER_SECOND: Final = 1_000_000


class StepKind(StrEnum):
    """The steps of a calculation, in their order."""

    DURATION = "duration"
    BEGUN_SECONDS = "begun_seconds"
    LEGAL_LIMIT = "legal_limit"
    FREE_SECONDS = "free_seconds"
    INCREMENTS = "increments"
    ALLOWANCES = "allowances"
    SETUP_FEE = "setup_fee"
    DURATION_FEE = "duration_fee"
    ROUNDED = "rounded"


@dataclass(frozen=True, slots=True)
class Step:
    """One step and what it came to: seconds up to ``ALLOWANCES``, euros from there on."""

    kind: StepKind
    result: Fraction


@dataclass(frozen=True, slots=True)
class RatingParams:
    """A promised price, and how long the call has lasted or did last."""

    quote: Quote
    duration_us: int
    """From answer to release; 0 for a call that nobody answered."""
    allowance_s: tuple[int, ...] = ()
    """Seconds that the call may use of each of the quote's allowances; empty: of none."""


@dataclass(frozen=True, slots=True)
class RatedCall:
    """What a call costs. Amounts are micro-euros; ``amount_micros`` is in the list's basis."""

    quote: Quote
    duration_us: int
    billed_s: int
    """Seconds that began."""
    charged_s: int
    """Seconds that were paid for in any way, after limit, free seconds and increments."""
    amount_micros: int
    net_micros: int
    gross_micros: int
    allowance_used_s: tuple[int, ...]
    """What each of the quote's allowances has paid of the charged seconds."""

    @property
    def allowance_use(self) -> dict[str, int]:
        """The seconds that allowances paid, by option; none that paid nothing."""
        used = zip(self.quote.allowances, self.allowance_used_s, strict=True)
        return {option_id: seconds for option_id, seconds in used if seconds}

    @property
    def paid_s(self) -> int:
        """Charged seconds that no allowance pays."""
        return self.charged_s - sum(self.allowance_used_s)

    @property
    def vat_micros(self) -> int:
        """The tax in the gross amount, so that net and tax add up to it."""
        return self.gross_micros - self.net_micros

    @property
    def steps(self) -> tuple[Step, ...]:
        """Retell the calculation; each result follows from the ones before."""
        price, billed_s = self.quote.unit_price, self.billed_s
        lawful_s = _lawful_seconds(self.quote, billed_s)
        answered = self.duration_us > 0
        euro = price.denominator * MICROS_PER_EURO
        results = (
            (StepKind.DURATION, Fraction(self.duration_us, MICROS_PER_SECOND)),
            (StepKind.BEGUN_SECONDS, Fraction(billed_s)),
            (StepKind.LEGAL_LIMIT, Fraction(lawful_s)),
            (StepKind.FREE_SECONDS, Fraction(max(0, lawful_s - self.quote.free_first_s))),
            (StepKind.INCREMENTS, Fraction(self.charged_s)),
            (StepKind.ALLOWANCES, Fraction(self.paid_s)),
            (StepKind.SETUP_FEE, Fraction(price.call * answered, euro)),
            (StepKind.DURATION_FEE, Fraction(price.second * self.paid_s, euro)),
            (StepKind.ROUNDED, Fraction(self.amount_micros, MICROS_PER_EURO)),
        )
        return tuple(Step(kind, result) for kind, result in results)


def rate_call(params: RatingParams) -> RatedCall:
    """Charge a duration at a quote."""
    quote, duration_us = params.quote, params.duration_us
    if duration_us < 0:
        raise LocalError(f"a call cannot last {duration_us} µs")
    billed_s = round_up(duration_us, MICROS_PER_SECOND)
    charged_s = charged_seconds(quote, billed_s)
    used_s = _allowance_seconds(quote, charged_s, params.allowance_s)
    price = quote.unit_price
    exact = price.call + price.second * (charged_s - sum(used_s)) if billed_s else 0
    denominator = price.denominator
    net_factor = quote.vat_rate.denominator
    gross_factor = net_factor + quote.vat_rate.numerator
    # Net and gross are each rounded once from the exact amount; the tax is their difference.
    if quote.basis is Basis.GROSS:
        amount_micros = gross_micros = round_half_up(exact, denominator)
        net_micros = round_half_up(exact * net_factor, denominator * gross_factor)
    else:
        amount_micros = net_micros = round_half_up(exact, denominator)
        gross_micros = round_half_up(exact * gross_factor, denominator * net_factor)
    return RatedCall(
        quote, duration_us, billed_s, charged_s, amount_micros, net_micros, gross_micros, used_s
    )


def charged_seconds(quote: Quote, billed_s: int) -> int:
    """Give the seconds to pay for after a number of begun seconds."""
    chargeable_s = _lawful_seconds(quote, billed_s) - quote.free_first_s
    if chargeable_s <= 0:
        return 0
    increments = quote.increments
    further_s = chargeable_s - increments.first_s
    if further_s <= 0:
        return increments.first_s
    return increments.first_s + round_up(further_s, increments.next_s) * increments.next_s


def _allowance_seconds(quote: Quote, charged_s: int, allowance_s: Sequence[int]) -> tuple[int, ...]:
    """Let allowances pay in their order; they pay for time, never for a price per call."""
    if not allowance_s:
        return (0,) * len(quote.allowances)
    if len(allowance_s) != len(quote.allowances) or min(allowance_s) < 0:
        raise LocalError(f"{quote.allowances} cannot pay {allowance_s} s")
    used_s = []
    unpaid_s = charged_s if quote.unit_price.second else 0
    for available_s in allowance_s:
        used_s.append(min(available_s, unpaid_s))
        unpaid_s -= used_s[-1]
    return tuple(used_s)


def _lawful_seconds(quote: Quote, billed_s: int) -> int:
    """Time beyond the legal limit is never charged, even if the call was not cut."""
    return billed_s if quote.caps_s is None else min(billed_s, quote.caps_s)
