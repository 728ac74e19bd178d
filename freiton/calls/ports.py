"""What call control needs of the world outside; whoever composes the switch provides it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from freiton.calls.stream import CallReport
from freiton.routing.directory import Directory
from sipcore.registrar.binding import Binding


class Site(Protocol):
    """Who is served; a change shows a new directory from one call to the next."""

    @property
    def directory(self) -> Directory:
        """The site as it is now."""
        ...


class WallClock(Protocol):
    """When something happens, for people and for money; never how long it takes."""

    def utc(self) -> datetime:
        """Return the present instant, aware."""
        ...


class RegistrationStore(Protocol):
    """Keeps bindings over a restart; may write later, and in batches."""

    def save(self, aor: str, bindings: Iterable[Binding], *, now: float) -> None:
        """Keep these bindings in the place of those kept before."""
        ...


class CallStream(Protocol):
    """Whoever follows calls while they run."""

    @property
    def is_followed(self) -> bool:
        """Whether anybody listens, so that ticks are worth their work."""
        ...

    def publish(self, report: CallReport) -> None:
        """Tell what happened to a call; must not wait."""
        ...
