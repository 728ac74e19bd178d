"""One arithmetic for the announced, the running and the final price of a call."""

from rating.engine.call_terms import QuoteParams, Unpriced, UnpricedReason
from rating.engine.describe import Language, describe
from rating.engine.explain import Sentence, explain
from rating.engine.explain_texts import Topic
from rating.engine.find_price import quote
from rating.engine.grant import grant_seconds, next_change_s, price_of_seconds
from rating.engine.quote import BY_LAW, INTERNAL, ON_NET, Quote
from rating.engine.rate_call import (
    RatedCall,
    RatingParams,
    Step,
    StepKind,
    charged_seconds,
    rate_call,
)
from rating.pricing import BookedOption, PricePart

__all__ = [
    "BY_LAW",
    "INTERNAL",
    "ON_NET",
    "BookedOption",
    "Language",
    "PricePart",
    "Quote",
    "QuoteParams",
    "RatedCall",
    "RatingParams",
    "Sentence",
    "Step",
    "StepKind",
    "Topic",
    "Unpriced",
    "UnpricedReason",
    "charged_seconds",
    "describe",
    "explain",
    "grant_seconds",
    "next_change_s",
    "price_of_seconds",
    "quote",
    "rate_call",
]
