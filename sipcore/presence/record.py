"""Subscriptions as bytes, so that a lamp goes on over a restart without its phone knowing of it.

As with bindings, the instant of expiry stands in UTC beside the interval that was left, which a
wall clock set back cannot make longer. The CSeq makes a jump at each restart: how many NOTIFY
requests went out since the record was written is not known, and the version counts with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.errors import LocalError, RemoteError
from sipcore.limits import CSEQ_MAX
from sipcore.message.event import Event
from sipcore.message.uri import SipUri
from sipcore.presence.notifier_table import Life
from sipcore.presence.packages import PACKAGES
from sipcore.presence.subscription import Subscription, Terms
from sipcore.transport.flow import Flow, Listener

VERSION: Final = 1

CSEQ_GAP: Final = 65_536
"""More than go out between two writes: one a second for an hour is the most that is granted."""

_SIP_PORT: Final = 5060


class _Record(msgspec.Struct, array_like=True, frozen=True):
    """Fields are only ever added at the end, with a default."""

    version: int
    call_id: str
    local_tag: str
    remote_tag: str
    local: str
    remote: str
    remote_target: str
    route_set: tuple[str, ...]
    local_sequence: int
    remote_sequence: int | None
    listener: str
    host: str
    port: int
    package: str
    event_id: str
    watcher: str
    resource: str
    topics: tuple[str, ...]
    is_list: bool
    is_active: bool
    expires: float
    remaining_s: float


class Restored(NamedTuple):
    """What ``Notifier.restore`` takes."""

    dialog: Dialog
    flow: Flow
    terms: Terms
    life: Life
    expires_at: float


def record_key(subscription: Subscription) -> str:
    """Return the key under which a subscription is kept."""
    call_id, local_tag, _ = subscription.dialog.id
    return f"{local_tag} {call_id}"


def to_record(subscription: Subscription, *, now: float, at: datetime) -> bytes:
    """Write a subscription; ``at`` is the wall-clock instant of the monotonic ``now``."""
    dialog, flow, terms = subscription.dialog, subscription.flow, subscription.terms
    remaining_s = subscription.expires_at - now
    record = _Record(
        version=VERSION,
        call_id=_write(dialog.call_id),
        local_tag=dialog.local_tag,
        remote_tag=_write(dialog.remote_tag),
        local=_write(dialog.local),
        remote=_write(dialog.remote),
        remote_target=_write(dialog.remote_target),
        route_set=tuple(_write(entry) for entry in dialog.route_set),
        local_sequence=dialog.local_sequence,
        remote_sequence=dialog.remote_sequence,
        listener=flow.listener.name,
        host=flow.remote[0],
        port=flow.remote[1],
        package=terms.package.name,
        event_id=_write(terms.event.id),
        watcher=terms.watcher,
        resource=terms.resource,
        topics=terms.topics,
        is_list=terms.is_list,
        is_active=subscription.life is Life.ACTIVE,
        expires=at.timestamp() + remaining_s,
        remaining_s=remaining_s,
    )
    return msgspec.msgpack.encode(record)


def from_record(
    data: bytes, listeners: Mapping[str, Listener], *, now: float, at: datetime
) -> Restored | None:
    """Read a subscription; LocalError for bytes that are none of ours.

    None when it has expired or cannot be reached: its listener is gone, or it came over a
    connection from a device that does not listen where it says.
    """
    try:
        record = msgspec.msgpack.decode(data, type=_Record)
    except msgspec.MsgspecError as error:
        raise LocalError(f"not a record of a subscription: {error}") from error
    if record.version != VERSION:
        raise LocalError(f"a record of version {record.version}")
    remaining_s = min(record.expires - at.timestamp(), record.remaining_s)
    listener, package = listeners.get(record.listener), PACKAGES.get(record.package)
    if remaining_s <= 0 or listener is None or package is None:
        return None
    flow = _flow(record, listener)
    if flow is None:
        return None
    dialog = Dialog(
        DialogId(_read(record.call_id), record.local_tag, _read(record.remote_tag)),
        local=_read(record.local),
        remote=_read(record.remote),
        remote_target=_read(record.remote_target),
        route_set=tuple(_read(entry) for entry in record.route_set),
        local_sequence=min(record.local_sequence + CSEQ_GAP, CSEQ_MAX - 1),
        remote_sequence=record.remote_sequence,
    )
    terms = Terms(
        package,
        Event(package.name, _read(record.event_id)),
        watcher=record.watcher,
        resource=record.resource,
        topics=record.topics,
        is_list=record.is_list,
    )
    life = Life.ACTIVE if record.is_active else Life.PENDING
    return Restored(dialog, flow, terms, life, now + remaining_s)


def _flow(record: _Record, listener: Listener) -> Flow | None:
    flow = Flow(listener, (record.host, record.port))
    if not flow.is_reliable:
        return flow
    # The connection went with the process; a new one leads to where the device listens.
    try:
        target = SipUri.parse(_read(record.remote_target))
    except RemoteError:
        return None
    if target.host.strip("[]") != record.host:
        return None
    return Flow(listener, (record.host, target.port or _SIP_PORT))


def _write(text: str) -> str:
    """Keep octets that are no UTF-8: one character for each."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _read(text: str) -> str:
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")
