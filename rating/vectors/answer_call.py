"""The answer to a call vector, by the very functions that charge a call on the switch."""

from datetime import date
from typing import Final

from rating.engine import Quote, QuoteParams, RatingParams, Unpriced, quote, rate_call
from rating.errors import VectorError
from rating.numbering import (
    E164Number,
    Numbering,
    NumberRefused,
    ServiceNumber,
)
from rating.pricing import (
    BookedPlan,
    Callee,
    OriginKind,
    Subscription,
    TariffPlan,
    Tariffs,
    is_country,
)
from rating.vectors.call_input import CallInput
from rating.vectors.call_output import CallAnswer, CallRefused

CONCURRENCY_LIMIT: Final = "concurrency_limit"
"""Why a call is refused that has a price, but would be one too many."""

_WITHOUT_NUMBER: Final = frozenset({Callee.INTERNAL, Callee.MAILBOX})


def answer_call_vector(
    call: CallInput, tariffs: Tariffs, numbering: Numbering
) -> CallAnswer | CallRefused:
    """Say what a call costs or why it is refused.

    Raises ``VectorError`` for a provider, plan, list or option that the tariffs do not have, and
    for a visited country that is none.
    """
    tariff = _tariff_of(call, tariffs)
    visited = call.origin.visited
    if visited is not None and not is_country(visited, tariffs, numbering.prefix_table):
        raise VectorError(f"input.visited: there is no country {visited}")
    number = _number_of(call, numbering)
    if isinstance(number, NumberRefused):
        return CallRefused(number.reason.value)
    day = tariffs.local_day(call.provider, call.answered_at)
    subscription = Subscription(
        plans=(
            BookedPlan(
                provider=call.provider,
                plan_id=call.plan_id,
                valid_from=call.contract_from or day,
                price_list=call.price_list,
            ),
        ),
        options=call.options,
    )
    found = quote(
        QuoteParams(
            tariffs=tariffs,
            subscription=subscription,
            number=number,
            prefix_table=numbering.prefix_table,
            at=call.answered_at,
            origin=call.origin,
            callee=call.callee,
            external_price=call.external_price,
        )
    )
    written = None if number is None else number.e164 or number.digits
    if isinstance(found, Unpriced):
        return CallRefused(found.reason.value, written)
    if _is_one_too_many(call, number, tariff.concurrent_calls_max(day, subscription)):
        return CallRefused(CONCURRENCY_LIMIT, written)
    left_s = _seconds_left(call, found, tariff, subscription, day)
    return CallAnswer(written, rate_call(RatingParams(found, call.duration_us, left_s)))


def _tariff_of(call: CallInput, tariffs: Tariffs) -> TariffPlan:
    """Give the provider's tariff once everything that the call names is known to be in it."""
    tariff = tariffs.plans.get(call.provider)
    if tariff is None:
        raise VectorError(f"input.provider: there is no tariff {call.provider}")
    if call.plan_id not in tariff.plans:
        raise VectorError(f"input.plan: {call.provider} has no plan {call.plan_id}")
    lists = {price_list.id for price_list in tariff.price_lists}
    if (call.price_list or tariff.default_list) not in lists:
        raise VectorError(f"input.price_list: {call.provider} has no list {call.price_list}")
    booked = {option.option_id for option in call.options}
    for option_id in (*booked, *call.allowance_used):
        if option_id not in tariff.options:
            raise VectorError(f"input.options: {call.provider} has no option {option_id}")
    return tariff


def _number_of(
    call: CallInput, numbering: Numbering
) -> E164Number | ServiceNumber | NumberRefused | None:
    if call.dialled is None:
        return None
    number = numbering.plan.normalize(call.dialled, call.dialling)
    if isinstance(number, NumberRefused) and call.callee in _WITHOUT_NUMBER:
        # A short dial code, which only the customer's own plan knows.
        return None
    return number


def _is_one_too_many(
    call: CallInput, number: E164Number | ServiceNumber | None, limit: int | None
) -> bool:
    if limit is None or call.origin.kind is OriginKind.ROAMING_INCOMING:
        return False
    if isinstance(number, ServiceNumber) and number.is_emergency:
        return False
    return call.running_calls >= limit


def _seconds_left(
    call: CallInput, found: Quote, tariff: TariffPlan, subscription: Subscription, day: date
) -> tuple[int, ...]:
    return tuple(
        max(
            0,
            tariff.included_s(option_id, day, subscription) - call.allowance_used.get(option_id, 0),
        )
        for option_id in found.allowances
    )
