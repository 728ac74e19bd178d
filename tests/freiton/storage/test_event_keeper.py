"""Subscriptions and mailboxes on disk: written by the real writer, read by the next process."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from freiton.storage.event_keeper import EventKeeper
from freiton.storage.location_file import LOCATION_FILE, load_kept
from freiton.storage.location_store import LocationStore
from freiton.storage.writer_messages import MAILBOX, SUBSCRIPTION
from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.message.event import Event
from sipcore.presence.message_summary import Mailbox
from sipcore.presence.notifier_table import Life
from sipcore.presence.packages import PACKAGES
from sipcore.presence.subscription import Subscription, Terms
from sipcore.transport.flow import Flow, Listener, Transport
from tests.freiton.storage.test_writer import Station

UDP = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def utc(self) -> datetime:
        return self.now


def subscription(tag: str) -> Subscription:
    dialog = Dialog(
        DialogId("call", tag, "theirs"), local="<sip:a@b>", remote="<sip:c@d>",
        remote_target="sip:c@192.0.2.9",
    )  # fmt: skip
    terms = Terms(PACKAGES["dialog"], Event("dialog"), watcher="1", resource="2", topics=("2",))
    made = Subscription(1, dialog, Flow(UDP, ("192.0.2.9", 5060)), terms)
    made.life = Life.ACTIVE
    made.expires_at = 600.0
    return made


async def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    station, clock = Station(tmp_path), Clock()
    keeper = EventKeeper(LocationStore(station.writer), clock)
    await station.open()
    first, second = subscription("one"), subscription("two")
    for one in (first, second):
        keeper.save_subscription(one, now=0.0)
    keeper.save_mailbox(7, Mailbox(2, 8))
    second.life = Life.TERMINATED
    keeper.save_subscription(second, now=1.0)
    await station.writer.close()

    clock.now += timedelta(seconds=100)
    (restored,) = keeper.load_subscriptions(tmp_path, {"udp": UDP}, now=50.0)
    assert restored.dialog.local_tag == "one"
    assert restored.expires_at == 550.0
    assert list(keeper.load_mailboxes(tmp_path)) == [(7, Mailbox(2, 8))]
    clock.now += timedelta(seconds=1000)
    assert list(keeper.load_subscriptions(tmp_path, {"udp": UDP}, now=0.0)) == []


async def test_what_cannot_be_read_is_dropped(tmp_path: Path) -> None:
    station, clock = Station(tmp_path), Clock()
    store = LocationStore(station.writer)
    keeper = EventKeeper(store, clock)
    await station.open()
    store.put("1", "key", b"of another version", expires_us=2**60, kind=SUBSCRIPTION)
    store.flush()
    await station.until(lambda: store.unsaved_count == 0)
    assert list(keeper.load_subscriptions(tmp_path, {"udp": UDP}, now=0.0)) == []
    store.flush()
    await station.writer.close()
    assert load_kept(tmp_path, SUBSCRIPTION, at_us=0) == []


def test_a_file_of_an_older_release_has_none(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / LOCATION_FILE)) as connection:
        connection.execute("CREATE TABLE bindings (aor, key, record, expires_us)")
    assert load_kept(tmp_path, MAILBOX, at_us=0) == []
    assert load_kept(tmp_path / "nowhere", MAILBOX, at_us=0) == []
