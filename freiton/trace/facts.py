"""What a ladder says between the messages: the decision, and what the charging log was told."""

from __future__ import annotations

from typing import Any, Final

from freiton.accounting.charging_events import CallEvent
from freiton.calls.call_conditions import CallConditions
from freiton.routing.decision import Connect, DeviceGroup, Group
from rating.engine import describe

Facts = dict[str, Any]

_OF_EVENT: Final = ("granted_s", "is_final", "used_s", "price_micros", "owners", "to_owner")
_OF_RECORD: Final = (
    "ending", "released_by", "sip_status", "duration_us", "gross_micros", "direction",
)  # fmt: skip


def facts_of_decision(decision: Connect, conditions: CallConditions) -> Facts:
    """Return where a call was to go and at what price."""
    quote = conditions.quote
    called = decision.called
    return {
        "kind": decision.kind.value,
        "dialled": decision.dialled,
        "called": "" if called is None else called.e164 or called.digits,
        "calling": decision.calling_number or "",
        "caller": "" if decision.caller is None else decision.caller.name,
        "from_trunk": "" if decision.incoming_trunk is None else decision.incoming_trunk.name,
        "ways": [_way(group) for group in decision.groups],
        "price": "" if quote is None else describe(quote, "en"),
        "outgoing_max": conditions.outgoing_max,
        "max_call_s": decision.max_call_s,
    }


def facts_of_event(event: CallEvent) -> Facts:
    """Return what of an event of the charging log people look for; nothing personal."""
    facts = {name: getattr(event, name) for name in _OF_EVENT if hasattr(event, name)}
    record = getattr(event, "record", {})
    return facts | {name: record[name] for name in _OF_RECORD if name in record}


def _way(group: Group) -> str:
    if isinstance(group, DeviceGroup):
        count = len(group.targets)
        return f"{count} device{'' if count == 1 else 's'} of {group.account.name}"
    return f"trunk {group.trunk.name}"
