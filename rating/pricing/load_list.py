"""The price lists of a provider: ``[[price_list]]`` sections with their tables and zones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from rating.errors import Problem
from rating.pricing.columns import ColumnChoice
from rating.pricing.legal_cap import LegalCap
from rating.pricing.origin import AT_HOME, OriginKind
from rating.pricing.price_list import Basis, PriceList, PriceListTerms
from rating.pricing.rate import Increments, Rate
from rating.pricing.rate_index import EmptyMobile
from rating.pricing.rate_row import TableRules, read_increments
from rating.pricing.rate_table import RateTable
from rating.pricing.selector import zone_of
from rating.pricing.tariff_file import TariffFile
from rating.pricing.toml_section import Section
from rating.pricing.vat import VatTable
from rating.pricing.zone_table import ZoneTable
from rating.pricing.zones import Zone

_Version = tuple[Section, PriceList]


@dataclass(frozen=True, slots=True)
class ListLoader:
    """Loads the lists of one provider."""

    files: Mapping[str, str]
    file: TariffFile
    columns: ColumnChoice
    zones: tuple[Zone, ...]
    """Without members: each list has its own."""
    caps: tuple[LegalCap, ...]
    vat: VatTable
    problems: list[Problem]

    def load(self, sections: list[Section]) -> tuple[PriceList, ...]:
        """Load all lists in the order of their periods; after a problem they are incomplete."""
        origins = self._table_origins()
        found = [(section, self._list(section, origins)) for section in sections]
        found.sort(key=lambda version: version[1].terms.valid_from)
        by_id: dict[str, list[_Version]] = {}
        for section, price_list in found:
            by_id.setdefault(price_list.id, []).append((section, price_list))
        for versions in by_id.values():
            _check_versions(versions)
        defaults = [name for name, versions in by_id.items() if versions[0][1].terms.is_default]
        if len(by_id) > 1 and len(defaults) != 1:
            self.file.top.problem("", f"{len(by_id)} lists, and {len(defaults)} of them default")
        self._check_tables(sections)
        return tuple(price_list for _, price_list in found)

    def _list(self, section: Section, origins: Mapping[str, frozenset[OriginKind]]) -> PriceList:
        terms = self._terms(section)
        zone_table = ZoneTable(self.zones, self.problems)
        for name, text in self._texts(section, "zones"):
            zone_table.read(self.file.folder + name, text)
        zones = zone_table.zones()
        table = RateTable(self._rules(section, terms, zones), self.problems)
        rates: list[Rate] = []
        for name, text in self._texts(section, "tables"):
            rates += table.read(self.file.folder + name, text, origins.get(name, AT_HOME))
        section.refuse_unknown_keys()
        places = {**zone_table.places, **table.places}
        price_list = PriceList(terms, rates, zones=zones, places=places)
        self._check_terms(section, terms)
        _check_rows(section, price_list)
        return price_list

    def _terms(self, section: Section) -> PriceListTerms:
        return PriceListTerms(
            id=section.text("id"),
            version=section.text("version"),
            provider=self.file.provider,
            country=self.file.country,
            basis=section.choice("basis", Basis),
            vat_reference=section.price("vat_reference"),
            valid_from=section.day("valid_from"),
            valid_to=section.day_or_none("valid_to"),
            empty_mobile=section.choice("empty_mobile", EmptyMobile),
            is_pinned=section.flag("pinned", default=False),
            is_default=section.flag("default", default=False),
            is_for_consumers=section.flag("consumers", default=False),
            is_example=section.flag("example", default=False),
            source=self.file.source(section),
            readings=section.texts("readings"),
        )

    def _rules(self, section: Section, terms: PriceListTerms, zones: Iterable[Zone]) -> TableRules:
        return TableRules(
            terms=terms,
            document=section.text("tables_document", default=self.file.document),
            columns=self.columns,
            zones={zone.id: zone for zone in zones},
            increments=_increments(section),
            caps=self.caps,
            cap_reading=section.text("cap_reading") if section.has("cap_reading") else "",
        )

    def _texts(self, section: Section, key: str) -> Iterator[tuple[str, str]]:
        for name in section.texts(key):
            text = self.files.get(self.file.folder + name)
            if text is None:
                section.problem(key, f"the file is missing: {self.file.folder}{name}")
            else:
                yield name, text

    def _table_origins(self) -> dict[str, frozenset[OriginKind]]:
        """Read ``[[table]]``: tables that are not for all calls at home."""
        found = {}
        for section in self.file.toml.tables("table"):
            found[section.text("file")] = self.file.origins(section, AT_HOME)
            section.refuse_unknown_keys()
        return found

    def _check_tables(self, lists: list[Section]) -> None:
        used = {name for section in lists for name in section.texts("tables")}
        for section in self.file.toml.tables("table"):
            if section.text("file") not in used:
                section.problem("file", f"no list has the table {section.text('file')!r}")

    def _check_terms(self, section: Section, terms: PriceListTerms) -> None:
        if terms.valid_to is not None and terms.valid_to <= terms.valid_from:
            section.problem("valid_to", "valid_to must be after valid_from")
        country = self.file.country
        vat_rate = self.vat.rate_at(country, terms.valid_from)
        if vat_rate is None:
            section.problem("valid_from", f"no tax rate of {country} is known on this day")
        elif terms.vat_reference != vat_rate:
            # Gross prices were made with the tax of their first day; another one is a slip.
            section.problem("vat_reference", f"the tax of {country} on the first day is another")


def default_list(lists: Iterable[PriceList]) -> str | None:
    """Give the id of the list for contracts that pick none: the only one, or the one marked so."""
    is_default = {price_list.id: price_list.terms.is_default for price_list in lists}
    marked = [name for name, mark in is_default.items() if mark or len(is_default) == 1]
    return marked[0] if marked else None


def _check_versions(versions: list[_Version]) -> None:
    for (first, earlier), (section, later) in pairwise(versions):
        ends = earlier.terms.valid_to
        if ends is None or ends > later.terms.valid_from:
            message = f"lists {earlier.version} and {later.version} hold at the same time"
            section.problem("valid_from", message)
        if earlier.version == later.version:
            section.problem("version", f"version {later.version} stands twice")
        for key in ("pinned", "default"):
            if first.flag(key, default=False) is not section.flag(key, default=False):
                section.problem(key, f"{key} differs between versions of {later.id}")


def _check_rows(section: Section, price_list: PriceList) -> None:
    if not price_list.rates:
        section.problem("tables", "the list has no rates")
    reached = {zone.id for zone in price_list.zones if zone.members or zone.is_rest}
    reached |= {zone.within for zone in price_list.zones if zone.members and zone.within}
    named = {zone_of(selector) for rate in price_list.rates for selector in rate.match}
    for zone in price_list.zones:
        if zone.id in named and zone.id not in reached:
            section.problem("zones", f"zone {zone.id} has rows and no members")


def _increments(section: Section) -> Increments:
    text = section.text("increment")
    try:
        return read_increments(text)
    except ValueError as error:
        section.problem("increment", str(error))
        return Increments(1, 1)
