"""The output of a rating vector, from its input."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.rating.checker.account import (
    Account,
    RefusedError,
    account_of,
    calls_at_once,
    seconds_left,
)
from tests.rating.checker.money import charge, exact_text, six_decimals
from tests.rating.checker.numbers import Called, NotCalled, read
from tests.rating.checker.price import Priced, Pricing

Json = dict[str, Any]


def answer(call: Json) -> Json:
    account = account_of(call)
    number = number_of(call, account)
    if isinstance(number, NotCalled):
        return refusal(number.reason, None)
    try:
        priced = Pricing(account).price(number)
    except RefusedError as refused:
        return refusal(str(refused), number)
    limit = calls_at_once(account)
    is_outgoing = account.origin != "roaming_incoming"
    for_help = number is not None and number.kind == "emergency"
    running = call.get("running_calls") or 0
    if limit is not None and is_outgoing and not for_help and running >= limit:
        return refusal("concurrency_limit", number)
    return charged(call, account, number, priced)


def number_of(call: Json, account: Account) -> Called | NotCalled | None:
    if call.get("dialled") is None:
        return None
    number = read(call["dialled"], call.get("country_code") or "49", call.get("area_code"))
    if isinstance(number, NotCalled) and account.callee in ("internal", "mailbox"):
        return None
    return number


def written(number: Called | None) -> str | None:
    return None if number is None else number.e164 or number.digits


def refusal(reason: str, number: Called | None) -> Json:
    return {"admitted": False, "reason": reason, "number": written(number)}


def charged(call: Json, account: Account, number: Called | None, priced: Priced) -> Json:
    used = call.get("allowance_used") or {}
    left = {
        option["id"]: seconds_left(account, option, used.get(option["id"], 0))
        for option in priced.allowances
    }
    price = priced.price
    cost = charge(price, Fraction(call["duration_s"]), left)
    tax = 1 + Fraction(priced.vat_rate)
    net = cost.exact if priced.basis == "net" else cost.exact / tax
    gross = cost.exact * tax if priced.basis == "net" else cost.exact
    return {
        "admitted": True,
        "reason": None,
        "number": written(number),
        "destination": priced.destination,
        "line_type": priced.line_type,
        "price_per_minute": exact_text(price.per_minute),
        "price_per_call": exact_text(price.per_call),
        "increment": f"{price.first_s}/{price.next_s}",
        "free_first_s": price.free_s,
        "basis": priced.basis,
        "vat_rate": exact_text(Fraction(priced.vat_rate)),
        "flat": priced.flat,
        "allowance_s": cost.from_allowances,
        "billed_s": cost.billed_s,
        "charged_s": cost.charged_s,
        "amount": exact_text(cost.exact),
        "net": six_decimals(net),
        "gross": six_decimals(gross),
    }
