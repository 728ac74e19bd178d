"""One provider's folder: its ``tariff.toml`` and the tables that it names.

What is checked here is what one section cannot know of itself: whether every plan, option, column
and zone that is named exists, and whether every day has one list at most.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rating.errors import Problem
from rating.pricing.columns import Column, ColumnChoice
from rating.pricing.legal_cap import LegalCap
from rating.pricing.load_list import ListLoader
from rating.pricing.origin import AT_HOME, OriginKind
from rating.pricing.price_list import PriceList
from rating.pricing.rate import PricePart, Source, UnitPrice
from rating.pricing.rate_index import SERVICE
from rating.pricing.selector import is_selector, is_service, zone_of
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
from rating.pricing.toml_section import Section, TomlFile
from rating.pricing.vat import VatTable
from rating.pricing.zones import Zone, ZonePurpose

RESERVED_OPTION_IDS: Final = frozenset({"on-net", "by-law", "internal"})
"""Other reasons for which a call is free; no option may have their names."""

_UTC: Final = "UTC"
_SECONDS_PER_MINUTE: Final = 60


class PlanLoader:
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
        self._folder = file.rpartition("/")[0] + "/"
        self._caps = caps
        self._vat = vat
        self._problems = problems
        self._toml = TomlFile(file, files[file], problems)
        self._top = self._toml.top()
        self._provider = self._top.text("provider")
        self._document = self._top.text("document")
        self._country = self._top.text("country")
        self._names = _Names()

    def load(self) -> TariffPlan:
        """Read the folder; after a problem the result is incomplete and must not be used."""
        name = self._top.text("name")
        time_zone = self._time_zone()
        self._top.refuse_unknown_keys()
        self._names.options = {one.text("id") for one in self._toml.tables("option")}
        plans = self._plans()
        self._names.plans = set(plans)
        columns = self._columns()
        zones = self._zones()
        self._names.zones = {zone.id for zone in zones}
        problems_before = len(self._problems)
        choice = ColumnChoice(columns, plans)
        lists = self._price_lists(choice, zones)
        # After a problem rows are missing, and what names them would be called wrong in vain.
        if len(self._problems) == problems_before:
            self._names.priced = _priced(lists)
            self._names.origins = _origins_of(lists)
        self._check_columns(columns, lists)
        options, surcharges, on_net = self._options(columns), self._surcharges(), self._on_net()
        self._check_includes(plans, options)
        self._check_zones_used(lists)
        return TariffPlan(
            provider=self._provider,
            name=name,
            country=self._country,
            time_zone=time_zone,
            plans=plans,
            columns=choice,
            price_lists=lists,
            default_list=_default_list(lists),
            options=options,
            surcharges=surcharges,
            on_net=on_net,
            internal=self._internal(),
        )

    def _time_zone(self) -> ZoneInfo:
        name = self._top.text("time_zone")
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            self._top.problem("time_zone", f"no such time zone: {name!r}")
            return ZoneInfo(_UTC)

    def _plans(self) -> dict[str, Plan]:
        plans: dict[str, Plan] = {}
        for section in self._toml.tables("plan"):
            plan = Plan(
                id=section.text("id"),
                name=section.text("name"),
                provider=self._provider,
                is_trunk=section.flag("trunk", default=False),
                includes=section.texts("includes"),
                source=self._source(section),
                readings=section.texts("readings"),
            )
            section.refuse_unknown_keys()
            self._names.check(section, "includes", plan.includes, self._names.options, "option")
            if plan.id in plans:
                section.problem("id", f"plan {plan.id} stands twice")
            plans[plan.id] = plan
        if not plans:
            self._top.problem("", "the tariff has no plan")
        return plans

    def _columns(self) -> tuple[Column, ...]:
        columns: list[Column] = []
        for section in self._toml.tables("column"):
            column = Column(
                id=section.text("id"),
                plans=frozenset(section.texts("plans")),
                origins=_origins(section, frozenset()),
                option=section.text("option") if section.has("option") else None,
            )
            section.refuse_unknown_keys()
            self._names.check(section, "plans", column.plans, self._names.plans, "plan")
            if column.option is not None:
                names = [column.option]
                self._names.check(section, "option", names, self._names.options, "option")
            if column.id in {other.id for other in columns}:
                section.problem("id", f"column {column.id} stands twice")
            columns.append(column)
        if not columns:
            self._top.problem("", "the tariff has no price column")
        return tuple(columns)

    def _zones(self) -> tuple[Zone, ...]:
        zones: dict[str, Zone] = {}
        sections = self._toml.tables("zone")
        for rank, section in enumerate(sections):
            zone = Zone(
                id=section.text("id"),
                purpose=section.choice("purpose", ZonePurpose, default=ZonePurpose.CALL),
                rank=rank,
                is_rest=section.flag("rest", default=False),
                within=section.text("within") if section.has("within") else None,
                members=frozenset(),
                readings=section.texts("readings"),
                member_readings={},
            )
            section.count("line")
            section.refuse_unknown_keys()
            if zone_of(f"@{zone.id}") != zone.id:
                section.problem("id", f"no name of a zone, such as zone-1: {zone.id!r}")
            if zone.id in zones:
                section.problem("id", f"zone {zone.id} stands twice")
            rests = [one.id for one in zones.values() if one.is_rest]
            if zone.is_rest and any(zones[name].purpose is zone.purpose for name in rests):
                section.problem("rest", f"there is a rest zone already: {', '.join(rests)}")
            zones[zone.id] = zone
        for section in sections:
            _check_within(section, zones)
        return tuple(zones.values())

    def _price_lists(self, columns: ColumnChoice, zones: tuple[Zone, ...]) -> tuple[PriceList, ...]:
        loader = ListLoader(
            files=self._files,
            folder=self._folder,
            provider=self._provider,
            document=self._document,
            country=self._country,
            columns=columns,
            zones=zones,
            table_origins=self._table_origins(),
            caps=self._caps,
            vat=self._vat,
            problems=self._problems,
        )
        found = [(section, loader.load(section)) for section in self._toml.tables("price_list")]
        found.sort(key=lambda entry: entry[1].terms.valid_from)
        loader.check_tables_used(self._toml.tables("table"))
        if not found:
            self._top.problem("", "the tariff has no price list")
        self._check_lists(found)
        return tuple(price_list for _, price_list in found)

    def _table_origins(self) -> dict[str, frozenset[OriginKind]]:
        found = {}
        for section in self._toml.tables("table"):
            found[section.text("file")] = _origins(section, AT_HOME)
            section.refuse_unknown_keys()
        return found

    def _check_lists(self, found: list[tuple[Section, PriceList]]) -> None:
        by_id: dict[str, list[tuple[Section, PriceList]]] = {}
        for section, price_list in found:
            by_id.setdefault(price_list.id, []).append((section, price_list))
        for versions in by_id.values():
            for (_, earlier), (section, later) in pairwise(versions):
                ends = earlier.terms.valid_to
                if ends is None or ends > later.terms.valid_from:
                    message = f"lists {earlier.version} and {later.version} hold at the same time"
                    section.problem("valid_from", message)
                if earlier.version == later.version:
                    section.problem("version", f"version {later.version} stands twice")
                for key in ("pinned", "default"):
                    if section.flag(key, default=False) is not _flags(earlier)[key]:
                        section.problem(key, f"{key} differs between versions of {later.id}")
        defaults = [name for name, versions in by_id.items() if versions[0][1].terms.is_default]
        if len(by_id) > 1 and len(defaults) > 1:
            self._top.problem("", f"more than one default list: {', '.join(defaults)}")

    def _check_columns(self, columns: Iterable[Column], lists: Iterable[PriceList]) -> None:
        used = {rate.column for price_list in lists for rate in price_list.rates}
        for section, column in zip(self._toml.tables("column"), columns, strict=True):
            if self._names.priced is not None and column.id not in used:
                section.problem("id", f"no table has a column {column.id!r}")

    def _check_includes(self, plans: Mapping[str, Plan], options: Mapping[str, Option]) -> None:
        for section in self._toml.tables("plan"):
            plan = plans[section.text("id")]
            included = [options[name] for name in plan.includes if name in options]
            for option in included:
                if not option.is_allowed_for(plan):
                    section.problem("includes", f"{option.id} is not allowed for {plan.id}")

    def _check_zones_used(self, lists: Iterable[PriceList]) -> None:
        for price_list in lists:
            for rate in price_list.rates:
                self._names.used_zones |= {zone_of(selector) for selector in rate.match}
        for section in self._toml.tables("zone"):
            if self._names.priced is not None and section.text("id") not in self._names.used_zones:
                section.problem("id", f"nothing names zone {section.text('id')!r}")

    def _options(self, columns: tuple[Column, ...]) -> dict[str, Option]:
        asked = {column.option for column in columns}
        options: dict[str, Option] = {}
        for section in self._toml.tables("option"):
            option = self._option(section)
            if option.id in options or option.id in RESERVED_OPTION_IDS:
                section.problem("id", f"option {option.id} stands twice, or its name is taken")
            self._names.check(section, "plans", option.plans, self._names.plans, "plan")
            if option.kind is OptionKind.COLUMN:
                if option.id not in asked:
                    section.problem("kind", f"no column asks for option {option.id!r}")
            elif not option.covers:
                section.problem("covers", f"a {option.kind} must cover something")
            elif section.has("origins") and option.origins - self._names.origins:
                section.problem("origins", "no list has prices from there")
            if (option.kind is OptionKind.ALLOWANCE) is (option.included_s is None):
                section.problem("included_minutes", "minutes are what an allowance includes")
            options[option.id] = option
        return options

    def _option(self, section: Section) -> Option:
        minutes = _count_or_none(section, "included_minutes")
        option = Option(
            id=section.text("id"),
            kind=section.choice("kind", OptionKind),
            covers=self._selectors(section, "covers"),
            origins=_origins(section, AT_HOME),
            plans=frozenset(section.texts("plans")),
            included_s=None if minutes is None else minutes * _SECONDS_PER_MINUTE,
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

    def _surcharges(self) -> tuple[Surcharge, ...]:
        surcharges: list[Surcharge] = []
        for section in self._toml.tables("surcharge"):
            name, per_minute = section.text("id"), section.price("per_minute")
            source = self._source(section)
            surcharge = Surcharge(
                id=name,
                unit_price=UnitPrice.compile(Fraction(0), per_minute),
                part=PricePart(name, per_minute, Fraction(0), source),
                origins=_origins(section, frozenset()),
                except_=self._selectors(section, "except"),
                dropped_by=frozenset(section.texts("dropped_by")),
                source=source,
                readings=section.texts("readings"),
            )
            section.refuse_unknown_keys()
            dropped_by = surcharge.dropped_by
            self._names.check(section, "dropped_by", dropped_by, self._names.options, "option")
            if not per_minute:
                section.problem("per_minute", "a surcharge of nothing")
            if not surcharge.origins or surcharge.origins - self._names.origins:
                section.problem("origins", "a surcharge needs kinds of access that have prices")
            if name in {other.id for other in surcharges}:
                section.problem("id", f"surcharge {name} stands twice")
            surcharges.append(surcharge)
        return tuple(surcharges)

    def _on_net(self) -> OnNet | None:
        section = self._toml.table("on_net")
        if section is None:
            return None
        covers = self._selectors(section, "covers")
        on_net = OnNet(covers, self._source(section), section.texts("readings"))
        section.refuse_unknown_keys()
        return on_net

    def _internal(self) -> Internal | None:
        section = self._toml.table("internal")
        if section is None:
            return None
        internal = Internal(self._source(section), section.texts("readings"))
        section.refuse_unknown_keys()
        return internal

    def _selectors(self, section: Section, key: str) -> frozenset[str]:
        """Read names of numbers; one that names nothing priced is a slip of the pen."""
        names = section.texts(key)
        for name in names:
            zone = zone_of(name)
            self._names.used_zones.add(zone)
            if not is_selector(name):
                section.problem(key, f"not a selector: {name!r}")
            elif zone is not None and zone not in self._names.zones:
                section.problem(key, f"there is no zone {zone!r}")
            elif zone is None and not self._names.is_priced(name):
                section.problem(key, f"no row prices {name!r}")
        return frozenset(names)

    def _source(self, section: Section) -> Source:
        return Source(self._document, section.count("line"))


class _Names:
    """What the sections of a tariff may name."""

    def __init__(self) -> None:
        self.plans: set[str] = set()
        self.options: set[str] = set()
        self.zones: set[str] = set()
        self.used_zones: set[str | None] = set()
        self.priced: set[str] | None = None
        """Selectors of rows and members of zones; ``None`` while they are not all known."""
        self.origins: frozenset[OriginKind] = frozenset(OriginKind)
        """From where any list has prices."""

    def is_priced(self, selector: str) -> bool:
        """Tell whether a row names the numbers or may reach them by a zone."""
        if self.priced is None:
            return True
        return bool({selector, selector.partition("/")[0]} & self.priced)

    def check(
        self, section: Section, key: str, used: Iterable[str], known: set[str], kind: str
    ) -> None:
        """Note each name that is not known."""
        for name in sorted(set(used) - known):
            section.problem(key, f"there is no {kind} {name!r}")


def _check_within(section: Section, zones: Mapping[str, Zone]) -> None:
    name = section.text("within") if section.has("within") else None
    if name is None:
        return
    inner, outer = zones[section.text("id")], zones.get(name)
    if outer is None or outer.purpose is not inner.purpose:
        section.problem("within", f"there is no {inner.purpose} zone {name!r}")
    elif outer.within is not None or outer.is_rest or inner.is_rest:
        section.problem("within", "zones are nested once, and never with the rest zone")


def _priced(lists: Iterable[PriceList]) -> set[str]:
    """Name all that rows or zones name, with and without a line type."""
    found: set[str] = set()
    for price_list in lists:
        for rate in price_list.rates:
            for selector in rate.match:
                found |= {selector, selector.partition("/")[0]}
                found |= {SERVICE} if is_service(selector) else set()
        for zone in price_list.zones:
            found |= zone.members
    return found


def _origins_of(lists: Iterable[PriceList]) -> frozenset[OriginKind]:
    """Name the kinds of access that any row is for."""
    found: set[OriginKind] = set()
    for price_list in lists:
        for rate in price_list.rates:
            found |= rate.origins
    return frozenset(found)


def _default_list(lists: Iterable[PriceList]) -> str | None:
    names = {price_list.id: price_list.terms.is_default for price_list in lists}
    marked = [name for name, is_default in names.items() if is_default or len(names) == 1]
    return marked[0] if marked else None


def _flags(price_list: PriceList) -> dict[str, bool]:
    return {"pinned": price_list.terms.is_pinned, "default": price_list.terms.is_default}


def _origins(section: Section, default: frozenset[OriginKind]) -> frozenset[OriginKind]:
    if not section.has("origins"):
        return default
    return frozenset(section.choices("origins", OriginKind))


def _count_or_none(section: Section, key: str) -> int | None:
    return section.count(key) if section.has(key) else None
