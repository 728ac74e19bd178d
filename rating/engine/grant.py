"""From money to seconds: how long an amount lasts, what a span reserves, when the price moves.

Reservations round up where charges round half up, so that what was granted can always be paid.
Seconds count from the answer of the call, not from the last grant. ``allowance_s`` are charged
seconds of the call that its allowances pay; they come before money, and never pay a price per call.
"""

from rating.engine.quote import Quote
from rating.engine.rate_call import charged_seconds
from rating.money import round_up


def price_of_seconds(quote: Quote, seconds: int, *, allowance_s: int = 0) -> int:
    """Give the micro-euros, with tax, that a call of so many seconds needs, rounded up."""
    if seconds <= 0:
        return 0
    price = quote.gross_price
    paid_s = max(0, charged_seconds(quote, seconds) - allowance_s)
    return round_up(price.call + price.second * paid_s, price.denominator)


def grant_seconds(
    quote: Quote, available_micros: int, *, cap_s: int, allowance_s: int = 0, paid_s: int = 0
) -> int:
    """Give the most whole seconds that can be paid, from 0 to ``cap_s`` or the legal limit.

    What is available is money as it was paid in, so the price comes with its tax.
    A price per call is taken first. With 60/1 the first minute must be payable, or there is
    nothing but the free seconds. ``paid_s`` charged seconds are paid in money already, whatever
    their price was rounded to.
    """
    limit_s = cap_s if quote.caps_s is None else min(cap_s, quote.caps_s)
    price = quote.gross_price
    rest = available_micros * price.denominator - price.call
    if rest < 0:
        return 0
    if price.second == 0:
        return limit_s
    payable_s = max(rest // price.second, paid_s) + allowance_s
    return min(quote.free_first_s + _whole_increments(quote, payable_s), limit_s)


def next_change_s(quote: Quote, elapsed_s: int, *, allowance_s: int = 0) -> int | None:
    """Give the second after the answer at which the running cost grows next.

    ``elapsed_s`` are whole seconds that have passed, so the next one has begun and is paid for.
    ``None``: the cost does not change any more.
    """
    if quote.unit_price.second == 0:
        return None
    # The second that has begun is paid for to the end of its increment, or of the last increment
    # that an allowance pays in full.
    reached_s = max(charged_seconds(quote, elapsed_s + 1), _whole_increments(quote, allowance_s))
    change_s = quote.free_first_s + reached_s
    at_limit = quote.caps_s is not None and change_s >= quote.caps_s
    return None if at_limit else change_s


def _whole_increments(quote: Quote, payable_s: int) -> int:
    """Give the part of a number of charged seconds that ends where an increment does."""
    first_s, next_s = quote.increments.first_s, quote.increments.next_s
    if payable_s < first_s:
        return 0
    return first_s + (payable_s - first_s) // next_s * next_s
