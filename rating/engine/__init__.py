"""One arithmetic for the announced, the running and the final price of a call."""

from rating.engine.describe import Language, describe
from rating.engine.find_price import QuoteParams, Unpriced, UnpricedReason, quote
from rating.engine.grant import grant_seconds, next_change_s, price_of_seconds
from rating.engine.quote import BY_LAW, ON_NET, Quote
from rating.engine.rate_call import (
    RatedCall,
    RatingParams,
    Step,
    StepKind,
    charged_seconds,
    rate_call,
)
from rating.pricing import BookedOption

__all__ = [
    "BY_LAW",
    "ON_NET",
    "BookedOption",
    "Language",
    "Quote",
    "QuoteParams",
    "RatedCall",
    "RatingParams",
    "Step",
    "StepKind",
    "Unpriced",
    "UnpricedReason",
    "charged_seconds",
    "describe",
    "grant_seconds",
    "next_change_s",
    "price_of_seconds",
    "quote",
    "rate_call",
]
