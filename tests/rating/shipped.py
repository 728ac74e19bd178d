"""The data that ships, loaded once for all tests that price real numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from rating.engine import BookedOption, Quote, QuoteParams, Unpriced, quote
from rating.numbering import (
    DiallingOrigin,
    Numbering,
    NumberRefused,
    load_numbering,
)
from rating.pricing import BookedPlan, Callee, Subscription, Tariffs, load_tariffs

CONFIG = Path(__file__).parents[2] / "config"
NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
BERLIN = DiallingOrigin(area_code="30")

PLUS = BookedOption("PLUS", 1, date(2026, 5, 1), None, date(2026, 5, 1), "tgnet")
FLAT = BookedOption("FLAT.DE", 1, date(2026, 5, 1), None, date(2026, 5, 1), "tgnet")


def texts(folder: str) -> dict[str, str]:
    root = CONFIG / folder
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


@cache
def tariffs() -> Tariffs:
    return load_tariffs(texts("tariffs"))


@cache
def numbering() -> Numbering:
    return load_numbering(texts("numbering"))


def subscribed(*options: BookedOption, plan_id: str = "account") -> Subscription:
    """Book a plan of TGNET/call since ever."""
    return Subscription((BookedPlan("tgnet", plan_id, date.min),), options)


def price_of(
    dialled: str,
    *,
    options: tuple[BookedOption, ...] = (),
    at: datetime = NOW,
    is_trunk_account: bool = False,
    on_net_callee: bool = False,
    loaded: Tariffs | None = None,
) -> Quote | Unpriced:
    """Quote a number as dialled in Berlin, with the shipped tariffs unless others are given."""
    number = numbering().plan.normalize(dialled, BERLIN)
    assert not isinstance(number, NumberRefused), (dialled, number)
    return quote(
        QuoteParams(
            tariffs=loaded or tariffs(),
            subscription=subscribed(*options, plan_id="trunk" if is_trunk_account else "account"),
            number=number,
            prefix_table=numbering().prefix_table,
            at=at,
            callee=Callee.OWN_NETWORK if on_net_callee else Callee.OTHER,
        )
    )


def quote_of(dialled: str, *, options: tuple[BookedOption, ...] = (), at: datetime = NOW) -> Quote:
    """Quote a number that must have a price."""
    found = price_of(dialled, options=options, at=at)
    assert isinstance(found, Quote), (dialled, found)
    return found
