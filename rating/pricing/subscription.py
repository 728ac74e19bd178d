"""What an account has: plans one after another, and options; all days are local."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from rating.errors import LocalError


@dataclass(frozen=True, slots=True)
class BookedPlan:
    """A plan of a provider for one contract term."""

    provider: str
    plan_id: str
    valid_from: date
    """The first day of the term, which picks the version of a pinned price list."""
    valid_to: date | None = None
    """The first day without it."""
    price_list: str | None = None
    """Id of the list picked in the contract; ``None``: the provider's only or default one."""

    def holds_on(self, day: date) -> bool:
        """Tell whether a day belongs to the term."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class BookedOption:
    """An option that an account has."""

    option_id: str
    count: int
    valid_from: date
    """The day of provision."""
    valid_to: date | None
    """The first day without it."""
    ordered_on: date
    provider: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """The plans of an account, whose terms do not overlap, and its options as they were booked."""

    plans: tuple[BookedPlan, ...]
    options: tuple[BookedOption, ...] = ()

    def __post_init__(self) -> None:
        terms = sorted(self.plans, key=lambda plan: plan.valid_from)
        for earlier, later in pairwise(terms):
            if earlier.holds_on(later.valid_from):
                raise LocalError(f"two plans on {later.valid_from}")

    def plan_on(self, day: date) -> BookedPlan | None:
        """Give the plan of a day."""
        for plan in self.plans:
            if plan.holds_on(day):
                return plan
        return None
