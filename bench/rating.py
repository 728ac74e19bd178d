"""What one call costs to price: ``python -m bench.rating``.

Guide: quote at most 30 µs, rate_call at most 10 µs, is_emergency below 1 µs; on the shipped tables.
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from rating.engine import (
    BookedOption,
    Quote,
    QuoteParams,
    RatingParams,
    grant_seconds,
    price_of_seconds,
    quote,
    rate_call,
)
from rating.numbering import DiallingOrigin, E164Number, is_emergency, load_numbering
from rating.pricing import BookedPlan, Subscription, load_tariffs

ROUNDS = 7
CALLS = 5_000
CONFIG = Path(__file__).parents[1] / "config"
BERLIN = DiallingOrigin(area_code="30")
AT = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
SUBSCRIPTION = Subscription(
    (BookedPlan("tgnet", "account", date(2026, 5, 1)),),
    (
        BookedOption("FLAT.DE", 1, date(2026, 5, 1), None, date(2026, 5, 1)),
        BookedOption("PLUS", 1, date(2026, 5, 1), None, date(2026, 5, 1)),
    ),
)


def main() -> None:
    numbering = load_numbering(texts("numbering"))
    tariffs = load_tariffs(texts("tariffs"))
    plan, table = numbering.plan, numbering.prefix_table
    number = plan.normalize("0044 7700 900123", BERLIN)
    assert isinstance(number, E164Number)
    params = QuoteParams(tariffs, SUBSCRIPTION, number, table, AT)
    found = quote(params)
    assert isinstance(found, Quote)
    call = RatingParams(found, 61_500_000)
    record = found.to_record()
    steps: dict[str, Callable[[], object]] = {
        "is_emergency": lambda: is_emergency("03012345678"),
        "normalize, digits": lambda: plan.normalize("03012345678", BERLIN),
        "normalize, written": lambda: plan.normalize("+49 (0)30 123 45-678", BERLIN),
        "prefix look-up": lambda: table.lookup(number.digits),
        "quote": lambda: quote(params),
        "quote.to_record": found.to_record,
        "Quote.from_record": lambda: Quote.from_record(record),
        "grant_seconds": lambda: grant_seconds(found, 1_000_000, cap_s=14_400),
        "price_of_seconds": lambda: price_of_seconds(found, 120),
        "rate_call": lambda: rate_call(call),
    }
    for name, step in steps.items():
        print(f"{name:<20} {microseconds(step, CALLS):8.2f} µs")
    loads: dict[str, Callable[[], object]] = {
        "load all tariffs": lambda: load_tariffs(texts("tariffs")),
        "load numbering": lambda: load_numbering(texts("numbering")),
    }
    for name, step in loads.items():
        print(f"{name:<20} {microseconds(step, 1) / 1000:8.2f} ms")


def microseconds(step: Callable[[], object], calls: int) -> float:
    times = timeit.repeat(step, number=calls, repeat=ROUNDS)
    return statistics.median(times) / calls * 1e6


def texts(folder: str) -> dict[str, str]:
    root = CONFIG / folder
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


if __name__ == "__main__":
    main()
