"""The price lists of a provider: ``[[price_list]]`` sections with their tables and zones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rating.errors import Problem
from rating.pricing.columns import ColumnChoice
from rating.pricing.legal_cap import LegalCap
from rating.pricing.origin import AT_HOME, OriginKind
from rating.pricing.price_list import Basis, PriceList, PriceListTerms
from rating.pricing.rate import Increments, Rate, Source
from rating.pricing.rate_index import EmptyMobile
from rating.pricing.rate_table import RateTable, TableRules, read_increments
from rating.pricing.selector import zone_of
from rating.pricing.toml_section import Section
from rating.pricing.vat import VatTable
from rating.pricing.zone_table import ZoneTable
from rating.pricing.zones import Zone


@dataclass(frozen=True, slots=True)
class ListLoader:
    """Loads the lists of one provider."""

    files: Mapping[str, str]
    folder: str
    provider: str
    document: str
    country: str
    columns: ColumnChoice
    zones: tuple[Zone, ...]
    """Without members: each list has its own."""
    table_origins: Mapping[str, frozenset[OriginKind]]
    """Tables that are not for calls at home."""
    caps: tuple[LegalCap, ...]
    vat: VatTable
    problems: list[Problem]
    _used: set[str] = field(default_factory=set)

    def load(self, section: Section) -> PriceList:
        """Load one list; after a problem it is incomplete and must not be used."""
        terms = self._terms(section)
        rules = TableRules(
            terms=terms,
            document=section.text("tables_document", default=self.document),
            columns=self.columns,
            zones=frozenset(zone.id for zone in self.zones),
            increments=self._increments(section),
            caps=self.caps,
            cap_reading=section.text("cap_reading") if section.has("cap_reading") else "",
        )
        self._check_terms(section, terms)
        rates: list[Rate] = []
        table = RateTable(rules, self.problems)
        for name, text in self._texts(section, "tables"):
            origins = self.table_origins.get(name, AT_HOME)
            rates += table.read(self.folder + name, text, origins)
        zones = ZoneTable(self.zones, self.problems)
        for name, text in self._texts(section, "zones"):
            zones.read(self.folder + name, text)
        section.refuse_unknown_keys()
        if not rates:
            section.problem("tables", "the list has no rates")
        places = {**zones.places, **table.places}
        price_list = PriceList(terms, rates, zones=zones.zones(), places=places)
        self._check_zones(section, price_list)
        return price_list

    def check_tables_used(self, sections: Iterable[Section]) -> None:
        """Note each ``[[table]]`` whose file no list names."""
        for section in sections:
            if section.text("file") not in self._used:
                section.problem("file", f"no list has the table {section.text('file')!r}")

    def _check_zones(self, section: Section, price_list: PriceList) -> None:
        """Note rows of zones that have no member here."""
        reached = {zone.id for zone in price_list.zones if zone.members or zone.is_rest}
        reached |= {zone.within for zone in price_list.zones if zone.members and zone.within}
        named = {zone_of(selector) for rate in price_list.rates for selector in rate.match}
        for zone in price_list.zones:
            if zone.id in named and zone.id not in reached:
                section.problem("zones", f"zone {zone.id} has rows and no members")

    def _terms(self, section: Section) -> PriceListTerms:
        return PriceListTerms(
            id=section.text("id"),
            version=section.text("version"),
            provider=self.provider,
            country=self.country,
            basis=section.choice("basis", Basis),
            vat_reference=section.price("vat_reference"),
            valid_from=section.day("valid_from"),
            valid_to=section.day_or_none("valid_to"),
            empty_mobile=section.choice("empty_mobile", EmptyMobile),
            is_pinned=section.flag("pinned", default=False),
            is_default=section.flag("default", default=False),
            is_example=section.flag("example", default=False),
            source=Source(self.document, section.count("line")),
            readings=section.texts("readings"),
        )

    def _check_terms(self, section: Section, terms: PriceListTerms) -> None:
        if terms.valid_to is not None and terms.valid_to <= terms.valid_from:
            section.problem("valid_to", "valid_to must be after valid_from")
        vat_rate = self.vat.rate_at(self.country, terms.valid_from)
        if vat_rate is None:
            section.problem("valid_from", f"no tax rate of {self.country} is known on this day")
        elif terms.vat_reference != vat_rate:
            # Gross prices were made with the tax of their first day; other numbers are a slip.
            message = f"the tax of {self.country} on the first day of the list is another"
            section.problem("vat_reference", message)

    def _texts(self, section: Section, key: str) -> Iterable[tuple[str, str]]:
        for name in section.texts(key):
            text = self.files.get(self.folder + name)
            if text is None:
                section.problem(key, f"the file is missing: {self.folder}{name}")
            else:
                self._used.add(name)
                yield name, text

    def _increments(self, section: Section) -> Increments:
        text = section.text("increment")
        try:
            return read_increments(text)
        except ValueError as error:
            section.problem("increment", str(error))
            return Increments(1, 1)
