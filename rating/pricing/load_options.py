"""What a tariff rules about prices: options, surcharges, and calls that cost nothing."""

from fractions import Fraction
from typing import Final

from rating.pricing.columns import ColumnChoice
from rating.pricing.origin import AT_HOME
from rating.pricing.rate import PricePart, UnitPrice
from rating.pricing.tariff_file import TariffFile, count_or_none
from rating.pricing.tariff_plan import Effective, Internal, OnNet, Option, OptionKind, Surcharge
from rating.pricing.toml_section import Section

RESERVED_OPTION_IDS: Final = frozenset({"on-net", "by-law", "internal"})
"""Other reasons for which a call is free; no option may have their names."""

SURCHARGE_EUR_MAX: Final = Fraction(1)
"""The known one is 0.049 a minute; a hundred times as much would be cents taken for euros."""

_SECONDS_PER_MINUTE: Final = 60


def load_options(file: TariffFile, columns: ColumnChoice) -> dict[str, Option]:
    """Read ``[[option]]``."""
    asked = {column.option for column in columns.columns}
    options: dict[str, Option] = {}
    for section in file.toml.tables("option"):
        option = _option(file, section)
        if option.id in options or option.id in RESERVED_OPTION_IDS:
            section.problem("id", f"option {option.id} stands twice, or its name is taken")
        if option.kind is OptionKind.COLUMN and option.id not in asked:
            section.problem("kind", f"no column asks for option {option.id!r}")
        if option.kind is OptionKind.COLUMN and (option.covers or section.has("origins")):
            section.problem("kind", "its columns say for whom they hold, not covers and origins")
        if option.kind is not OptionKind.COLUMN and not option.covers:
            section.problem("covers", f"option {option.id} covers nothing")
        if section.has("origins") and not option.origins <= file.priced_origins:
            section.problem("origins", "no list has prices from there")
        if (option.kind is OptionKind.ALLOWANCE) is (option.included_s is None):
            section.problem("included_minutes", "minutes are what an allowance includes")
        options[option.id] = option
    return options


def load_surcharges(file: TariffFile) -> tuple[Surcharge, ...]:
    """Read ``[[surcharge]]``."""
    surcharges: dict[str, Surcharge] = {}
    for section in file.toml.tables("surcharge"):
        surcharge = _surcharge(file, section)
        if not 0 < surcharge.per_minute <= SURCHARGE_EUR_MAX:
            section.problem("per_minute", "no surcharge in euros: are the units mixed up?")
        if not surcharge.origins or not surcharge.origins <= file.priced_origins:
            section.problem("origins", "a surcharge needs kinds of access that have prices")
        if surcharge.id in surcharges:
            section.problem("id", f"surcharge {surcharge.id} stands twice")
        surcharges[surcharge.id] = surcharge
    return tuple(surcharges.values())


def load_on_net(file: TariffFile) -> OnNet | None:
    """Read ``[on_net]``."""
    section = file.toml.table("on_net")
    if section is None:
        return None
    covers = file.selectors(section, "covers")
    on_net = OnNet(covers, file.source(section), section.texts("readings"))
    section.refuse_unknown_keys()
    return on_net


def load_internal(file: TariffFile) -> Internal | None:
    """Read ``[internal]``."""
    section = file.toml.table("internal")
    if section is None:
        return None
    internal = Internal(file.source(section), section.texts("readings"))
    section.refuse_unknown_keys()
    return internal


def _option(file: TariffFile, section: Section) -> Option:
    minutes = count_or_none(section, "included_minutes")
    option = Option(
        id=section.text("id"),
        kind=section.choice("kind", OptionKind),
        covers=file.selectors(section, "covers"),
        origins=file.origins(section, AT_HOME),
        plans=file.plan_names(section, "plans"),
        included_s=None if minutes is None else minutes * _SECONDS_PER_MINUTE,
        effective=section.choice("effective", Effective),
        trunk_accounts=section.flag("trunk_accounts"),
        concurrent_calls=count_or_none(section, "concurrent_calls"),
        typical_minutes=count_or_none(section, "typical_minutes"),
        source=file.source(section),
        readings=section.texts("readings"),
    )
    section.refuse_unknown_keys()
    return option


def _surcharge(file: TariffFile, section: Section) -> Surcharge:
    surcharge_id, per_minute = section.text("id"), section.price("per_minute")
    label = section.text("name") if section.has("name") else surcharge_id
    source = file.source(section)
    surcharge = Surcharge(
        id=surcharge_id,
        unit_price=UnitPrice.compile(Fraction(0), per_minute),
        part=PricePart(label, per_minute, Fraction(0), source),
        origins=file.origins(section, frozenset()),
        except_=file.selectors(section, "except"),
        dropped_by=frozenset(file.option_names(section, "dropped_by")),
        source=source,
        readings=section.texts("readings"),
    )
    section.refuse_unknown_keys()
    return surcharge
