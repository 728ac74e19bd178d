"""The notifier of RFC 6665: every subscription of this process, and whose turn it is to hear.

Whoever has the state says ``changed``; whoever can render it takes ``due`` and answers each with
``notify``. Nothing is rendered before it is sent, so a state that came and went costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message.message import Request
from sipcore.presence.notifier_table import (
    Delivery,
    DeliveryAction,
    DeliveryInput,
    Life,
    LifeAction,
    LifeInput,
)
from sipcore.presence.packages import PACKAGES
from sipcore.presence.subscription import Content, Due, Subscription, Terms
from sipcore.transaction.commands import SendRequest
from sipcore.transaction.deadlines import Deadlines
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from sipcore.transport.flow import Flow

OWNER: Final = "subscription"
"""The first part of the owner of every NOTIFY."""

RETRY_MAX_S: Final = 300
"""A subscriber that wants to be asked later than this is asked then."""

_EXPIRY: Final = "expiry"
_PAUSE: Final = "pause"
_GONE: Final = 481

Topic = tuple[str, str]
"""A package's name and what is watched."""


class Notifier:
    """Owns the subscriptions; everything enters with ``now``."""

    def __init__(self, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._subscriptions: dict[int, Subscription] = {}
        self._by_dialog: dict[DialogId, int] = {}
        # Dictionaries for their order: who subscribed first hears first, in each run alike.
        self._by_topic: dict[Topic, dict[int, None]] = {}
        self._by_watcher: dict[str, int] = {}
        self._by_package: dict[str, int] = dict.fromkeys(PACKAGES, 0)
        self._deadlines: Deadlines[Due] = Deadlines()
        self._due: dict[int, None] = {}
        self._unsaved: dict[int, Subscription] = {}
        self._next_key = 1
        self.sent = 0
        self.failed = 0

    def __len__(self) -> int:
        return len(self._subscriptions)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(list(self._subscriptions.values()))

    def count_of(self, watcher: str) -> int:
        """Return how many subscriptions a watcher has."""
        return self._by_watcher.get(watcher, 0)

    def is_watched(self, package: str, topic: str) -> bool:
        """Tell whether anybody would hear of a change."""
        return (package, topic) in self._by_topic

    def count_in(self, package: str) -> int:
        """Return how many subscriptions there are to a package."""
        return self._by_package[package]

    def of_dialog(self, dialog_id: DialogId) -> Subscription | None:
        """Return the subscription of a dialog."""
        key = self._by_dialog.get(dialog_id)
        return None if key is None else self._subscriptions[key]

    # What subscribers say.

    def open(
        self,
        request: Request,
        flow: Flow,
        terms: Terms,
        *,
        given: LifeInput,
        expires_s: int,
        now: float,
    ) -> Subscription:
        """Take a SUBSCRIBE outside of a dialog: ACCEPTED, UNDECIDED or FETCHED.

        Its 200 must go out before what is ``due`` then. RemoteError without a usable Contact.
        """
        dialog = Dialog.from_request(request, local_tag=self._identifiers.tag())
        subscription = Subscription(self._next_key, dialog, flow, terms)
        self._next_key += 1
        self._enter(subscription)
        subscription.expires_at = now + expires_s
        self._live(subscription, given, now=now)
        return subscription

    def refresh(
        self,
        subscription: Subscription,
        request: Request,
        flow: Flow,
        *,
        expires_s: int,
        now: float,
    ) -> bool:
        """Take a SUBSCRIBE of the dialog; False when it is out of order (500)."""
        if not subscription.dialog.is_in_order(request):
            return False
        subscription.dialog.refresh_target(request)
        subscription.flow = flow
        subscription.expires_at = now + expires_s
        subscription.wants_full = True
        given = LifeInput.REFRESHED if expires_s else LifeInput.UNSUBSCRIBED
        self._live(subscription, given, now=now)
        return True

    def outcome(self, event: ResponseReceived | TransactionFailed, *, now: float) -> None:
        """Take what became of a NOTIFY (§4.2.2)."""
        subscription = self._subscriptions.get(int(event.owner[1]))
        if subscription is None:
            return
        if isinstance(event, TransactionFailed):
            self._lose(subscription, now=now)
            return
        response = event.response
        if response.is_provisional:
            return
        if response.is_success:
            self._deliver(subscription, DeliveryInput.ANSWERED, now=now)
            return
        retry_s = None if response.status == _GONE else response.delta_seconds("retry-after")
        if retry_s is None or subscription.life is Life.TERMINATED:
            # One that has ended has no time left to wait in: it would never go.
            self._lose(subscription, now=now)
            return
        subscription.wants_full = True
        # Not sooner than the package allows, or a subscriber could ask for one after the other.
        pause_s = min(max(retry_s, subscription.terms.pause_s), RETRY_MAX_S)
        self._deliver(subscription, DeliveryInput.POSTPONED, now=now, pause_s=pause_s)

    # What the site and the watched say.

    def changed(self, package: str, topic: str, *, now: float) -> None:
        """Learn that a state is another; who watches it hears as soon as it may."""
        for key in list(self._by_topic.get((package, topic), ())):
            subscription = self._subscriptions[key]
            if subscription.life is Life.ACTIVE:
                subscription.changed.add(topic)
                self._deliver(subscription, DeliveryInput.CHANGED, now=now)

    def decide(self, subscription: Subscription, given: LifeInput, *, now: float) -> None:
        """Apply a decision about a subscription: APPROVED, UNDECIDED, REJECTED or GONE."""
        subscription.wants_full = True
        self._live(subscription, given, now=now)

    def retopic(self, subscription: Subscription, topics: Iterable[str], *, now: float) -> None:
        """Take over other members of a list; all of them are told."""
        self._unlink(subscription)
        subscription.terms.topics = tuple(topics)
        self._link(subscription)
        subscription.wants_full = True
        self._unsaved[subscription.key] = subscription
        if subscription.life is Life.ACTIVE:
            self._deliver(subscription, DeliveryInput.CHANGED, now=now)

    def restore(
        self,
        dialog: Dialog,
        flow: Flow,
        terms: Terms,
        life: Life,
        expires_at: float,
        *,
        now: float,
        pause_s: float,
    ) -> None:
        """Take up a subscription of a former process; it hears everything within ``pause_s``."""
        subscription = Subscription(self._next_key, dialog, flow, terms)
        self._next_key += 1
        subscription.life = life
        subscription.expires_at = expires_at
        subscription.delivery = Delivery.PAUSED_NEWER
        self._enter(subscription)
        self._arm_expiry(subscription)
        # What is written down again has the new CSeq, so that a second restart goes on from it.
        self._unsaved[subscription.key] = subscription
        when = now + self._identifiers.spread(0.0, pause_s)
        subscription.pause = self._deadlines.set(when, (subscription.key, _PAUSE))

    # What is to be done.

    @property
    def is_idle(self) -> bool:
        """Whether there is no subscription, and none whose end is still to be written down."""
        return not self._subscriptions and not self._unsaved

    @property
    def has_due(self) -> bool:
        """Whether anybody is to hear something now."""
        return bool(self._due)

    def due(self, most: int) -> list[Subscription]:
        """Take out subscriptions whose NOTIFY is to be sent now, those that wait longest."""
        keys = list(islice(self._due, most))
        for key in keys:
            del self._due[key]
        return [self._subscriptions[key] for key in keys]

    def notify(
        self, subscription: Subscription, content: Content | None, *, now: float
    ) -> list[SendRequest]:
        """Return the NOTIFY of one that was due; nothing when its dialog is used up."""
        try:
            request = subscription.notify(content, now=now)
        except RemoteError:
            self._lose(subscription, now=now)
            return []
        self.sent += 1
        return [SendRequest(request, subscription.flow, (OWNER, subscription.key))]

    def tell_rest(self, subscription: Subscription, topics: Iterable[str], *, now: float) -> None:
        """Note what the NOTIFY just built had no room for; it follows in the next one."""
        subscription.changed.update(topics)
        if subscription.changed:
            self._deliver(subscription, DeliveryInput.CHANGED, now=now)

    def drop(self, subscription: Subscription) -> None:
        """Forget a subscription whose state cannot be told for a fault of ours."""
        subscription.life = Life.TERMINATED
        self._forget(subscription)

    def take_unsaved(self) -> list[Subscription]:
        """Take out the subscriptions that are to be written down, or forgotten when TERMINATED."""
        unsaved, self._unsaved = self._unsaved, {}
        return list(unsaved.values())

    def handle_deadlines(self, *, now: float) -> None:
        """End what has expired, and let those speak whose pause is over."""
        for key, what in self._deadlines.due(now):
            subscription = self._subscriptions.get(key)
            if subscription is None:
                continue
            if what == _EXPIRY:
                subscription.expiry = None
                subscription.wants_full = True
                self._live(subscription, LifeInput.EXPIRED, now=now)
            else:
                subscription.pause = None
                self._deliver(subscription, DeliveryInput.PAUSE_OVER, now=now)

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` has something to do."""
        return self._deadlines.next()

    # The two machines.

    def _live(self, subscription: Subscription, given: LifeInput, *, now: float) -> None:
        before = subscription.life
        for action in subscription.step_life(given):
            if action is LifeAction.START_EXPIRY:
                self._arm_expiry(subscription)
            elif action is LifeAction.STOP_EXPIRY:
                self._disarm_expiry(subscription)
            elif action is LifeAction.NOTIFY:
                self._deliver(subscription, DeliveryInput.DEMANDED, now=now)
            else:
                self._forget(subscription)
        if given is LifeInput.REFRESHED or subscription.life is not before:
            self._unsaved[subscription.key] = subscription

    def _deliver(
        self, subscription: Subscription, given: DeliveryInput, *, now: float, pause_s: float = 0.0
    ) -> None:
        for action in subscription.step_delivery(given):
            if action is DeliveryAction.SEND:
                self._due[subscription.key] = None
            elif action is DeliveryAction.START_PAUSE:
                self._arm_pause(subscription, now + subscription.terms.pause_s)
            elif action is DeliveryAction.START_RETRY:
                self._arm_pause(subscription, now + pause_s)
            elif action is DeliveryAction.STOP_PAUSE:
                self._disarm_pause(subscription)
            else:
                self._live(subscription, LifeInput.DELIVERED, now=now)

    def _lose(self, subscription: Subscription, *, now: float) -> None:
        self.failed += 1
        self._live(subscription, LifeInput.FAILED, now=now)

    # Time.

    def _arm_expiry(self, subscription: Subscription) -> None:
        self._disarm_expiry(subscription)
        due = (subscription.key, _EXPIRY)
        subscription.expiry = self._deadlines.set(subscription.expires_at, due)

    def _disarm_expiry(self, subscription: Subscription) -> None:
        if subscription.expiry is not None:
            self._deadlines.cancel(subscription.expiry)
            subscription.expiry = None

    def _arm_pause(self, subscription: Subscription, when: float) -> None:
        self._disarm_pause(subscription)
        subscription.pause = self._deadlines.set(when, (subscription.key, _PAUSE))

    def _disarm_pause(self, subscription: Subscription) -> None:
        if subscription.pause is not None:
            self._deadlines.cancel(subscription.pause)
            subscription.pause = None

    # Where to find them.

    def _enter(self, subscription: Subscription) -> None:
        self._subscriptions[subscription.key] = subscription
        self._by_dialog[subscription.dialog.id] = subscription.key
        watcher = subscription.terms.watcher
        self._by_watcher[watcher] = self.count_of(watcher) + 1
        self._by_package[subscription.terms.package.name] += 1
        self._link(subscription)

    def _forget(self, subscription: Subscription) -> None:
        if self._subscriptions.pop(subscription.key, None) is None:
            return
        self._unsaved[subscription.key] = subscription
        self._disarm_expiry(subscription)
        self._disarm_pause(subscription)
        self._by_dialog.pop(subscription.dialog.id, None)
        self._due.pop(subscription.key, None)
        self._by_package[subscription.terms.package.name] -= 1
        watcher = subscription.terms.watcher
        left = self.count_of(watcher) - 1
        if left:
            self._by_watcher[watcher] = left
        else:
            del self._by_watcher[watcher]
        self._unlink(subscription)

    def _link(self, subscription: Subscription) -> None:
        terms = subscription.terms
        for topic in terms.topics:
            self._by_topic.setdefault((terms.package.name, topic), {})[subscription.key] = None

    def _unlink(self, subscription: Subscription) -> None:
        terms = subscription.terms
        for topic in terms.topics:
            watching = self._by_topic.get((terms.package.name, topic))
            if watching is not None:
                watching.pop(subscription.key, None)
                if not watching:
                    del self._by_topic[terms.package.name, topic]
