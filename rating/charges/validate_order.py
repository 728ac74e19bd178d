"""Whether an order is allowed, with a reason for each rule that it breaks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from rating.charges.charge_book import ChargeBook
from rating.charges.fee import REFUSING, FeeRow, NoPrice
from rating.charges.order_rule import (
    Cart,
    CartLine,
    Contract,
    OrderCase,
    OrderRule,
    RuleKind,
    Violation,
)
from rating.pricing import Source

_WORDS: Final[Mapping[NoPrice | None, tuple[str, str]]] = MappingProxyType(
    {
        None: ("steht in keiner Preisliste dieses Tages", "is in no price list of that day"),
        NoPrice.INCLUDED: ("ist bereits enthalten", "is included already"),
        NoPrice.UNAVAILABLE: ("gibt es in diesem Tarif nicht", "is not offered with this plan"),
        NoPrice.IMPOSSIBLE: ("ist nicht möglich", "is not possible"),
        NoPrice.ON_REQUEST: (
            "gibt es nur auf Anfrage; die Preisliste nennt keinen Preis",
            "is only on request; the price list names no price",
        ),
    }
)

NOT_ORDERABLE: Final = "not-orderable"
"""Id of the violation by an item without a fee row, or whose row says that it cannot be ordered."""


class Order:
    """A cart beside its contract, and what the customer would have after it."""

    def __init__(self, cart: Cart, contract: Contract, account_id: str | None = None) -> None:
        self.cart = cart
        self.contract = contract
        self.account_id = account_id
        self.added = tuple(line for line in cart.lines if self._is_mine(line))
        kept = () if cart.case is OrderCase.EXTENSION else contract.lines
        self.held = tuple(line for line in contract.lines if self._is_mine(line))
        self._after: dict[str, int] = {}
        for line in (*kept, *cart.lines):
            if self._is_mine(line):
                self._after[line.item] = self._after.get(line.item, 0) + line.count

    def after(self, items: Iterable[str]) -> int:
        """Count the units of items that the customer would have."""
        return sum(self._after.get(item, 0) for item in items)

    def present(self, items: Iterable[str]) -> tuple[str, ...]:
        """Name the items that the customer would have, in order."""
        return tuple(sorted(item for item in items if self._after.get(item, 0) > 0))

    def ordered(self, items: frozenset[str]) -> tuple[str, ...]:
        """Name the items among these that the cart adds."""
        lines = (line for line in self.added if line.count > 0)
        return tuple(dict.fromkeys(line.item for line in lines if line.item in items))

    def _is_mine(self, line: CartLine) -> bool:
        return self.account_id is None or line.account_id == self.account_id


def validate_order(
    book: ChargeBook, cart: Cart, contract: Contract, *, on: date
) -> tuple[Violation, ...]:
    """Find everything that is wrong with an order given on a local day."""
    found = list(_not_orderable(book, cart, contract, on))
    for rule in book.orders.rules:
        if rule.kind is not RuleKind.ONLY_CASES and rule.cases and cart.case not in rule.cases:
            continue
        for order in _orders(rule, cart, contract):
            items = _CHECKS[rule.kind](rule, order)
            if items and not order.present(rule.unless):
                found.append(_violation(rule, items, order.account_id or ""))
    return tuple(found)


def complete_cart(book: ChargeBook, cart: Cart, contract: Contract) -> Cart:
    """Add what an order must hold as many of as of something else, such as flats of channels."""
    for rule in book.orders.rules:
        if rule.kind is RuleKind.SAME_COUNT and (not rule.cases or cart.case in rule.cases):
            cart = _completed(rule, cart, contract)
    return cart


def _completed(rule: OrderRule, cart: Cart, contract: Contract) -> Cart:
    order = Order(cart, contract)
    added = []
    for item in order.present(rule.items):
        missing = order.after(rule.others) - order.after((item,))
        if missing > 0:
            known = (*cart.lines, *contract.lines)
            plan = next(line.plan for line in known if line.item == item)
            added.append(CartLine(item, missing, plan))
    return replace(cart, lines=(*cart.lines, *added))


def _orders(rule: OrderRule, cart: Cart, contract: Contract) -> list[Order]:
    if not rule.per_account:
        return [Order(cart, contract)]
    accounts = dict.fromkeys(line.account_id for line in cart.lines)
    return [Order(cart, contract, account) for account in accounts]


def _not_orderable(
    book: ChargeBook, cart: Cart, contract: Contract, on: date
) -> Iterable[Violation]:
    charges, order = book.list_on(on), Order(cart, contract)
    for line in cart.lines:
        if line.count <= 0 or line.item in book.orders.items_without_fee:
            continue
        schedule = charges.bookable(line.item, line.plan) if charges is not None else None
        if schedule is None:
            terms = (charges or book.lists[0]).terms
            yield _refusal(line, None, line.item, terms.source, terms.readings)
            continue
        for row in schedule.rows:
            word = _refusing_word(row)
            if word is not None and row.units_of(order.after((line.item,))):
                yield _refusal(line, word, row.label, row.source, row.readings)


def _refusal(
    line: CartLine, word: NoPrice | None, label: str, source: Source, readings: tuple[str, ...]
) -> Violation:
    de, en = (f"{label} {text}." for text in _WORDS[word])
    return Violation(NOT_ORDERABLE, (line.item,), line.account_id, de, en, source, readings)


def _refusing_word(row: FeeRow) -> NoPrice | None:
    """Find why a row cannot be ordered; what is included would be paid a second time."""
    for price in (row.once, row.monthly):
        if isinstance(price, NoPrice) and (price in REFUSING or price is NoPrice.INCLUDED):
            return price
    return None


def _violation(rule: OrderRule, items: tuple[str, ...], account_id: str) -> Violation:
    return Violation(
        rule.id, items, account_id, rule.reason_de, rule.reason_en, rule.source, rule.readings
    )


def _only_plans(rule: OrderRule, order: Order) -> tuple[str, ...]:
    lines = (line for line in order.added if line.count > 0 and line.item in rule.items)
    return tuple(line.item for line in lines if line.plan not in rule.plans)


def _needs(rule: OrderRule, order: Order) -> tuple[str, ...]:
    if order.present(rule.others) or rule.facts & order.contract.facts:
        return ()
    return order.ordered(rule.items)


def _at_most(rule: OrderRule, order: Order) -> tuple[str, ...]:
    return order.ordered(rule.items) if order.after(rule.items) > rule.count else ()


def _exclusive(rule: OrderRule, order: Order) -> tuple[str, ...]:
    present = order.present(rule.items)
    return present if len(present) > 1 and order.ordered(rule.items) else ()


def _same_count(rule: OrderRule, order: Order) -> tuple[str, ...]:
    wanted = order.after(rule.others)
    return tuple(item for item in order.present(rule.items) if order.after((item,)) != wanted)


def _enough(rule: OrderRule, order: Order) -> tuple[str, ...]:
    needed = sum(rule.weights.get(item, 1) * order.after((item,)) for item in rule.items)
    return order.ordered(rule.items | rule.others) if needed > order.after(rule.others) else ()


def _contained(rule: OrderRule, order: Order) -> tuple[str, ...]:
    return order.present(rule.items) if order.present(rule.others) else ()


def _apart(rule: OrderRule, order: Order) -> tuple[str, ...]:
    items, others = order.ordered(rule.items), order.ordered(rule.others)
    return (*items, *others) if items and others else ()


def _fixed_in_term(rule: OrderRule, order: Order) -> tuple[str, ...]:
    held = {line.item for line in order.held}
    return tuple(
        line.item
        for line in order.added
        if line.item in rule.items and (line.item not in held or line.count < 0)
    )


def _price_list_fixed(_: OrderRule, order: Order) -> tuple[str, ...]:
    picked = order.cart.price_list
    return (picked,) if picked is not None and picked != order.contract.price_list else ()


def _only_cases(rule: OrderRule, order: Order) -> tuple[str, ...]:
    return () if order.cart.case in rule.cases else order.ordered(rule.items)


def _needs_fact(rule: OrderRule, order: Order) -> tuple[str, ...]:
    has_fact = bool(rule.facts & order.contract.facts)
    return () if has_fact else order.ordered(rule.items)


def _barred_by_fact(rule: OrderRule, order: Order) -> tuple[str, ...]:
    return order.ordered(rule.items) if rule.facts & order.contract.facts else ()


_CHECKS: Final[Mapping[RuleKind, Callable[[OrderRule, Order], tuple[str, ...]]]] = MappingProxyType(
    {
        RuleKind.ONLY_PLANS: _only_plans,
        RuleKind.NEEDS: _needs,
        RuleKind.AT_MOST: _at_most,
        RuleKind.EXCLUSIVE: _exclusive,
        RuleKind.SAME_COUNT: _same_count,
        RuleKind.ENOUGH: _enough,
        RuleKind.CONTAINED: _contained,
        RuleKind.APART: _apart,
        RuleKind.FIXED_IN_TERM: _fixed_in_term,
        RuleKind.PRICE_LIST_FIXED: _price_list_fixed,
        RuleKind.ONLY_CASES: _only_cases,
        RuleKind.NEEDS_FACT: _needs_fact,
        RuleKind.BARRED_BY_FACT: _barred_by_fact,
    }
)
