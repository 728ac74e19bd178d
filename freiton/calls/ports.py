"""What call control needs of the world outside; whoever composes the switch provides it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Protocol

from freiton.accounting.charging_events import LogRecord
from freiton.calls.call_conditions import CallConditions
from freiton.calls.running_call import RunningCall
from freiton.calls.stream import CallReport
from freiton.routing.decision import Connect
from freiton.routing.directory import Directory
from freiton.routing.refusals import RefusalCause
from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import CallEvent
from sipcore.message import Request, Response
from sipcore.presence.message_summary import Mailbox
from sipcore.presence.subscription import Subscription
from sipcore.registrar.binding import Binding
from sipcore.transaction.events import RequestReceived, TransactionEvent
from sipcore.transport.flow import Flow, Outgoing


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


class SubscriptionStore(Protocol):
    """Keeps subscriptions and mailboxes over a restart; may write later, and in batches."""

    def save_subscription(self, subscription: Subscription, *, now: float) -> None:
        """Keep a subscription as it is now; one that has ended is forgotten."""
        ...

    def save_mailbox(self, account_id: int, mailbox: Mailbox) -> None:
        """Keep how many messages wait for an account."""
        ...


class CallStates(Protocol):
    """Whoever shows others which calls somebody has."""

    def note(self, running: RunningCall, /) -> None:
        """See what a step made of a call; quick while nobody watches."""
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


class CallWatcher(Protocol):
    """Sees what calls are fed with, so that it can be looked at later; changes nothing."""

    def acting(self, event: TransactionEvent) -> None:
        """See which event is acted on next."""
        ...

    def make(
        self, make: partial[Call], call_id: str, received: RequestReceived | None, *, now: float
    ) -> Call:
        """Make a call: of what was received, or from its record after a restart."""
        ...

    def decided(
        self, call_id: str, decision: Connect, conditions: CallConditions, *, now: float
    ) -> None:
        """See where a call is to go, and at what price."""
        ...

    def refused(self, call_id: str, cause: RefusalCause, *, now: float) -> None:
        """See that the request that is acted on becomes no call."""
        ...

    def step(self, call_id: str, event: CallEvent, *, now: float) -> None:
        """See what a call is told; until ``stepped`` everything is its doing."""
        ...

    def stepped(self) -> None:
        """See that a step is over."""
        ...

    def ended(self, call_id: str, *, now: float) -> None:
        """See that a call has nothing left to say."""
        ...

    def logged(self, records: list[LogRecord]) -> None:
        """See what is handed to the charging log."""
        ...

    def forget_old(self, *, now: float) -> None:
        """Drop what has been kept long enough."""
        ...


class Unwatched:
    """A watcher that looks away."""

    def acting(self, event: TransactionEvent) -> None:
        """See nothing."""

    def make(
        self,
        make: partial[Call],
        call_id: str,  # noqa: ARG002 - as every watcher
        received: RequestReceived | None,  # noqa: ARG002 - as every watcher
        *,
        now: float,  # noqa: ARG002 - as every watcher
    ) -> Call:
        """Make a call."""
        return make()

    def decided(
        self, call_id: str, decision: Connect, conditions: CallConditions, *, now: float
    ) -> None:
        """See nothing."""

    def refused(self, call_id: str, cause: RefusalCause, *, now: float) -> None:
        """See nothing."""

    def step(self, call_id: str, event: CallEvent, *, now: float) -> None:
        """See nothing."""

    def stepped(self) -> None:
        """See nothing."""

    def ended(self, call_id: str, *, now: float) -> None:
        """See nothing."""

    def logged(self, records: list[LogRecord]) -> None:
        """See nothing."""

    def forget_old(self, *, now: float) -> None:
        """Keep nothing."""


class MessageTap(Protocol):
    """Hears every message that comes and goes; must not wait."""

    def received(self, message: Request | Response, flow: Flow) -> None:
        """Hear a message that came."""
        ...

    def sent(self, outgoing: list[Outgoing]) -> None:
        """Hear messages that go out."""
        ...
