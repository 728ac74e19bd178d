"""One provider's folder: ``tariff.toml`` with its plans, columns and zones, and the tables."""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from rating.errors import Problem
from rating.ledger.account import TARIFF_ZONE
from rating.pricing.columns import Column, ColumnChoice
from rating.pricing.legal_cap import LegalCap
from rating.pricing.load_list import ListLoader, default_list
from rating.pricing.load_options import load_internal, load_on_net, load_options, load_surcharges
from rating.pricing.price_list import PriceList
from rating.pricing.selector import zone_of
from rating.pricing.tariff_file import TariffFile
from rating.pricing.tariff_plan import Option, Plan, TariffPlan
from rating.pricing.toml_section import Section
from rating.pricing.vat import VatTable
from rating.pricing.zones import Zone, ZonePurpose


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
        self._caps = caps
        self._vat = vat
        self._problems = problems
        self._file = TariffFile(file, files[file], problems)

    def load(self) -> TariffPlan:
        """Read the folder; after a problem the result is incomplete and must not be used."""
        file, top = self._file, self._file.top
        name, time_zone = top.text("name"), self._time_zone()
        top.refuse_unknown_keys()
        plans = self._plans()
        file.plans = plans.keys()
        columns = ColumnChoice(self._columns(), plans)
        zones = self._zones()
        file.zones = {zone.id for zone in zones}
        lists = self._price_lists(columns, zones)
        options = load_options(file, columns)
        surcharges, on_net = load_surcharges(file), load_on_net(file)
        self._check_includes(plans, options)
        self._check_used(lists)
        return TariffPlan(
            provider=file.provider,
            name=name,
            country=file.country,
            time_zone=time_zone,
            plans=plans,
            columns=columns,
            price_lists=lists,
            default_list=default_list(lists),
            options=options,
            surcharges=surcharges,
            on_net=on_net,
            internal=load_internal(file),
        )

    def _time_zone(self) -> ZoneInfo:
        # Spending limits and the months of allowances are counted by the days of this zone, too.
        if self._file.top.text("time_zone") != TARIFF_ZONE.key:
            self._file.top.problem("time_zone", f"the tariff calendar is that of {TARIFF_ZONE.key}")
        return TARIFF_ZONE

    def _plans(self) -> dict[str, Plan]:
        plans: dict[str, Plan] = {}
        for section in self._sections("plan"):
            plan = Plan(
                id=section.text("id"),
                name=section.text("name"),
                provider=self._file.provider,
                is_trunk=section.flag("trunk", default=False),
                includes=self._file.option_names(section, "includes"),
                item=section.text("item") if section.has("item") else "",
                item_per_call=section.flag("item_per_call", default=False),
                source=self._file.source(section),
                readings=section.texts("readings"),
            )
            section.refuse_unknown_keys()
            if plan.id in plans:
                section.problem("id", f"plan {plan.id} stands twice")
            plans[plan.id] = plan
        return plans

    def _columns(self) -> tuple[Column, ...]:
        columns: dict[str, Column] = {}
        for section in self._sections("column"):
            column = Column(
                id=section.text("id"),
                plans=self._file.plan_names(section, "plans"),
                origins=self._file.origins(section, frozenset()),
                option=self._file.option_name(section, "option"),
            )
            section.refuse_unknown_keys()
            if column.id in columns:
                section.problem("id", f"column {column.id} stands twice")
            columns[column.id] = column
        return tuple(columns.values())

    def _zones(self) -> tuple[Zone, ...]:
        zones: dict[str, Zone] = {}
        for rank, section in enumerate(self._file.toml.tables("zone")):
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
            self._file.source(section)
            section.refuse_unknown_keys()
            _check_zone(section, zone, zones)
            zones[zone.id] = zone
        for section in self._file.toml.tables("zone"):
            _check_within(section, zones[section.text("id")], zones)
        return tuple(zones.values())

    def _price_lists(self, columns: ColumnChoice, zones: tuple[Zone, ...]) -> tuple[PriceList, ...]:
        problems_before = len(self._problems)
        loader = ListLoader(
            files=self._files,
            file=self._file,
            columns=columns,
            zones=zones,
            caps=self._caps,
            vat=self._vat,
            problems=self._problems,
        )
        lists = loader.load(self._sections("price_list"))
        # After a problem rows are missing, and what names them would be called wrong in vain.
        if len(self._problems) == problems_before:
            self._file.learn(lists)
        return lists

    def _check_includes(self, plans: Mapping[str, Plan], options: Mapping[str, Option]) -> None:
        for section in self._file.toml.tables("plan"):
            plan = plans[section.text("id")]
            for name in plan.includes:
                if name in options and not options[name].is_allowed_for(plan):
                    section.problem("includes", f"{name} is not allowed for {plan.id}")

    def _check_used(self, lists: Iterable[PriceList]) -> None:
        """Note columns that no table has, and zones that nothing names."""
        if self._file.priced is None:
            return
        used = {rate.column for price_list in lists for rate in price_list.rates}
        for section in self._file.toml.tables("column"):
            if section.text("id") not in used:
                section.problem("id", f"no table has a column {section.text('id')!r}")
        for section in self._file.toml.tables("zone"):
            if section.text("id") not in self._file.named_zones:
                section.problem("id", f"nothing names zone {section.text('id')!r}")

    def _sections(self, name: str) -> list[Section]:
        """Give sections of which there must be one at least."""
        sections = self._file.toml.tables(name)
        if not sections:
            self._file.top.problem("", f"the tariff has no [[{name}]]")
        return sections


def _check_zone(section: Section, zone: Zone, earlier: Mapping[str, Zone]) -> None:
    if zone_of(zone.selector) != zone.id:
        section.problem("id", f"no name of a zone, such as zone-1: {zone.id!r}")
    if zone.id in earlier:
        section.problem("id", f"zone {zone.id} stands twice")
    for other in earlier.values():
        if zone.is_rest and other.is_rest and zone.purpose is other.purpose:
            section.problem("rest", f"there is a rest zone already: {other.id}")


def _check_within(section: Section, zone: Zone, zones: Mapping[str, Zone]) -> None:
    if zone.within is None:
        return
    outer = zones.get(zone.within)
    if outer is None or outer.purpose is not zone.purpose:
        section.problem("within", f"there is no {zone.purpose} zone {zone.within!r}")
    elif outer.within is not None or outer.is_rest or zone.is_rest:
        section.problem("within", "zones are nested once, and never with the rest zone")
