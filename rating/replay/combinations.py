"""Every plan with every set of options that an account of a kind could have, within bounds.

A flat that limits calls at once is tried from one unit to as many as ran at once; a minute package
up to a few units; anything else once. What the order rules of a provider forbid is for the asker
to leave out, since they know the whole order and not only what touches the price of calls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Final

from rating.pricing import (
    BookedOption,
    BookedPlan,
    Option,
    OptionKind,
    Plan,
    Subscription,
    TariffPlan,
    Tariffs,
)

PACKAGE_UNITS_MAX: Final = 3
"""Units of one minute package; a customer with more use takes a flat, or a larger package."""

FLAT_UNITS_MAX: Final = 30
"""Calls at once that flats are tried for; beyond it an account is a trunk's."""


@dataclass(frozen=True, slots=True)
class Combination:
    """A plan, the list picked with it where there is a choice, and units of options."""

    provider: str
    plan_id: str
    price_list: str | None
    options: tuple[tuple[str, int], ...]

    def subscription(self, since: date) -> Subscription:
        """Book all of it as of a day."""
        return Subscription(
            plans=(BookedPlan(self.provider, self.plan_id, since, None, self.price_list),),
            options=tuple(
                BookedOption(option_id, count, since, None, since, self.provider)
                for option_id, count in self.options
            ),
        )

    def __str__(self) -> str:
        price_list = f" ({self.price_list})" if self.price_list else ""
        options = "".join(
            f" + {option_id}" if count == 1 else f" + {option_id}:{count}"
            for option_id, count in self.options
        )
        return f"{self.provider}/{self.plan_id}{price_list}{options}"


def combinations(tariffs: Tariffs, *, is_trunk: bool, peak: int) -> Iterator[Combination]:
    """Give every combination for accounts of a kind that had ``peak`` calls at once at most."""
    for tariff in tariffs.plans.values():
        for plan in tariff.plans.values():
            if plan.is_trunk is is_trunk:
                yield from _of_plan(tariff, plan, peak)


def _of_plan(tariff: TariffPlan, plan: Plan, peak: int) -> Iterator[Combination]:
    ids = list(dict.fromkeys(price_list.id for price_list in tariff.price_lists))
    lists: list[str | None] = [*ids] if len(ids) > 1 else [None]
    for chosen in product(*(_choices(group, peak) for group in _groups(tariff, plan))):
        options = tuple(unit for unit in chosen if unit is not None)
        for price_list in lists:
            yield Combination(tariff.provider, plan.id, price_list, options)


def _groups(tariff: TariffPlan, plan: Plan) -> list[list[Option]]:
    """Group the options that a plan may have: of those that free the same calls one is enough."""
    groups: dict[tuple[object, ...], list[Option]] = {}
    for option in tariff.options.values():
        if not option.is_allowed_for(plan) or option.id in plan.includes:
            continue
        is_flat = option.kind is OptionKind.FLAT and option.concurrent_calls is None
        key = (option.covers, option.origins) if is_flat else (option.id,)
        groups.setdefault(key, []).append(option)
    return list(groups.values())


def _choices(group: list[Option], peak: int) -> list[tuple[str, int] | None]:
    """Give nothing, or some units of one option of a group."""
    units = [
        (option.id, count) for option in group for count in range(1, _units_max(option, peak) + 1)
    ]
    return [None, *units]


def _units_max(option: Option, peak: int) -> int:
    if option.concurrent_calls is not None:
        return max(1, min(peak, FLAT_UNITS_MAX))
    return PACKAGE_UNITS_MAX if option.kind is OptionKind.ALLOWANCE else 1
