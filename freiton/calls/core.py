"""The switch without its sockets: what an endpoint drives, on whatever time it is handed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.charging_events import LogRecord
from freiton.calls.call_control import CallControl
from freiton.calls.carriers import Carriers
from freiton.calls.events import Events
from freiton.calls.forwarding import Forwarding
from freiton.calls.perform import perform_all
from freiton.calls.ports import CallStream, CallWatcher, MessageTap, WallClock
from freiton.calls.registrations import Registrations
from freiton.calls.switch import Switch
from sipcore.defence.gate import Gate
from sipcore.identifiers import Identifiers
from sipcore.message import Request, Response
from sipcore.registrar.keep_alive import is_keep_alive_answer, keep_alive
from sipcore.registrar.location_table import LocationTable
from sipcore.transaction.events import TransactionEvent
from sipcore.transaction.layer import TransactionLayer
from sipcore.transport.dns_records import Question, Record
from sipcore.transport.flow import Flow, Outgoing
from sipcore.transport.locator import Locator, NameService

TICK_S: Final = 1.0
"""How often followers of running calls hear what they cost."""


class ChargingLog(Protocol):
    """Makes records durable; ``appended`` or ``append_failed`` tell later what became of each."""

    def submit(self, records: Sequence[LogRecord]) -> None:
        """Take records in their order; must not wait."""
        ...


class SwitchCore:
    """All rooms of the switch under one clock."""

    def __init__(
        self,
        layer: TransactionLayer,
        switch: Switch,
        *,
        gate: Gate,
        calls: CallControl,
        carriers: Carriers,
        forwarding: Forwarding,
        locations: LocationTable,
        registrations: Registrations,
        events: Events,
        accounting: CallAccounting,
        log: ChargingLog,
        locator: Locator,
        names: NameService,
        stream: CallStream,
        watcher: CallWatcher,
        tap: MessageTap | None,
        identifiers: Identifiers,
        clock: WallClock,
    ) -> None:
        self._gate = gate
        self._layer = layer
        self._switch = switch
        self._calls = calls
        self._carriers = carriers
        self._forwarding = forwarding
        self._locations = locations
        self._registrations = registrations
        self._subscriptions = events
        self._accounting = accounting
        self._log = log
        self._locator = locator
        self._names = names
        self._stream = stream
        self._watcher = watcher
        self._tap = tap
        self._identifiers = identifiers
        self._clock = clock
        self._keep_alives: list[Outgoing] = []
        self._next_tick = 0.0
        self.keep_alives_sent = 0

    def receive(self, message: Request | Response, flow: Flow, *, now: float) -> None:
        """Take a message; RemoteError when it is malformed beyond what a parser sees."""
        if isinstance(message, Response):
            if is_keep_alive_answer(message):
                return
        elif not self._gate.admits(message, flow, now=now):
            return
        if self._tap is not None:
            self._tap.received(message, flow)
        self._layer.receive(message, flow, now=now)

    def flow_failed(self, flow: Flow, *, now: float) -> None:
        """Learn that what is sent over ``flow`` does not arrive."""
        self._layer.flow_failed(flow, now=now)
        self._switch.flow_failed(flow, now=now)
        self._subscriptions.settle(now=now)

    def handle_deadlines(self, *, now: float) -> None:
        """Fire every timer that is due."""
        self._layer.handle_deadlines(now=now)
        self._calls.handle_deadlines(now=now)
        self._switch.follow_redirects(now=now)
        perform_all(self._carriers.handle_deadlines(now=now), self._layer, now=now)
        perform_all(self._forwarding.handle_deadlines(now=now), self._layer, now=now)
        self._watcher.forget_old(now=now)
        self._registrations.expire(now=now)
        for binding in self._locations.natted_flows_due(now=now):
            self._keep_alives.append(keep_alive(binding, self._identifiers))
            self.keep_alives_sent += 1
        if self._stream.is_followed and now >= self._next_tick:
            self._next_tick = now + TICK_S
            self._calls.tick(now=now)
        self._subscriptions.handle_deadlines(now=now)
        self._subscriptions.settle(now=now)

    def events(self) -> list[TransactionEvent]:
        """Give what the former calls brought about, in order."""
        return self._layer.events()

    def act(self, event: TransactionEvent, *, now: float) -> None:
        """Act on one of these events."""
        self._watcher.acting(event)
        self._switch.dispatch(event, now=now)
        self._subscriptions.settle(now=now)

    def outgoing(self) -> list[Outgoing]:
        """Give the bytes to be sent, the log its records, and the name service its questions."""
        records = self._accounting.outgoing()
        if records:
            self._watcher.logged(records)
            self._log.submit(records)
        questions = self._locator.questions()
        if questions:
            self._names.ask(questions)
        outgoing = self._layer.outgoing()
        outgoing += self._gate.outgoing()
        if self._tap is not None and outgoing:
            self._tap.sent(outgoing)
        if self._keep_alives:
            outgoing += self._keep_alives
            self._keep_alives = []
        return outgoing

    def next_deadline(self) -> float | None:
        """Tell when ``handle_deadlines`` is to be called next."""
        deadlines = [
            deadline
            for deadline in (
                self._layer.next_deadline(),
                self._calls.next_deadline(),
                self._accounting.next_deadline(),
                self._carriers.next_deadline(),
                self._forwarding.next_deadline(),
                self._locations.next_deadline(),
                self._subscriptions.next_deadline(),
                self._next_tick if self._stream.is_followed else None,
            )
            if deadline is not None
        ]
        return min(deadlines, default=None)

    def name_answered(
        self, question: Question, records: tuple[Record, ...] | None, ttl_s: float, *, now: float
    ) -> None:
        """Learn what the name service says; None when it could not tell."""
        self._locator.learn(question, records, ttl_s, now=now)
        for owner, located in self._locator.located():
            self._switch.located(owner, located, now=now)

    def appended(self, seq: int, position: int, *, now: float) -> None:
        """Learn that a record is durable at a position of the log."""
        self._accounting.appended(seq, position)
        self._calls.appended(seq, now=now)
        self._subscriptions.settle(now=now)

    def append_failed(self, seq: int, *, now: float) -> None:
        """Learn that a record is lost, or that nobody knows."""
        self._accounting.append_failed(seq, at=self._clock.utc(), now=now)
        self._calls.append_failed(seq, now=now)
        self._subscriptions.settle(now=now)
