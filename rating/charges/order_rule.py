"""What may be ordered together: rules as rows of data, each of one kind that is known here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rating.pricing import Source


class OrderCase(StrEnum):
    """The business case of an order."""

    NEW = "new"
    REORDER = "reorder"
    """More of something, within the term of a contract."""
    EXTENSION = "extension"
    """Contract extension with a change of tariff: the cart replaces what the contract holds."""


class RuleKind(StrEnum):
    """What a rule demands of the items it names; ``others`` are the items they depend on."""

    ONLY_PLANS = "only_plans"
    """The items are for these plans only."""
    NEEDS = "needs"
    """One of the others must be there too, or a fact hold."""
    AT_MOST = "at_most"
    """Not more than ``count`` units of all the items."""
    EXCLUSIVE = "exclusive"
    """Only one of the items, whatever its number."""
    SAME_COUNT = "same_count"
    """As many units of each item as of the others together."""
    ENOUGH = "enough"
    """At least as many others as the weighted units of the items."""
    CONTAINED = "contained"
    """The others contain the items already."""
    APART = "apart"
    """Items and others are separate orders."""
    FIXED_IN_TERM = "fixed_in_term"
    """Re-ordered only if the contract has the very item, and never taken away."""
    PRICE_LIST_FIXED = "price_list_fixed"
    """The price list stays for the term."""
    ONLY_CASES = "only_cases"
    """The items are for these business cases only."""
    NEEDS_FACT = "needs_fact"
    """The order needs a fact."""
    BARRED_BY_FACT = "barred_by_fact"
    """A fact forbids the items."""


@dataclass(frozen=True, slots=True)
class OrderRule:
    """One rule with its reason; which fields matter depends on its kind."""

    id: str
    kind: RuleKind
    items: frozenset[str]
    others: frozenset[str]
    weights: Mapping[str, int]
    """How many of the others each unit needs; 1 where an item is not named."""
    plans: frozenset[str]
    cases: frozenset[OrderCase]
    """Business cases in which the rule is looked at (or that it allows); empty: all."""
    facts: frozenset[str]
    unless: frozenset[str]
    """Items whose presence lifts the rule."""
    count: int
    per_account: bool
    """Whether each account is looked at alone."""
    reason_de: str
    reason_en: str
    source: Source
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CartLine:
    """Units of an item; a negative count takes units away from the contract."""

    item: str
    count: int = 1
    plan: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Cart:
    """What is ordered in one go."""

    case: OrderCase
    lines: tuple[CartLine, ...]
    price_list: str | None = None
    """The list of call prices that was picked; ``None``: none was."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What the customer has already, and facts that the shop knows of him."""

    lines: tuple[CartLine, ...] = ()
    price_list: str | None = None
    facts: frozenset[str] = frozenset()
    """Names of what is true, such as ``active_internet_contract``; see the rules."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that an order breaks, why, and with which items."""

    rule_id: str
    items: tuple[str, ...]
    account_id: str
    reason_de: str
    reason_en: str
    source: Source
    readings: tuple[str, ...]
