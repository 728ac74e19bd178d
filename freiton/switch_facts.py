"""The counts of a running switch in the words of the metrics room, and what measures latencies."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.charging_events import LogRecord
from freiton.calls.admission_request import is_outgoing_slot
from freiton.calls.call_conditions import CallConditions
from freiton.calls.ports import Site
from freiton.calls.pricing import Pricing
from freiton.calls.running_call import Phase
from freiton.compose import Composed
from freiton.listening import Listening
from freiton.metrics.facts import (
    CallFacts,
    CallKind,
    CallResult,
    ChargingLogFacts,
    EventFacts,
    Health,
    ProxyFacts,
    RegistrarFacts,
    SignallingFacts,
    TrunkFacts,
)
from freiton.metrics.histogram import Histogram
from freiton.routing.decision import Connect
from freiton.routing.directory import Device
from freiton.storage.writer import ChargingLogWriter
from rating.engine import Unpriced
from rating.numbering import PrefixTable
from rating.pricing import Tariffs
from sipcore.net.endpoint import Endpoint
from sipcore.presence.packages import PACKAGES
from sipcore.transport.flow import Transport

ALL_LISTENERS: Final = "all"
TRANSPORTS: Final = tuple(one.name.lower() for one in Transport)


class MeasuredPricing(Pricing):
    """Pricing that knows how long a price takes."""

    __slots__ = ("_latency",)

    def __init__(
        self, tariffs: Tariffs, provider: str, prefix_table: PrefixTable, *, latency: Histogram
    ) -> None:
        super().__init__(tariffs, provider, prefix_table)
        self._latency = latency

    def conditions(
        self, decision: Connect, device: Device | None, *, at: datetime
    ) -> CallConditions | Unpriced:
        """Price a call, and count the time it took."""
        started = time.perf_counter()
        found = super().conditions(decision, device, at=at)
        self._latency.observe(time.perf_counter() - started)
        return found


class MeasuredLog:
    """The charging log's writer, and how long each record took to be durable."""

    def __init__(self, writer: ChargingLogWriter) -> None:
        self._writer = writer
        self._submitted: dict[int, float] = {}
        self.latency = Histogram()
        self.position = 0

    def submit(self, records: Sequence[LogRecord]) -> None:
        """Hand records on."""
        now = time.monotonic()
        for record in records:
            self._submitted[record.seq] = now
        self._writer.submit(records)

    def told(self, seq: int, position: int | None) -> None:
        """Learn the fate of a record; without a position it failed."""
        submitted = self._submitted.pop(seq, None)
        if position is not None:
            self.position = max(self.position, position)
            if submitted is not None:
                self.latency.observe(time.monotonic() - submitted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is looked at when somebody scrapes."""

    site: Site
    composed: Composed
    accounting: CallAccounting
    endpoint: Endpoint
    log: MeasuredLog
    writer: ChargingLogWriter
    rating: Histogram
    loop_lag: Histogram
    listening: Listening


class ComposedFacts:
    """Answers SwitchFacts from the parts of one running switch."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def health(self) -> Health:
        """Return whether new calls can be taken."""
        parts = self._parts
        return Health(
            log_up=parts.writer.is_up and parts.accounting.is_log_up,
            listeners_up=parts.listening.are_all_open,
            shutting_down=parts.composed.setup.is_draining,
        )

    def registrar(self) -> RegistrarFacts:
        """Return who can be reached."""
        locations = self._parts.composed.locations
        by_transport = dict.fromkeys(TRANSPORTS, 0)
        for _, bindings in locations.items():  # noqa: PERF102 - no dict, but its pairs
            for binding in bindings:
                by_transport[binding.flow.transport.name.lower()] += 1
        return RegistrarFacts(registered_accounts=locations.aor_count, bindings=by_transport)

    def calls(self) -> CallFacts:
        """Return calls, slots, refusals and money."""
        parts = self._parts
        counts = parts.composed.reports.counts
        state = parts.accounting.state
        return CallFacts(
            dialling=parts.composed.calls.count(Phase.ADMITTING, Phase.DIALLING),
            ringing=parts.composed.calls.count(Phase.RINGING),
            answered=parts.composed.calls.count(Phase.TALKING),
            ended=cast("Mapping[tuple[CallKind, CallResult], int]", counts.ended),
            refusals=counts.refusals,
            slots_in_use=sum(
                is_outgoing_slot(owner)
                for call_id in state.calls
                for owner in state.slots.owners(call_id)
            ),
            talk_s=counts.talk_us // 1_000_000,
            charged_micros=counts.charged_micros,
            running_micros=parts.composed.calls.running_micros(now=time.monotonic()),
            rating=parts.rating,
        )

    def signalling(self) -> SignallingFacts:
        """Return messages, transactions and the loop."""
        parts = self._parts
        layer, net = parts.composed.layer.counters, parts.endpoint.counters
        gate, now = parts.composed.gate, time.monotonic()
        open_now = parts.endpoint.connections_per_transport()
        return SignallingFacts(
            requests_in=layer.requests_received,
            requests_out=layer.requests_sent,
            responses_in=layer.responses_received,
            responses_out=layer.responses_sent,
            retransmissions_absorbed=layer.retransmissions_absorbed,
            retransmissions_sent=layer.retransmissions_sent,
            timeouts=layer.timeouts,
            transport_failures=layer.transport_failures,
            overload_refusals=layer.overload_refusals,
            parse_errors=net.malformed_requests + net.malformed_responses,
            shed={one.name.lower().replace("_", "-"): n for one, n in gate.counters.shed.items()},
            strangers_dropped=gate.counters.dropped,
            scanners_dropped=gate.counters.scanners,
            sources_blocked=len(gate.sources.blocked(now=now)),
            calls_over_rate=parts.composed.setup.account_rate.refused,
            behind=gate.pressure.behind_s(now=now),
            transactions={
                "client": parts.composed.layer.client_transactions,
                "server": parts.composed.layer.server_transactions,
            },
            open_deadlines=parts.composed.calls.open_deadlines,
            connections={
                one.name.lower(): open_now.get(one, 0)
                for one in Transport
                if one is not Transport.UDP
            },
            connections_cut={
                "limit": net.connections_refused,
                "displaced": net.connections_displaced,
                "stalled": net.connections_stalled,
                "unread": net.connections_overfull,
                "unopened": net.connections_failed,
            },
            handshakes_failed=net.handshakes_failed,
            name_questions=parts.composed.locator.asked,
            name_questions_unanswered=parts.composed.locator.unanswered,
            peers_unproven=net.peers_unproven,
            certificate_days=parts.listening.days_left(datetime.now(UTC)),
            udp_drops={ALL_LISTENERS: parts.endpoint.udp_drops()},
            loop_lag=parts.loop_lag,
        )

    def proxy(self) -> ProxyFacts:
        """Return what is passed on and not joined."""
        forwarding = self._parts.composed.forwarding
        proxy = forwarding.proxy
        return ProxyFacts(
            under_way=proxy.context_count,
            forwarded=proxy.forwarded,
            loops=proxy.loops,
            relays_refused=forwarding.relays_refused,
            acks_dropped=forwarding.acks_dropped,
        )

    def charging_log(self) -> ChargingLogFacts:
        """Return the state of the charging log."""
        parts = self._parts
        return ChargingLogFacts(
            events=parts.log.position,
            unacknowledged=parts.writer.pending_count,
            acknowledgement=parts.log.latency,
        )

    def subscriptions(self) -> EventFacts:
        """Return who is notified of what."""
        events = self._parts.composed.events
        notifier = events.notifier
        return EventFacts(
            subscriptions={name: notifier.count_in(name) for name in PACKAGES},
            publications=events.publications.count,
            notifies_sent=notifier.sent,
            notifies_failed=notifier.failed,
            states_rendered=events.documents.rendered,
        )

    def trunks(self) -> Sequence[TrunkFacts]:
        """Return every trunk in service."""
        parts = self._parts
        now = time.monotonic()
        return [
            TrunkFacts(
                name=trunk.name,
                registered=parts.composed.carriers.is_registered(trunk.id, now=now),
                channels_in_use=parts.composed.calls.open_over(trunk.id),
                channels=trunk.channels,
                answering=parts.composed.carriers.is_answering(trunk.id),
                addresses=ways,
                addresses_failed=failed,
                withheld_percent=parts.composed.carriers.withheld_percent(trunk.id, now=now),
            )
            for trunk in parts.site.directory.trunks
            for ways, failed in (parts.composed.carriers.count_ways(trunk.id, now=now),)
        ]

    def is_emergency_path_up(self) -> bool:
        """Return whether an emergency call would find a trunk now."""
        parts = self._parts
        now = time.monotonic()
        return any(
            parts.composed.carriers.is_registered(trunk.id, now=now)
            for trunk in parts.site.directory.emergency_trunks
        )
