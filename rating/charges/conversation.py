"""Conversations that are priced by windows of time, each of one caller."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rating.charges.charge_usage import (
    ChargedUsage,
    UsageParams,
    UsageRefused,
    charge_quantity,
    find_row,
)
from rating.charges.usage import UsageUnit


@dataclass(frozen=True, slots=True)
class Conversation:
    """All contacts of a caller within one window; its end is outside."""

    caller: str
    opened_at: datetime
    """UTC."""
    closes_at: datetime
    charged: ChargedUsage


def charge_conversations(
    params: UsageParams, contacts: Iterable[tuple[str, datetime]]
) -> tuple[Conversation, ...] | UsageRefused:
    """Charge the windows that contacts open, each at the price of its first contact.

    ``params.at`` is not looked at. A refusal of one window refuses all.
    """
    by_caller: dict[str, list[datetime]] = {}
    for caller, at in contacts:
        by_caller.setdefault(caller, []).append(at.astimezone(UTC))
    found: list[Conversation] = []
    for caller, instants in by_caller.items():
        for at in sorted(instants):
            if found and found[-1].caller == caller and at < found[-1].closes_at:
                continue
            opening = replace(params, at=at)
            row = find_row(opening, UsageUnit.CONVERSATION)
            if isinstance(row, UsageRefused):
                return row
            charged = charge_quantity(opening, row, 1)
            if isinstance(charged, UsageRefused):
                return charged
            closes = at + timedelta(seconds=row.row.step)
            found.append(Conversation(caller, at, closes, charged))
    return tuple(found)
