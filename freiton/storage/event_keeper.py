"""Subscriptions and mailboxes on disk, beside the bindings and written by the same hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import msgspec

from freiton.accounting.instants import us_of_datetime
from freiton.storage.location_store import LocationStore
from freiton.storage.writer_messages import MAILBOX, SUBSCRIPTION
from sipcore.errors import LocalError
from sipcore.presence.message_summary import Mailbox
from sipcore.presence.notifier_table import Life
from sipcore.presence.record import Restored, from_record, record_key, to_record
from sipcore.presence.subscription import Subscription
from sipcore.transport.flow import Listener

FOR_EVER_US: Final = 2**62
"""Messages wait until somebody hears them."""


class WallClock(Protocol):
    """When a subscription expires for somebody who reads it after a restart."""

    def utc(self) -> datetime:
        """Return the present instant, aware."""
        ...


class EventKeeper:
    """The port of the events to the disk."""

    def __init__(self, store: LocationStore, clock: WallClock) -> None:
        self._store = store
        self._clock = clock

    def save_subscription(self, subscription: Subscription, *, now: float) -> None:
        """Keep a subscription as it is now; one that has ended is forgotten."""
        watcher, key = subscription.terms.watcher, record_key(subscription)
        if subscription.life is Life.TERMINATED:
            self._store.remove(watcher, key, kind=SUBSCRIPTION)
        else:
            at = self._clock.utc()
            expires = at + timedelta(seconds=subscription.expires_at - now)
            self._store.put(
                watcher,
                key,
                to_record(subscription, now=now, at=at),
                expires_us=us_of_datetime(expires),
                kind=SUBSCRIPTION,
            )
        self._store.flush()

    def save_mailbox(self, account_id: int, mailbox: Mailbox) -> None:
        """Keep how many messages wait for an account."""
        record = msgspec.msgpack.encode(mailbox)
        self._store.put(str(account_id), "", record, expires_us=FOR_EVER_US, kind=MAILBOX)
        self._store.flush()

    def load_subscriptions(
        self, folder: Path, listeners: Mapping[str, Listener], *, now: float
    ) -> Iterator[Restored]:
        """Yield those of a former process that still hold and can be reached.

        What another version has written and this one cannot read is dropped: its phone subscribes
        again when its time is over.
        """
        at = self._clock.utc()
        for row in self._store.load_kept(folder, SUBSCRIPTION, at_us=us_of_datetime(at)):
            try:
                restored = from_record(row.record, listeners, now=now, at=at)
            except LocalError:
                restored = None
            if restored is None:
                self._store.remove(row.owner, row.key, kind=SUBSCRIPTION)
            else:
                yield restored

    def load_mailboxes(self, folder: Path) -> Iterator[tuple[int, Mailbox]]:
        """Yield the counts by account."""
        for row in self._store.load_kept(folder, MAILBOX, at_us=0):
            yield int(row.owner), msgspec.msgpack.decode(row.record, type=Mailbox)
