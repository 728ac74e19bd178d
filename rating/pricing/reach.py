"""Whether the number table leads anywhere that a price list or zone names.

A region or breakout that no prefix bears prices nothing: its row would never be found, and nobody
would notice before a call that should have had it costs what another row says.
"""

from collections.abc import Mapping

from rating.errors import Problem
from rating.numbering import PrefixTable
from rating.pricing.price_list import Place
from rating.pricing.selector import is_member
from rating.pricing.tariffs import Tariffs


def unreachable(tariffs: Tariffs, table: PrefixTable) -> tuple[Problem, ...]:
    """Find what no prefix of the table leads to.

    A region may be idle beside another name in its row: a list counts it apart, the table does not
    (Western Sahara within Morocco). A breakout exists for the lists alone, so an idle one is wrong.
    """
    regions, breakouts = table.regions(), table.breakouts()
    found = []
    for (file, line), names in sorted(_names_by_place(tariffs).items()):
        idle = names - regions - breakouts
        wrong = {name for name in idle if "-" in name} if idle != names else idle
        found += [
            Problem(file, line, f"no prefix of {table.version} leads to {name}")
            for name in sorted(wrong)
        ]
    return tuple(found)


def is_country(region: str, tariffs: Tariffs, table: PrefixTable) -> bool:
    """Tell whether a subscriber can be there: "all other countries" would price anything else.

    A zone may list a country that has no prefix of its own, as Western Sahara; a breakout is none.
    """
    return region in table.regions() or any(
        region in zone.members and "-" not in region
        for tariff in tariffs.plans.values()
        for price_list in tariff.price_lists
        for zone in price_list.zones
    )


def _names_by_place(tariffs: Tariffs) -> Mapping[Place, set[str]]:
    """Collect the regions and breakouts that each row names."""
    found: dict[Place, set[str]] = {}
    for tariff in tariffs.plans.values():
        for price_list in tariff.price_lists:
            for selector, place in price_list.places.items():
                name = selector.partition("/")[0]
                if is_member(name):
                    found.setdefault(place, set()).add(name)
    return found
