"""From money to seconds: how long an amount lasts, what a span reserves, when the price moves.

Reservations round up where charges round half up, so that what was granted can always be paid.
Seconds count from the answer of the call, not from the last grant.
"""

from rating.engine.quote import Quote
from rating.engine.rate_call import charged_seconds
from rating.money import round_up


def price_of_seconds(quote: Quote, seconds: int) -> int:
    """Give the micro-euros that a call of so many seconds needs, rounded up."""
    if seconds <= 0:
        return 0
    price = quote.unit_price
    return round_up(price.call + price.second * charged_seconds(quote, seconds), price.denominator)


def grant_seconds(quote: Quote, available_micros: int, *, cap_s: int) -> int:
    """Give the most whole seconds that an amount pays for, from 0 to ``cap_s`` or the legal limit.

    A price per call is taken first. With 60/1 the first minute must be affordable, or there is
    nothing but the free seconds.
    """
    limit_s = cap_s if quote.caps_s is None else min(cap_s, quote.caps_s)
    price, increments = quote.unit_price, quote.increments
    rest = available_micros * price.denominator - price.call
    if rest < 0:
        return 0
    if price.second == 0:
        return limit_s
    affordable_s = rest // price.second
    if affordable_s < increments.first_s:
        granted_s = quote.free_first_s
    else:
        further = (affordable_s - increments.first_s) // increments.next_s
        granted_s = quote.free_first_s + increments.first_s + further * increments.next_s
    return min(granted_s, limit_s)


def next_change_s(quote: Quote, elapsed_s: int) -> int | None:
    """Give the second after the answer at which the running cost grows next.

    ``elapsed_s`` are whole seconds that have passed, so the next one has begun and is paid for.
    ``None``: the cost does not change any more.
    """
    if quote.unit_price.second == 0:
        return None
    # The second that has begun is paid for to the end of its increment.
    change_s = quote.free_first_s + charged_seconds(quote, elapsed_s + 1)
    at_limit = quote.caps_s is not None and change_s >= quote.caps_s
    return None if at_limit else change_s
