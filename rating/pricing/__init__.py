"""Price lists, plans, options and taxes, read from text and frozen."""

from rating.pricing.columns import Column, ColumnChoice
from rating.pricing.external import AnnouncedPrice, ExternalPrices
from rating.pricing.legal_cap import LegalCap
from rating.pricing.load import load_tariffs
from rating.pricing.origin import (
    ABROAD,
    AT_HOME,
    AT_SEA,
    Callee,
    CallOrigin,
    ExternalPrice,
    OriginKind,
)
from rating.pricing.price_list import Basis, PriceList, PriceListTerms
from rating.pricing.rate import (
    FREE,
    Increments,
    PricePart,
    Rate,
    RateStatus,
    Source,
    UnitPrice,
)
from rating.pricing.rate_index import (
    AS_FIXED,
    SERVICE,
    ChosenRate,
    EmptyMobile,
    RateIndex,
    typed_region,
)
from rating.pricing.reach import unreachable
from rating.pricing.subscription import BookedOption, BookedPlan, Subscription
from rating.pricing.tariff_plan import (
    Effective,
    Internal,
    OnNet,
    Option,
    OptionKind,
    Plan,
    Surcharge,
    TariffPlan,
)
from rating.pricing.tariffs import Tariffs
from rating.pricing.vat import VatRate, VatTable
from rating.pricing.zones import Zone, ZoneMap, ZonePurpose

__all__ = [
    "ABROAD",
    "AS_FIXED",
    "AT_HOME",
    "AT_SEA",
    "FREE",
    "SERVICE",
    "AnnouncedPrice",
    "Basis",
    "BookedOption",
    "BookedPlan",
    "CallOrigin",
    "Callee",
    "ChosenRate",
    "Column",
    "ColumnChoice",
    "Effective",
    "EmptyMobile",
    "ExternalPrice",
    "ExternalPrices",
    "Increments",
    "Internal",
    "LegalCap",
    "OnNet",
    "Option",
    "OptionKind",
    "OriginKind",
    "Plan",
    "PriceList",
    "PriceListTerms",
    "PricePart",
    "Rate",
    "RateIndex",
    "RateStatus",
    "Source",
    "Subscription",
    "Surcharge",
    "TariffPlan",
    "Tariffs",
    "UnitPrice",
    "VatRate",
    "VatTable",
    "Zone",
    "ZoneMap",
    "ZonePurpose",
    "load_tariffs",
    "typed_region",
    "unreachable",
]
