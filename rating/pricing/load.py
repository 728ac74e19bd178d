"""Tariffs from text: all of them, or every problem with its file and line.

    vat.toml                      [[rate]]      tax rates by country and date
    caps.toml                     [[cap]]       what the law lets service numbers cost
    external.csv                                what service providers announce; may be missing
    <provider>/tariff.toml        the provider's rules: plans, columns, lists, options
    <provider>/<table>.csv        prices and zones, named by the price lists

Names are relative paths. Nothing is read from disk here, and nothing is loaded in part.
"""

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Final

from rating.csv_table import read_table
from rating.errors import DataError, Problem
from rating.money import parse_price
from rating.pricing.external import AnnouncedPrice, ExternalPrices
from rating.pricing.legal_cap import CappedPrice, LegalCap
from rating.pricing.load_plan import PlanLoader
from rating.pricing.origin import ExternalPrice
from rating.pricing.price_list import Basis
from rating.pricing.tariff_plan import TariffPlan
from rating.pricing.tariffs import Tariffs
from rating.pricing.toml_section import TomlFile
from rating.pricing.vat import VatRate, VatTable

VAT_FILE: Final = "vat.toml"
CAPS_FILE: Final = "caps.toml"
EXTERNAL_FILE: Final = "external.csv"
TARIFF_FILE: Final = "tariff.toml"

_GERMANY: Final = "DE"
_DIGITS: Final = re.compile(r"[0-9]{3,15}")
_EXTERNAL_COLUMNS: Final = (
    "number", "per_minute_eur", "per_call_eur", "basis", "valid_from", "valid_to", "source",
)  # fmt: skip


def load_tariffs(files: Mapping[str, str]) -> Tariffs:
    """Read the texts of ``config/tariffs``; raise ``DataError`` with every problem."""
    problems: list[Problem] = []
    vat = _load_vat(_open(files, VAT_FILE, problems))
    caps = _load_caps(_open(files, CAPS_FILE, problems))
    external = _load_external(files.get(EXTERNAL_FILE, ""), caps, vat, problems)
    plans: dict[str, TariffPlan] = {}
    for file in sorted(name for name in files if name.endswith(f"/{TARIFF_FILE}")):
        plan = PlanLoader(files, file, caps, vat, problems).load()
        if plan.provider in plans:
            problems.append(Problem(file, 0, f"provider {plan.provider} stands twice"))
        plans[plan.provider] = plan
    if not plans:
        problems.append(Problem(TARIFF_FILE, 0, "there is no tariff at all"))
    if problems:
        raise DataError(tuple(problems))
    return Tariffs(plans, vat, external)


def _open(files: Mapping[str, str], file: str, problems: list[Problem]) -> TomlFile:
    if file not in files:
        problems.append(Problem(file, 0, "the file is missing"))
    return TomlFile(file, files.get(file, ""), problems)


def _load_vat(document: TomlFile) -> VatTable:
    rates: list[VatRate] = []
    for section in document.tables("rate"):
        rate = VatRate(
            country=section.text("country"),
            rate=section.price("rate"),
            valid_from=section.day("valid_from"),
            valid_to=section.day_or_none("valid_to"),
        )
        section.refuse_unknown_keys()
        if rate.rate >= 1:
            section.problem("rate", 'a rate is a fraction such as "0.19", not a percentage')
        previous = next((one for one in reversed(rates) if one.country == rate.country), None)
        # Days without a rate, and days with two, would be found by a call; so they must not be.
        if previous is not None and previous.valid_to != rate.valid_from:
            section.problem("valid_from", "periods of a country must follow on each other")
        rates.append(rate)
    return VatTable(rates)


def _load_caps(document: TomlFile) -> tuple[LegalCap, ...]:
    caps = []
    for section in document.tables("cap"):
        caps.append(
            LegalCap(
                numbers=section.texts("numbers"),
                regions=frozenset(section.texts("regions")),
                basis=section.choice("basis", Basis, default=Basis.GROSS),
                per_minute=section.price("per_minute") if section.has("per_minute") else None,
                per_call=section.price("per_call") if section.has("per_call") else None,
                increment_s_max=section.count("increment_s_max"),
                valid_from=section.day("valid_from"),
                valid_to=section.day_or_none("valid_to"),
                source=section.text("source"),
            )
        )
        section.refuse_unknown_keys()
        if not caps[-1].numbers and not caps[-1].regions:
            section.problem("numbers", "a cap needs numbers or regions")
    return tuple(caps)


def _load_external(
    text: str, caps: tuple[LegalCap, ...], vat: VatTable, problems: list[Problem]
) -> ExternalPrices:
    prices: list[AnnouncedPrice] = []
    if not text:
        return ExternalPrices()
    for line, cells in read_table(
        EXTERNAL_FILE, text, required=_EXTERNAL_COLUMNS, problems=problems
    ):
        try:
            price = _announced(cells)
        except ValueError as error:
            problems.append(Problem(EXTERNAL_FILE, line, str(error)))
            continue
        found = [
            f"{price.prefix} has a price from {other.valid_from} in these days already"
            for other in prices
            if other.prefix == price.prefix and price.overlaps(other.valid_from, other.valid_to)
        ]
        capped = _capped(price, vat)
        found += [breach for cap in caps for breach in cap.breaches(capped)]
        problems += [Problem(EXTERNAL_FILE, line, message) for message in found]
        prices.append(price)
    return ExternalPrices(prices)


def _announced(cells: Mapping[str, str]) -> AnnouncedPrice:
    if _DIGITS.fullmatch(cells["number"]) is None:
        raise ValueError(f"not the digits of a service number: {cells['number']!r}")
    if not cells["source"]:
        raise ValueError("the source is missing")
    valid_from = date.fromisoformat(cells["valid_from"])
    valid_to = date.fromisoformat(cells["valid_to"]) if cells["valid_to"] else None
    if valid_to is not None and valid_to <= valid_from:
        raise ValueError("valid_to must be after valid_from")
    return AnnouncedPrice(
        prefix=cells["number"],
        price=ExternalPrice(
            per_minute=parse_price(cells["per_minute_eur"]),
            per_call=parse_price(cells["per_call_eur"]),
        ),
        basis=Basis(cells["basis"]),
        valid_from=valid_from,
        valid_to=valid_to,
        source=cells["source"],
    )


def _capped(announced: AnnouncedPrice, vat: VatTable) -> CappedPrice:
    """Put an announced price before the caps; the numbers it is for are all German."""
    return CappedPrice(
        selectors=(announced.prefix,),
        regions=frozenset(),
        is_for_consumers=True,
        per_minute=announced.price.per_minute,
        per_call=announced.price.per_call,
        basis=announced.basis,
        vat_rate=vat.rate_at(_GERMANY, announced.valid_from) or Fraction(0),
        increment_s=1,
        valid_from=announced.valid_from,
        valid_to=announced.valid_to,
    )
