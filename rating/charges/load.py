"""Charges from text: all of them, or every problem with its file and line.

    <provider>/orders.toml   which lists there are, and the rules around them
    <provider>/fees.csv      one-off and monthly fees
    <provider>/usage.csv     prices of usage that is no call

Names are relative paths, as those of the tariffs, whose providers these are.
"""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from rating.charges.charge_book import ChargeBook, ChargeList, ChargeListTerms
from rating.charges.fee import FeeSchedule
from rating.charges.load_rows import RowReader
from rating.charges.load_rules import KnownNames, RuleReader
from rating.charges.usage import UsageRow
from rating.errors import DataError, Problem
from rating.pricing import Basis, Source, TariffPlan, Tariffs
from rating.pricing.toml_section import Section, TomlFile
from rating.pricing.zones import ZoneMap

ORDERS_FILE: Final = "orders.toml"


def load_charges(files: Mapping[str, str], tariffs: Tariffs) -> Mapping[str, ChargeBook]:
    """Read the charges of each provider of the tariffs; raise ``DataError`` with every problem."""
    problems: list[Problem] = []
    books = {}
    for provider, plan in sorted(tariffs.plans.items()):
        if f"{provider}/{ORDERS_FILE}" in files:
            books[provider] = _BookLoader(files, plan, tariffs, problems).load()
    for file in sorted(files):
        folder, _, name = file.partition("/")
        if name == ORDERS_FILE and folder not in books:
            problems.append(Problem(file, 0, f"there is no tariff of provider {folder}"))
    if problems:
        raise DataError(tuple(problems))
    return MappingProxyType(books)


class _BookLoader:
    """Loads one provider's folder."""

    def __init__(
        self,
        files: Mapping[str, str],
        plan: TariffPlan,
        tariffs: Tariffs,
        problems: list[Problem],
    ) -> None:
        self._files = files
        self._folder = f"{plan.provider}/"
        self._plan = plan
        self._tariffs = tariffs
        self._problems = problems
        self._file = self._folder + ORDERS_FILE
        self._toml = TomlFile(self._file, files[self._file], problems)
        self._document = plan.price_lists[0].terms.source.document
        self._plans = frozenset(plan.plans)
        self._rows = RowReader(self._document, self._plans, problems=problems)

    def load(self) -> ChargeBook:
        top = self._toml.top()
        without_fee = top.texts("items_without_fee")
        top.refuse_unknown_keys()
        lists = sorted(
            (self._list(section) for section in self._toml.tables("charge_list")),
            key=lambda entry: entry.terms.valid_from,
        )
        self._check_periods(lists)
        fees = {item for entry in lists for item, _ in entry.fees}
        for item in without_fee:
            if item in fees:
                top.problem("items_without_fee", f"{item} has a fee")
        names = KnownNames(
            fees=frozenset(fees | set(without_fee)),
            without_fee=frozenset(without_fee),
            usage=frozenset(item for entry in lists for item in entry.usage),
            plans=self._plans,
        )
        rules = RuleReader(self._toml, self._document, names)
        self._check_options(lists)
        return ChargeBook(
            provider=self._plan.provider,
            country=self._plan.country,
            time_zone=self._plan.time_zone,
            vat=self._tariffs.vat,
            lists=tuple(lists),
            quotas=rules.quotas(),
            reductions=rules.reductions(),
            snapshot=rules.snapshot(),
            surcharges=rules.surcharges(),
            reply_windows=rules.reply_windows(),
            orders=rules.orders(),
        )

    def _list(self, section: Section) -> ChargeList:
        terms = ChargeListTerms(
            id=section.text("id"),
            version=section.text("version"),
            basis=section.choice("basis", Basis),
            vat_reference=section.price("vat_reference"),
            valid_from=section.day("valid_from"),
            valid_to=section.day_or_none("valid_to"),
            is_example=section.has("example") and section.flag("example"),
            source=Source(self._document, section.count("line")),
            readings=section.texts("readings"),
        )
        fees: Mapping[tuple[str, str], FeeSchedule] = {}
        usage: Mapping[str, UsageRow] = {}
        if (text := self._text(section, "fees")) is not None:
            fees = self._rows.read_fees(self._folder + section.text("fees"), text)
        if (text := self._text(section, "usage")) is not None:
            usage = self._rows.read_usage(self._folder + section.text("usage"), text)
        section.refuse_unknown_keys()
        self._check_terms(section, terms)
        zones = self._zones(terms)
        known = {f"@{name}" for zone_map in zones for name in zone_map.zones}
        for row in usage.values():
            selector = row.place.partition(" ")[2]
            if selector.startswith("@") and selector not in known:
                section.problem("usage", f"{row.item} is placed in {selector}, which is no zone")
        return ChargeList(terms, fees, usage, zones)

    def _zones(self, terms: ChargeListTerms) -> tuple[ZoneMap, ...]:
        """Give the zones of the price list that holds when the charges begin to, or the first."""
        lists = self._plan.price_lists
        found = next((one for one in lists if one.holds_on(terms.valid_from)), lists[0])
        return found.call_zones, found.roaming_zones

    def _text(self, section: Section, key: str) -> str | None:
        file = self._folder + section.text(key)
        if file not in self._files:
            section.problem(key, f"the file is missing: {file}")
        return self._files.get(file)

    def _check_terms(self, section: Section, terms: ChargeListTerms) -> None:
        if terms.valid_to is not None and terms.valid_to <= terms.valid_from:
            section.problem("valid_to", "valid_to must be after valid_from")
        if terms.vat_reference >= 1:
            section.problem("vat_reference", 'a rate is a fraction such as "0.19"')
        if self._tariffs.vat.rate_at(self._plan.country, terms.valid_from) is None:
            section.problem("valid_from", f"no tax rate of {self._plan.country} is known then")
        for price_list in self._plan.price_lists:
            if price_list.terms.basis is not terms.basis:
                section.problem("basis", f"price list {price_list.id} is {price_list.terms.basis}")

    def _check_periods(self, lists: list[ChargeList]) -> None:
        if not lists:
            self._problems.append(Problem(self._file, 0, "there is no charge_list"))
        for earlier, later in pairwise(lists):
            ends = earlier.terms.valid_to
            if ends is None or ends > later.terms.valid_from:
                names = f"{earlier.terms.version} and {later.terms.version}"
                self._problems.append(
                    Problem(self._file, 0, f"lists {names} hold at the same time")
                )

    def _check_options(self, lists: list[ChargeList]) -> None:
        """Demand a fee for all that can be booked, be it that nothing is charged for it."""
        for entry in lists:
            items = {item for item, _ in entry.fees}
            for option_id in self._plan.options:
                if option_id not in items:
                    message = f"option {option_id} has no fee in list {entry.terms.version}"
                    self._problems.append(Problem(self._file, 0, message))
