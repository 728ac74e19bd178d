"""Whether the number table leads anywhere that a price list or zone names.

A region or breakout that no prefix bears prices nothing: its row would never be found, and nobody
would notice before a call that should have had it costs what another row says.
"""

from collections.abc import Iterator

from rating.errors import Problem
from rating.numbering import PrefixTable
from rating.pricing.selector import is_member
from rating.pricing.tariffs import Tariffs


def unreachable(tariffs: Tariffs, table: PrefixTable) -> tuple[Problem, ...]:
    """Find what no prefix of the table leads to, each at its first place in the data."""
    known = table.regions() | table.breakouts()
    found = {
        (file, line, name): Problem(file, line, f"no prefix of {table.version} leads to {name}")
        for name, (file, line) in _named(tariffs)
        if name not in known
    }
    return tuple(found[place] for place in sorted(found))


def _named(tariffs: Tariffs) -> Iterator[tuple[str, tuple[str, int]]]:
    """Give every region and breakout that a list names, with the place where it does."""
    for tariff in tariffs.plans.values():
        for price_list in tariff.price_lists:
            for selector, place in price_list.places.items():
                name = selector.partition("/")[0]
                if is_member(name):
                    yield name, place
