"""Tariffs from text: all of them, or every problem with its file and line.

    vat.toml                      [[rate]]      tax rates by country and date
    caps.toml                     [[cap]]       what the law lets service numbers cost
    <provider>/tariff.toml        the provider's rules: [on_net], [[price_list]], [[option]]
    <provider>/<table>.csv        prices, named by the price lists

Names are relative paths. Nothing is read from disk here, and nothing is loaded in part.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rating.errors import DataError, Problem
from rating.pricing.legal_cap import LegalCap
from rating.pricing.price_list import Basis, EmptyMobile, PriceList, PriceListTerms
from rating.pricing.rate import Increments, Source
from rating.pricing.rate_table import RateTable, TableRules, is_selector, read_increments
from rating.pricing.tariff_plan import Effective, OnNet, Option, OptionKind, TariffPlan
from rating.pricing.tariffs import Tariffs
from rating.pricing.toml_section import Section, TomlFile
from rating.pricing.vat import VatRate, VatTable

VAT_FILE: Final = "vat.toml"
CAPS_FILE: Final = "caps.toml"
TARIFF_FILE: Final = "tariff.toml"

RESERVED_OPTION_IDS: Final = frozenset({"on-net", "by-law"})
"""Other reasons for which a call is free; no option may have their names."""

_UTC: Final = "UTC"


def load_tariffs(files: Mapping[str, str]) -> Tariffs:
    """Read the texts of ``config/tariffs``; raise ``DataError`` with every problem."""
    problems: list[Problem] = []
    vat = _load_vat(_open(files, VAT_FILE, problems))
    caps = _load_caps(_open(files, CAPS_FILE, problems))
    plans: dict[str, TariffPlan] = {}
    for file in sorted(name for name in files if name.endswith(f"/{TARIFF_FILE}")):
        plan = _PlanLoader(files, file, caps, vat, problems).load()
        if plan.provider in plans:
            problems.append(Problem(file, 0, f"provider {plan.provider} stands twice"))
        plans[plan.provider] = plan
    if not plans:
        problems.append(Problem(TARIFF_FILE, 0, "there is no tariff at all"))
    if problems:
        raise DataError(tuple(problems))
    return Tariffs(plans, vat)


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
                per_minute=section.price("per_minute") if section.has("per_minute") else None,
                per_call=section.price("per_call") if section.has("per_call") else None,
                increment_s_max=section.count("increment_s_max"),
                valid_from=section.day("valid_from"),
                valid_to=section.day_or_none("valid_to"),
                source=section.text("source"),
            )
        )
        section.refuse_unknown_keys()
        if not caps[-1].numbers:
            section.problem("numbers", "a cap needs numbers")
    return tuple(caps)


class _PlanLoader:
    """Loads one provider's folder."""

    def __init__(
        self,
        files: Mapping[str, str],
        file: str,
        caps: tuple[LegalCap, ...],
        vat: VatTable,
        problems: list[Problem],
    ) -> None:
        self._files = files
        self._folder = file.removesuffix(TARIFF_FILE)
        self._caps = caps
        self._vat = vat
        self._problems = problems
        self._toml = TomlFile(file, files[file], problems)
        self._top = self._toml.top()
        self._provider = self._top.text("provider")
        self._document = self._top.text("document")
        self._country = self._top.text("country")
        self._columns: set[str] = set()
        self._priced: set[str] = set()
        self._rows_known = False

    def load(self) -> TariffPlan:
        name = self._top.text("name")
        zone = self._time_zone()
        self._top.refuse_unknown_keys()
        problems_before = len(self._problems)
        lists = sorted(
            (self._price_list(section) for section in self._toml.tables("price_list")),
            key=lambda price_list: price_list.terms.valid_from,
        )
        # After a problem rows are missing, and what names them would be called wrong in vain.
        self._rows_known = len(self._problems) == problems_before
        self._check_periods(lists)
        self._columns = {column for entry in lists for column in entry.terms.columns}
        self._priced = {
            selector.partition("/")[0]
            for entry in lists
            for rate in entry.rates
            for selector in rate.match
        }
        return TariffPlan(
            provider=self._provider,
            name=name,
            country=self._country,
            time_zone=zone,
            price_lists=tuple(lists),
            options=self._options(),
            on_net=self._on_net(),
        )

    def _time_zone(self) -> ZoneInfo:
        name = self._top.text("time_zone")
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            self._top.problem("time_zone", f"no such time zone: {name!r}")
            return ZoneInfo(_UTC)

    def _price_list(self, section: Section) -> PriceList:
        terms = PriceListTerms(
            id=section.text("id"),
            version=section.text("version"),
            provider=self._provider,
            basis=section.choice("basis", Basis),
            vat_reference=section.price("vat_reference"),
            valid_from=section.day("valid_from"),
            valid_to=section.day_or_none("valid_to"),
            columns=section.texts("columns"),
            empty_mobile=section.choice("empty_mobile", EmptyMobile),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        rules = TableRules(
            terms=terms,
            document=self._document,
            increments=self._increments(section),
            caps=self._caps,
            cap_reading=section.text("cap_reading") if section.has("cap_reading") else "",
        )
        self._check_terms(section, terms)
        rates = []
        table = RateTable(rules, self._problems)
        for name in section.texts("tables"):
            text = self._files.get(self._folder + name)
            if text is None:
                section.problem("tables", f"the file is missing: {self._folder}{name}")
            else:
                rates += table.read(self._folder + name, text)
        section.refuse_unknown_keys()
        if not rates:
            section.problem("tables", "the list has no rates")
        return PriceList(terms, rates)

    def _check_terms(self, section: Section, terms: PriceListTerms) -> None:
        if not terms.columns:
            section.problem("columns", "a list needs a price column")
        if terms.valid_to is not None and terms.valid_to <= terms.valid_from:
            section.problem("valid_to", "valid_to must be after valid_from")
        if self._vat.rate_at(self._country, terms.valid_from) is None:
            section.problem("valid_from", f"no tax rate of {self._country} is known on this day")

    def _increments(self, section: Section) -> Increments:
        text = section.text("increment")
        try:
            return read_increments(text)
        except ValueError as error:
            section.problem("increment", str(error))
            return Increments(1, 1)

    def _check_periods(self, lists: list[PriceList]) -> None:
        if not lists:
            self._top.problem("", "the tariff has no price list")
        for earlier, later in pairwise(lists):
            ends = earlier.terms.valid_to
            if ends is None or ends > later.terms.valid_from:
                message = f"lists {earlier.version} and {later.version} hold at the same time"
                self._top.problem("", message)

    def _options(self) -> dict[str, Option]:
        options: dict[str, Option] = {}
        for section in self._toml.tables("option"):
            option = self._option(section)
            if option.id in options or option.id in RESERVED_OPTION_IDS:
                section.problem("id", f"option {option.id} stands twice, or its name is taken")
            if option.kind is OptionKind.COLUMN and option.column not in self._columns:
                section.problem("column", f"no list has a column {option.column!r}")
            if option.kind is OptionKind.FLAT and not option.covers:
                section.problem("covers", "a flat must cover something")
            options[option.id] = option
        return options

    def _option(self, section: Section) -> Option:
        option = Option(
            id=section.text("id"),
            kind=section.choice("kind", OptionKind),
            covers=self._covers(section),
            column=section.text("column") if section.has("column") else "",
            effective=section.choice("effective", Effective),
            trunk_accounts=section.flag("trunk_accounts"),
            concurrent_calls=_count_or_none(section, "concurrent_calls"),
            monthly_fee=section.price("monthly_fee"),
            typical_minutes=_count_or_none(section, "typical_minutes"),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        section.refuse_unknown_keys()
        return option

    def _on_net(self) -> OnNet | None:
        section = self._toml.table("on_net")
        if section is None:
            return None
        on_net = OnNet(
            covers=self._covers(section),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        section.refuse_unknown_keys()
        return on_net

    def _covers(self, section: Section) -> frozenset[str]:
        """Read what is free; a cover that names nothing priced is a slip of the pen."""
        covers = section.texts("covers")
        for name in covers:
            priced = not self._rows_known or name.partition("/")[0] in self._priced
            if not is_selector(name) or not priced:
                section.problem("covers", f"no row prices {name!r}")
        return frozenset(covers)

    def _source(self, section: Section) -> Source:
        return Source(self._document, section.count("line"))


def _count_or_none(section: Section, key: str) -> int | None:
    return section.count(key) if section.has(key) else None
