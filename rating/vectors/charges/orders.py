"""Vectors of contracts: ``order``, ``ending`` and ``activation``."""

from typing import Final

from rating.charges import (
    Cart,
    CartLine,
    ChargeBook,
    Contract,
    OrderCase,
    Violation,
    complete_cart,
    validate_order,
)
from rating.errors import VectorError
from rating.stored_record import JsonValue
from rating.vectors.charges.forms import FACT, NAME, read_lines, write_day
from rating.vectors.json_object import Keys

_FACTS_MAX: Final = 32


def answer_order(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Complete an order as the shop does, and find what is wrong with it."""
    cart = Cart(
        case=keys.choice("case", OrderCase, default=OrderCase.NEW),
        lines=read_lines(keys, "lines", book),
        price_list=keys.text_or_none("price_list", NAME),
    )
    contract = _contract(keys.inner("contract"), book)
    completed = complete_cart(book, cart, contract)
    violations = validate_order(book, completed, contract, on=keys.day("on"))
    added = completed.lines[len(cart.lines) :]
    return {
        "allowed": not violations,
        "added": [_line(line) for line in added],
        "violations": [_violation(one) for one in violations],
    }


def answer_ending(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Say from which day on at the earliest a service that is given notice is gone."""
    term = book.orders.term_of(keys.text_or_none("item", NAME) or "")
    if term is None:
        raise VectorError(f"{book.provider} has no term for it")
    day = term.first_day_without(
        begun_on=keys.day("begun_on"),
        notice_on=keys.day("notice_on"),
        contract_ends_on=keys.day_or_none("contract_ends_on"),
    )
    return {"first_day_without": write_day(day), "line": term.source.line}


def answer_activation(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Say on which day a service is activated and charged from."""
    activation = book.orders.activation
    if activation is None:
        raise VectorError(f"{book.provider} activates without delay")
    day = activation.day(
        provisioned_on=keys.day("provisioned_on"),
        delayed_until=keys.day_or_none("delayed_until"),
        own_numbers_on=keys.day_or_none("own_numbers_on"),
    )
    return {"activated_on": write_day(day), "line": activation.source.line}


def _contract(keys: Keys | None, book: ChargeBook) -> Contract:
    if keys is None:
        return Contract()
    found = Contract(
        lines=read_lines(keys, "lines", book),
        price_list=keys.text_or_none("price_list", NAME),
        facts=frozenset(keys.texts("facts", FACT, high=_FACTS_MAX)),
    )
    keys.refuse_others()
    return found


def _line(line: CartLine) -> dict[str, JsonValue]:
    return {"item": line.item, "count": line.count, "plan": line.plan or None}


def _violation(violation: Violation) -> dict[str, JsonValue]:
    return {
        "rule": violation.rule_id,
        "items": list(violation.items),
        "line": violation.source.line,
    }
