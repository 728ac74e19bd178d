"""Price lists, plans, options and taxes, read from text and frozen.

origin, subscription                         who calls from where, and what he has booked
rate, zones, columns, rate_index, price_list a list, and which of its rows prices a number
tariff_plan, external, vat, tariffs          what a provider and the law rule besides the rows
load, load_plan, load_list, load_options     files to all of that, or every problem with its line
tariff_file, toml_section, selector          the forms of tariff.toml
rate_table, rate_row, zone_table, legal_cap  the forms of the tables, and what contradicts
reach                                        whether a number leads to a row; countries
"""

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
from rating.pricing.reach import is_country, unreachable
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
    "is_country",
    "load_tariffs",
    "typed_region",
    "unreachable",
]
