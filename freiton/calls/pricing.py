"""On what conditions a call is made: what the caller has booked, put to the rating engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from freiton.calls.call_conditions import CallConditions
from freiton.calls.subscriptions import subscription_of
from freiton.routing.decision import CallKind, Connect, SlotRule
from freiton.routing.directory import Account, Device
from rating.allowances import AllowanceTerms, period_of
from rating.engine import Quote, QuoteParams, Unpriced, quote
from rating.numbering import PrefixTable
from rating.pricing import Callee, CallOrigin, Subscription, Tariffs

_NOBODY_PAYS: Final = frozenset({CallKind.INBOUND, CallKind.EMERGENCY})


class Pricing:
    """The tariffs and one prefix table; replaced whole when they are loaded anew."""

    __slots__ = ("_prefix_table", "_provider", "tariffs")

    def __init__(self, tariffs: Tariffs, provider: str, prefix_table: PrefixTable) -> None:
        """Take `provider` as the one whose default plan accounts are on that have booked none."""
        self.tariffs = tariffs
        self._provider = provider
        self._prefix_table = prefix_table

    def conditions(
        self, decision: Connect, device: Device | None, *, at: datetime
    ) -> CallConditions | Unpriced:
        """Return the conditions for who calls from a device.

        Nobody pays for what comes in from a carrier, for emergencies, and for a call by name to an
        account of this site without any number.
        """
        caller = decision.caller
        if caller is None or decision.kind in _NOBODY_PAYS:
            return CallConditions()
        subscription = subscription_of(caller, self.tariffs, provider=self._provider)
        outgoing_max = None
        if decision.slot_rule is SlotRule.OUTGOING:
            outgoing_max = self.tariffs.concurrent_calls_max(subscription, at)
        if decision.called is None:
            return CallConditions(outgoing_max=outgoing_max)
        price = quote(
            QuoteParams(
                tariffs=self.tariffs,
                subscription=subscription,
                number=decision.called,
                prefix_table=self._prefix_table,
                at=at,
                origin=CallOrigin() if device is None else CallOrigin(device.origin),
                callee=callee_of(caller, decision.called_account),
            )
        )
        if isinstance(price, Unpriced):
            return price
        return CallConditions(
            price,
            outgoing_max=outgoing_max,
            allowances=allowance_terms(price, subscription, self.tariffs, at=at),
        )

    def lists_on(self, at: datetime) -> list[str]:
        """List the price lists in force at an instant, besides those that terms have pinned."""
        return [
            f"{price_list.id} {price_list.version}"
            for provider, tariff in sorted(self.tariffs.plans.items())
            for price_list in tariff.price_lists
            if price_list.holds_on(self.tariffs.local_day(provider, at))
        ]


def callee_of(caller: Account, called: Account | None) -> Callee:
    """Return what kind of subscriber is called; None is somebody outside of this switch."""
    if called is None:
        return Callee.OTHER
    return Callee.INTERNAL if called.customer_id == caller.customer_id else Callee.OWN_NETWORK


def allowance_terms(
    price: Quote, subscription: Subscription, tariffs: Tariffs, *, at: datetime
) -> Sequence[AllowanceTerms]:
    """Return how much there is, this month, of each allowance that a quote names."""
    found = tariffs.plan_at(subscription, at) if price.allowances else None
    if found is None:
        return ()
    booked, day = found
    tariff = tariffs.plan(booked.provider)
    period = period_of(at)
    return [
        AllowanceTerms(option_id, period, tariff.included_s(option_id, day, subscription))
        for option_id in price.allowances
    ]
