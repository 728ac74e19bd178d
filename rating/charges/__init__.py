"""Charges that are no calls: fees, usage, reductions, and what may be ordered.

All of it is data of a provider (``ChargeBook``) and pure functions over what a customer has booked
or used. Formats and rules: ``docs/tariffs.md``, "Charges that are no calls".
"""

from rating.charges.amount import Amount
from rating.charges.booking import Booking, FeePart, Grant, Month
from rating.charges.charge_book import ChargeBook, ChargeList, ChargeListTerms, OrderBook
from rating.charges.charge_month import (
    ChargedFee,
    MonthCharges,
    MonthParams,
    UnpricedFee,
    charge_month,
)
from rating.charges.charge_usage import (
    ChargedUsage,
    UsageParams,
    UsageRefusal,
    UsageRefused,
    charge_data,
    charge_messages,
    charge_minutes,
    charge_reply,
    find_item,
)
from rating.charges.charge_work import ChargedWork, charge_work
from rating.charges.conversation import Conversation, charge_conversations
from rating.charges.fee import Billing, FeeRow, FeeSchedule, NoPrice
from rating.charges.load import load_charges
from rating.charges.order_rule import (
    Cart,
    CartLine,
    Contract,
    OrderCase,
    OrderRule,
    RuleKind,
    Violation,
)
from rating.charges.quota_use import QuotaUse
from rating.charges.reduction import Reduction, SnapshotAdvantage
from rating.charges.term import Activation, EndDay, Term
from rating.charges.usage import Beyond, Quota, ReplyWindow, UsageRow, UsageUnit, WorkSurcharge
from rating.charges.validate_order import complete_cart, validate_order

__all__ = [
    "Activation",
    "Amount",
    "Beyond",
    "Billing",
    "Booking",
    "Cart",
    "CartLine",
    "ChargeBook",
    "ChargeList",
    "ChargeListTerms",
    "ChargedFee",
    "ChargedUsage",
    "ChargedWork",
    "Contract",
    "Conversation",
    "EndDay",
    "FeePart",
    "FeeRow",
    "FeeSchedule",
    "Grant",
    "Month",
    "MonthCharges",
    "MonthParams",
    "NoPrice",
    "OrderBook",
    "OrderCase",
    "OrderRule",
    "Quota",
    "QuotaUse",
    "Reduction",
    "ReplyWindow",
    "RuleKind",
    "SnapshotAdvantage",
    "Term",
    "UnpricedFee",
    "UsageParams",
    "UsageRefusal",
    "UsageRefused",
    "UsageRow",
    "UsageUnit",
    "Violation",
    "WorkSurcharge",
    "charge_conversations",
    "charge_data",
    "charge_messages",
    "charge_minutes",
    "charge_month",
    "charge_reply",
    "charge_work",
    "complete_cart",
    "find_item",
    "load_charges",
    "validate_order",
]
