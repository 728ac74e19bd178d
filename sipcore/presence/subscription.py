"""One subscription at its notifier: a dialog of its own, its life, and what is under way."""

from __future__ import annotations

from typing import Final

from sipcore.dialog.dialog import Dialog
from sipcore.errors import LocalError
from sipcore.message.event import Event
from sipcore.message.message import Request
from sipcore.message.subscription_state import SubscriptionState
from sipcore.presence.notifier_table import (
    DELIVERY,
    DELIVERY_ABSORBED,
    LIFE,
    LIFE_ABSORBED,
    Delivery,
    DeliveryAction,
    DeliveryInput,
    Life,
    LifeAction,
    LifeInput,
)
from sipcore.presence.packages import EVENT_LIST, LIST_PAUSE_S, Package
from sipcore.transaction.deadlines import Deadline
from sipcore.transport.flow import Flow, Transport

Due = tuple[int, str]
"""The key of a subscription, and what is due of it."""

REASONS: Final = {
    LifeInput.FETCHED: "timeout",
    LifeInput.UNSUBSCRIBED: "timeout",
    LifeInput.EXPIRED: "timeout",
    LifeInput.REJECTED: "rejected",
    LifeInput.GONE: "noresource",
}
"""What Subscription-State says of an end (RFC 6665 §4.1.3)."""

HOPS: Final = "70"


class Terms:
    """What is watched, and by whom: the package's ``resource``, made up of ``topics``.

    A list has many topics, everything else one, which is the resource itself. What they mean is
    the business of whoever renders them; ``watcher`` is what subscriptions are counted by.
    """

    __slots__ = ("event", "is_list", "package", "resource", "topics", "watcher")

    def __init__(
        self,
        package: Package,
        event: Event,
        *,
        watcher: str,
        resource: str,
        topics: tuple[str, ...],
        is_list: bool = False,
    ) -> None:
        self.package = package
        self.event = event
        self.watcher = watcher
        self.resource = resource
        self.topics = topics
        self.is_list = is_list

    @property
    def pause_s(self) -> float:
        """The least time between two NOTIFY requests."""
        return min(self.package.pause_s, LIST_PAUSE_S) if self.is_list else self.package.pause_s


class Content:
    """The body of a NOTIFY with its Content-Type."""

    __slots__ = ("body", "content_type")

    def __init__(self, content_type: str, body: bytes) -> None:
        self.content_type = content_type
        self.body = body


class Subscription:
    """The state of a subscription; its steps are taken by the notifier, which owns the time.

    ``changed`` holds the topics that are another since the last NOTIFY; ``wants_full`` asks for
    all of them.
    """

    __slots__ = (
        "changed",
        "delivery",
        "dialog",
        "expires_at",
        "expiry",
        "flow",
        "key",
        "life",
        "pause",
        "reason",
        "terms",
        "wants_full",
    )

    def __init__(self, key: int, dialog: Dialog, flow: Flow, terms: Terms) -> None:
        self.key = key
        self.dialog = dialog
        self.flow = flow
        self.terms = terms
        self.life = Life.INIT
        self.delivery = Delivery.READY
        self.reason = ""
        self.expires_at = 0.0
        self.expiry: Deadline[Due] | None = None
        self.pause: Deadline[Due] | None = None
        self.changed: set[str] = set()
        self.wants_full = True

    @property
    def version(self) -> int:
        """The version of the next document: it counts NOTIFY requests, as their CSeq does.

        So it grows by one from each to the next, and over a restart by the gap of the CSeq.
        """
        return self.dialog.local_sequence

    @property
    def shows_state(self) -> bool:
        """Whether the subscriber may be told what it asked for."""
        if self.life is Life.TERMINATED:
            return self.reason == REASONS[LifeInput.EXPIRED]
        return self.life is Life.ACTIVE

    @property
    def contact(self) -> str:
        """Our Contact in this dialog."""
        flow, tag = self.flow, self.dialog.local_tag
        name = flow.transport.name.lower()
        transport = "" if flow.transport is Transport.UDP else f";transport={name}"
        return f"<sip:{tag}@{flow.listener.sent_by}{transport}>"

    def step_life(self, given: LifeInput) -> tuple[LifeAction, ...]:
        """Take one input of its life."""
        pair = (self.life, given)
        step = LIFE.get(pair)
        if step is None:
            if pair in LIFE_ABSORBED:
                return ()
            raise LocalError(f"{given.name} while {self.life.name}")
        if step.state is Life.TERMINATED and given in REASONS:
            self.reason = REASONS[given]
        self.life = step.state
        return step.actions

    def step_delivery(self, given: DeliveryInput) -> tuple[DeliveryAction, ...]:
        """Take one input of its delivery."""
        pair = (self.delivery, given)
        step = DELIVERY.get(pair)
        if step is None:
            if pair in DELIVERY_ABSORBED:
                return ()
            raise LocalError(f"{given.name} while {self.delivery.name}")
        self.delivery = step.state
        return step.actions

    def notify(self, content: Content | None, *, now: float) -> Request:
        """Build the next NOTIFY of the dialog (§4.2.2); RemoteError when its CSeq is used up."""
        request = self.dialog.request("NOTIFY")
        request.add("max-forwards", HOPS)
        request.add("contact", self.contact)
        request.add("event", str(self.terms.event))
        request.add("subscription-state", str(self._state(now)))
        if self.terms.is_list:
            request.add("require", EVENT_LIST)
        if content is not None:
            request.add("content-type", content.content_type)
            request.body = content.body
        self.changed.clear()
        self.wants_full = False
        return request

    def _state(self, now: float) -> SubscriptionState:
        if self.life is Life.TERMINATED:
            return SubscriptionState("terminated", reason=self.reason)
        left_s = max(0, round(self.expires_at - now))
        return SubscriptionState(self.life.name.lower(), expires_s=left_s)
