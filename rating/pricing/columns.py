"""Price columns, and the conditions under which each of them holds."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from rating.pricing.origin import OriginKind


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the printed tables; a condition that is empty always holds."""

    id: str
    plans: frozenset[str] = frozenset()
    origins: frozenset[OriginKind] = frozenset()
    option: str | None = None

    def suits(self, plan_id: str, origin: OriginKind) -> bool:
        """Tell whether the column holds for a plan and kind of access, if its option is booked."""
        plan_fits = not self.plans or plan_id in self.plans
        return plan_fits and (not self.origins or origin in self.origins)


class ColumnChoice:
    """Which columns hold, computed once for each plan and kind of access."""

    __slots__ = ("_by_plan", "columns", "plans")

    def __init__(self, columns: Iterable[Column], plans: Iterable[str]) -> None:
        self.columns = tuple(columns)
        self.plans = tuple(plans)
        # The last column in the file is asked first: special ones stand after general ones.
        self._by_plan = {
            (plan, origin): tuple(
                column for column in reversed(self.columns) if column.suits(plan, origin)
            )
            for plan in self.plans
            for origin in OriginKind
        }

    def holding(
        self, plan_id: str, origin: OriginKind, options: AbstractSet[str]
    ) -> tuple[str, ...]:
        """List the columns that hold with some options, the most special first."""
        return tuple(
            column.id
            for column in self._by_plan[plan_id, origin]
            if column.option is None or column.option in options
        )
