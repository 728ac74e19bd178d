"""Bindings as bytes, so that they survive a restart; expiry stands in wall-clock time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sipcore.registrar.binding import Binding
from sipcore.transport.flow import Listener


def to_record(aor: str, binding: Binding, *, now: float, at: datetime) -> bytes:
    """Write a binding; ``at`` is the wall-clock instant of the monotonic ``now``."""
    raise NotImplementedError


def from_record(
    record: bytes, listeners: Mapping[str, Listener], *, now: float, at: datetime
) -> tuple[str, Binding] | None:
    """Read a binding with its address-of-record.

    None when it has expired, or cannot be reached any more: its listener is gone, or it was made
    over a connection from behind a NAT. Bytes that are no record are a LocalError.
    """
    raise NotImplementedError
