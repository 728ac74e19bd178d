"""A provider's ``tariff.toml`` while it is read: its head, and what its sections may name."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from rating.errors import Problem
from rating.pricing.origin import OriginKind
from rating.pricing.price_list import PriceList
from rating.pricing.rate import Rate, Source
from rating.pricing.rate_index import SERVICE
from rating.pricing.selector import is_selector, is_service, zone_of
from rating.pricing.toml_section import Section, TomlFile


class TariffFile:
    """Reads what sections have in common; each name that nothing has is a problem."""

    def __init__(self, file: str, text: str, problems: list[Problem]) -> None:
        self.folder = file.rpartition("/")[0] + "/"
        self.toml = TomlFile(file, text, problems)
        self.top = self.toml.top()
        self.provider = self.top.text("provider")
        self.document = self.top.text("document")
        self.country = self.top.text("country")
        self.plans: AbstractSet[str] = frozenset()
        self.options = {section.text("id") for section in self.toml.tables("option")}
        self.zones: AbstractSet[str] = frozenset()
        self.named_zones: set[str | None] = set()
        self.priced: set[str] | None = None
        """Selectors of rows and members of zones; ``None`` if they could not all be read."""
        self.priced_origins: frozenset[OriginKind] = frozenset(OriginKind)
        """From where any list has prices."""

    def learn(self, lists: Iterable[PriceList]) -> None:
        """Take in what the lists price; only if they could be read without a problem."""
        priced: set[str] = set()
        origins: set[OriginKind] = set()
        for price_list in lists:
            for rate in price_list.rates:
                origins |= rate.origins
                priced |= _names_of(rate)
                self.named_zones |= {zone_of(selector) for selector in rate.match}
            for zone in price_list.zones:
                priced |= zone.members
        self.priced, self.priced_origins = priced, frozenset(origins)

    def source(self, section: Section) -> Source:
        """Read where a rule is printed."""
        return Source(self.document, section.count("line"))

    def origins(self, section: Section, default: frozenset[OriginKind]) -> frozenset[OriginKind]:
        """Read kinds of access."""
        if not section.has("origins"):
            return default
        return frozenset(section.choices("origins", OriginKind))

    def selectors(self, section: Section, key: str) -> frozenset[str]:
        """Read names of numbers; one that names nothing priced is a slip of the pen."""
        names = section.texts(key)
        for name in names:
            zone = zone_of(name)
            self.named_zones.add(zone)
            if not is_selector(name):
                section.problem(key, f"not a selector: {name!r}")
            elif zone is not None and zone not in self.zones:
                section.problem(key, f"there is no zone {zone!r}")
            elif zone is None and not self._is_priced(name):
                section.problem(key, f"no row prices {name!r}")
        return frozenset(names)

    def plan_names(self, section: Section, key: str) -> frozenset[str]:
        """Read names of plans."""
        return frozenset(_known(section, key, section.texts(key), self.plans, "plan"))

    def option_names(self, section: Section, key: str) -> tuple[str, ...]:
        """Read names of options."""
        return _known(section, key, section.texts(key), self.options, "option")

    def option_name(self, section: Section, key: str) -> str | None:
        """Read the name of an option that may be missing."""
        if not section.has(key):
            return None
        return _known(section, key, (section.text(key),), self.options, "option")[0]

    def _is_priced(self, selector: str) -> bool:
        """Tell whether a row names the numbers or may reach them by a zone."""
        if self.priced is None:
            return True
        return not self.priced.isdisjoint({selector, selector.partition("/")[0]})


def count_or_none(section: Section, key: str) -> int | None:
    """Read a whole number that may be missing."""
    return section.count(key) if section.has(key) else None


def _names_of(rate: Rate) -> set[str]:
    """Give what a row names, with and without a line type."""
    names = {*rate.match, *(selector.partition("/")[0] for selector in rate.match)}
    return names | {SERVICE} if any(map(is_service, names)) else names


def _known(
    section: Section, key: str, names: tuple[str, ...], known: AbstractSet[str], kind: str
) -> tuple[str, ...]:
    for name in names:
        if name not in known:
            section.problem(key, f"there is no {kind} {name!r}")
    return names
