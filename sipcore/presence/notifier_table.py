"""The two machines of a notifier, as tables: a subscription's life, and its NOTIFY requests.

The life is the notifier's state machine of RFC 6665 (§4.1.2, §4.2): whether state is told, and
when the end has come. The delivery keeps the rules around one NOTIFY: never a second one before
the first is answered (so that they arrive in order), not more often than the package allows, and
of states that came meanwhile only the newest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final


class Life(IntEnum):
    """How a subscription stands; from PENDING on it is what Subscription-State says."""

    INIT = 1
    PENDING = 2
    ACTIVE = 3
    TERMINATED = 4


class LifeInput(IntEnum):
    """What happens to a subscription."""

    ACCEPTED = 1
    """A SUBSCRIBE of somebody who is allowed."""
    UNDECIDED = 2
    """A SUBSCRIBE of somebody about whom nobody has decided."""
    FETCHED = 3
    """A SUBSCRIBE without a dialog that asks for no time (§4.4.3)."""
    REFRESHED = 4
    UNSUBSCRIBED = 5
    """A SUBSCRIBE in the dialog that asks for no time (§4.1.2.3)."""
    APPROVED = 6
    REJECTED = 7
    GONE = 8
    """There is nothing to watch any more."""
    EXPIRED = 9
    DELIVERED = 10
    """The last NOTIFY that was asked for has been answered."""
    FAILED = 11
    """A NOTIFY got 481, another refusal without Retry-After, or no answer (§4.2.2)."""


class LifeAction(IntEnum):
    """What a subscription wants done."""

    START_EXPIRY = 1
    STOP_EXPIRY = 2
    NOTIFY = 3
    """At once, whatever the package's rate."""
    FORGET = 4


class Delivery(IntEnum):
    """What is under way to a subscriber."""

    READY = 1
    """Nothing is under way, and the next state may be told at once."""
    SENT = 2
    """A NOTIFY waits for its answer."""
    SENT_NEWER = 3
    """The same, and there is a newer state."""
    SENT_URGENT = 4
    """The same, and the next NOTIFY must follow the answer at once."""
    PAUSED = 5
    """The last one was answered, the package's interval is not over."""
    PAUSED_NEWER = 6
    """The same, and there is a newer state."""


class DeliveryInput(IntEnum):
    """What happens around a NOTIFY."""

    CHANGED = 1
    """The watched state is another."""
    DEMANDED = 2
    """A NOTIFY must be sent: after a SUBSCRIBE, or because the subscription changed."""
    ANSWERED = 3
    POSTPONED = 4
    """The subscriber refused and said when to come again (Retry-After)."""
    PAUSE_OVER = 5


