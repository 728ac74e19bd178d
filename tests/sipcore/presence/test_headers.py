"""The headers of event notification."""

from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message import Request
from sipcore.message.event import Event
from sipcore.message.subscription_state import SubscriptionState


@pytest.mark.parametrize(
    ("value", "event_type", "event_id"),
    [
        ("dialog", "dialog", ""),
        ("Dialog;id=12", "dialog", "12"),
        ("presence.winfo", "presence.winfo", ""),
        ("dialog ; sla ; id=a", "dialog", "a"),
    ],
)
def test_an_event_is_read_and_written(value: str, event_type: str, event_id: str) -> None:
    event = Event.parse(value)
    assert (event.type, event.id) == (event_type, event_id)
    assert Event.parse(str(event)) == event
    assert hash(Event.parse(str(event))) == hash(event)
    assert event != Event("other")


@pytest.mark.parametrize("value", ["", "a b", ".dialog", "dialog..x", "d;id=1;id=2", "x" * 99])
def test_what_is_no_event_is_refused(value: str) -> None:
    with pytest.raises(RemoteError):
        Event.parse(value)


def test_a_message_may_name_no_event() -> None:
    assert Event.of(Request("SUBSCRIBE", "sip:a@b")) is None
    named = Request("SUBSCRIBE", "sip:a@b", [("event", "reg")])
    assert repr(Event.of(named)) == "Event('reg')"


@pytest.mark.parametrize(
    "value",
    [
        "active;expires=60",
        "terminated;reason=noresource",
        "terminated;reason=probation;retry-after=30",
        "pending",
    ],
)
def test_a_subscription_state_is_read_and_written(value: str) -> None:
    assert str(SubscriptionState.parse(value)) == value


def test_a_subscription_state_is_read_generously() -> None:
    state = SubscriptionState.parse("Active ; Expires=many")
    assert (state.state, state.expires_s) == ("active", None)
    assert repr(state) == "SubscriptionState('active')"
    with pytest.raises(RemoteError):
        SubscriptionState.parse("a b")
    with pytest.raises(RemoteError):
        SubscriptionState.of(Request("NOTIFY", "sip:a@b"))
