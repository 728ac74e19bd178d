"""Price lists, options and taxes, read from text and frozen."""

from rating.pricing.legal_cap import LegalCap
from rating.pricing.load import load_tariffs
from rating.pricing.price_list import (
    Basis,
    ChosenRate,
    EmptyMobile,
    PriceList,
    PriceListTerms,
    typed_region,
)
from rating.pricing.rate import (
    FREE,
    Increments,
    Rate,
    RateStatus,
    Source,
    UnitPrice,
)
from rating.pricing.tariff_plan import (
    BookedOption,
    Effective,
    OnNet,
    Option,
    OptionKind,
    TariffPlan,
)
from rating.pricing.tariffs import Tariffs
from rating.pricing.vat import VatRate, VatTable

__all__ = [
    "FREE",
    "Basis",
    "BookedOption",
    "ChosenRate",
    "Effective",
    "EmptyMobile",
    "Increments",
    "LegalCap",
    "OnNet",
    "Option",
    "OptionKind",
    "PriceList",
    "PriceListTerms",
    "Rate",
    "RateStatus",
    "Source",
    "TariffPlan",
    "Tariffs",
    "UnitPrice",
    "VatRate",
    "VatTable",
    "load_tariffs",
    "typed_region",
]