class DeliveryAction(IntEnum):
    """What the delivery wants done."""

    SEND = 1
    START_PAUSE = 2
    START_RETRY = 3
    STOP_PAUSE = 4
    TELL_DELIVERED = 5


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One arrow of a subscription's life."""

    state: Life
    actions: tuple[LifeAction, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryStep:
    """One arrow of the delivery."""

    state: Delivery
    actions: tuple[DeliveryAction, ...] = ()


_NOTIFY: Final = (LifeAction.NOTIFY,)
_BEGIN: Final = (LifeAction.START_EXPIRY, LifeAction.NOTIFY)
_END: Final = LifeStep(Life.TERMINATED, (LifeAction.STOP_EXPIRY, LifeAction.NOTIFY))
_LOST: Final = LifeStep(Life.TERMINATED, (LifeAction.STOP_EXPIRY, LifeAction.FORGET))

LIFE: Final = MappingProxyType(
    {
        (Life.INIT, LifeInput.ACCEPTED): LifeStep(Life.ACTIVE, _BEGIN),
        (Life.INIT, LifeInput.UNDECIDED): LifeStep(Life.PENDING, _BEGIN),
        (Life.INIT, LifeInput.FETCHED): LifeStep(Life.TERMINATED, _NOTIFY),
        (Life.PENDING, LifeInput.REFRESHED): LifeStep(Life.PENDING, _BEGIN),
        (Life.PENDING, LifeInput.UNSUBSCRIBED): _END,
        (Life.PENDING, LifeInput.APPROVED): LifeStep(Life.ACTIVE, _NOTIFY),
        (Life.PENDING, LifeInput.REJECTED): _END,
        (Life.PENDING, LifeInput.GONE): _END,
        (Life.PENDING, LifeInput.EXPIRED): _END,
        (Life.PENDING, LifeInput.FAILED): _LOST,
        (Life.ACTIVE, LifeInput.REFRESHED): LifeStep(Life.ACTIVE, _BEGIN),
        (Life.ACTIVE, LifeInput.UNSUBSCRIBED): _END,
        (Life.ACTIVE, LifeInput.UNDECIDED): LifeStep(Life.PENDING, _NOTIFY),
        (Life.ACTIVE, LifeInput.REJECTED): _END,
        (Life.ACTIVE, LifeInput.GONE): _END,
        (Life.ACTIVE, LifeInput.EXPIRED): _END,
        (Life.ACTIVE, LifeInput.FAILED): _LOST,
        (Life.TERMINATED, LifeInput.DELIVERED): LifeStep(Life.TERMINATED, (LifeAction.FORGET,)),
        (Life.TERMINATED, LifeInput.FAILED): LifeStep(Life.TERMINATED, (LifeAction.FORGET,)),
    }
)

LIFE_ABSORBED: Final = frozenset(
    {
        # An answer is the delivery's business while the subscription goes on.
        (Life.PENDING, LifeInput.DELIVERED),
        (Life.ACTIVE, LifeInput.DELIVERED),
        # The decision was the same before.
        (Life.ACTIVE, LifeInput.APPROVED),
        (Life.PENDING, LifeInput.UNDECIDED),
        # It has ended; only its last NOTIFY is under way.
        (Life.TERMINATED, LifeInput.REFRESHED),
        (Life.TERMINATED, LifeInput.UNSUBSCRIBED),
        (Life.TERMINATED, LifeInput.APPROVED),
        (Life.TERMINATED, LifeInput.UNDECIDED),
        (Life.TERMINATED, LifeInput.REJECTED),
        (Life.TERMINATED, LifeInput.GONE),
        (Life.TERMINATED, LifeInput.EXPIRED),
    }
)
"""Pairs that happen and change nothing; every other pair that is no row is a fault of ours."""

_SEND: Final = DeliveryStep(Delivery.SENT, (DeliveryAction.SEND,))
_SEND_NOW: Final = DeliveryStep(Delivery.SENT, (DeliveryAction.STOP_PAUSE, DeliveryAction.SEND))
_PUT_OFF: Final = DeliveryStep(Delivery.PAUSED_NEWER, (DeliveryAction.START_RETRY,))

DELIVERY: Final = MappingProxyType(
    {
        (Delivery.READY, DeliveryInput.CHANGED): _SEND,
        (Delivery.READY, DeliveryInput.DEMANDED): _SEND,
        (Delivery.SENT, DeliveryInput.CHANGED): DeliveryStep(Delivery.SENT_NEWER),
        (Delivery.SENT, DeliveryInput.DEMANDED): DeliveryStep(Delivery.SENT_URGENT),
        (Delivery.SENT, DeliveryInput.ANSWERED): DeliveryStep(
            Delivery.PAUSED, (DeliveryAction.START_PAUSE, DeliveryAction.TELL_DELIVERED)
        ),
        (Delivery.SENT, DeliveryInput.POSTPONED): _PUT_OFF,
        (Delivery.SENT_NEWER, DeliveryInput.DEMANDED): DeliveryStep(Delivery.SENT_URGENT),
        (Delivery.SENT_NEWER, DeliveryInput.ANSWERED): DeliveryStep(
            Delivery.PAUSED_NEWER, (DeliveryAction.START_PAUSE,)
        ),
        (Delivery.SENT_NEWER, DeliveryInput.POSTPONED): _PUT_OFF,
        (Delivery.SENT_URGENT, DeliveryInput.ANSWERED): _SEND,
        (Delivery.SENT_URGENT, DeliveryInput.POSTPONED): _PUT_OFF,
        (Delivery.PAUSED, DeliveryInput.CHANGED): DeliveryStep(Delivery.PAUSED_NEWER),
        (Delivery.PAUSED, DeliveryInput.DEMANDED): _SEND_NOW,
        (Delivery.PAUSED, DeliveryInput.PAUSE_OVER): DeliveryStep(Delivery.READY),
        (Delivery.PAUSED_NEWER, DeliveryInput.DEMANDED): _SEND_NOW,
        (Delivery.PAUSED_NEWER, DeliveryInput.PAUSE_OVER): _SEND,
    }
)

DELIVERY_ABSORBED: Final = frozenset(
    {
        # A still newer state takes the place of the newer one.
        (Delivery.SENT_NEWER, DeliveryInput.CHANGED),
        (Delivery.SENT_URGENT, DeliveryInput.CHANGED),
        (Delivery.SENT_URGENT, DeliveryInput.DEMANDED),
        (Delivery.PAUSED_NEWER, DeliveryInput.CHANGED),
    }
)
"""Pairs that happen and change nothing; every other pair that is no row is a fault of ours."""
