"""The registrar's port to the disk: bindings to rows, rows to bindings after a restart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from freiton.accounting.instants import us_of_datetime
from freiton.storage.location_store import LocationStore
from sipcore.registrar.binding import Binding
from sipcore.registrar.record import from_record, to_record
from sipcore.transport.flow import Listener


class WallClock(Protocol):
    """When a binding expires for somebody who reads it after a restart."""

    def utc(self) -> datetime:
        """Return the present instant, aware."""
        ...


class BindingKeeper:
    """Keeps the bindings of each address-of-record; what is not named any more is dropped."""

    def __init__(self, store: LocationStore, clock: WallClock) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[str, frozenset[str]] = {}

    def save(self, aor: str, bindings: Iterable[Binding], *, now: float) -> None:
        """Keep these bindings in the place of those kept before."""
        at = self._clock.utc()
        keys: set[str] = set()
        for binding in bindings:
            keys.add(binding.key)
            expires = at + timedelta(seconds=binding.expires_at - now)
            self._store.put(
                aor,
                binding.key,
                to_record(aor, binding, now=now, at=at),
                expires_us=us_of_datetime(expires),
            )
        for gone in self._kept.get(aor, frozenset()) - keys:
            self._store.remove(aor, gone)
        self._remember(aor, keys)
        self._store.flush()

    def load(
        self, folder: Path, listeners: Mapping[str, Listener], *, now: float
    ) -> Iterator[tuple[str, Binding]]:
        """Yield the bindings of a former process that still hold and can be reached."""
        at = self._clock.utc()
        for row in self._store.load(folder, at_us=us_of_datetime(at)):
            self._remember(row.aor, {row.key, *self._kept.get(row.aor, ())})
            restored = from_record(row.record, listeners, now=now, at=at)
            if restored is not None:
                yield restored

    def _remember(self, aor: str, keys: set[str]) -> None:
        if keys:
            self._kept[aor] = frozenset(keys)
        else:
            self._kept.pop(aor, None)
