"""The switch's facts as Prometheus metric families, made anew at each scrape."""

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector, CollectorRegistry

from freiton.metrics.facts import (
    CALL_KINDS,
    CALL_RESULTS,
    CallFacts,
    ChargingLogFacts,
    EventFacts,
    Health,
    ProxyFacts,
    RegistrarFacts,
    SignallingFacts,
    SwitchFacts,
    TrunkFacts,
)
from freiton.metrics.histogram import Histogram

_MICROS_PER_EURO: Final = 1_000_000


def make_registry(facts: SwitchFacts) -> CollectorRegistry:
    """Return a registry of its own with the switch, the process and the interpreter in it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SwitchCollector(facts))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class SwitchCollector(Collector):
    """Turns `SwitchFacts` into metric families."""

    def __init__(self, facts: SwitchFacts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        """Yield every family; called by the registry at each scrape."""
        facts = self._facts
        yield from _health(facts.health(), emergency_path_up=facts.is_emergency_path_up())
        yield from _registrar(facts.registrar())
        yield from _calls(facts.calls())
        yield from _signalling(facts.signalling())
        yield from _proxy(facts.proxy())
        yield from _charging_log(facts.charging_log())
        yield from _subscriptions(facts.subscriptions())
        yield from _trunks(facts.trunks())


def _health(health: Health, *, emergency_path_up: bool) -> Iterator[Metric]:
    yield _gauge("freiton_charging_log_up", "Whether the charging log acknowledges.", health.log_up)
    yield _gauge(
        "freiton_listeners_up", "Whether every configured listener is bound.", health.listeners_up
    )
    yield _gauge(
        "freiton_shutting_down", "Whether new calls are refused to stop.", health.shutting_down
    )
    yield _gauge(
        "freiton_emergency_path_up",
        "Whether an emergency call would find a trunk now.",
        emergency_path_up,
    )


def _registrar(registrar: RegistrarFacts) -> Iterator[Metric]:
    yield _gauge(
        "freiton_registered_accounts",
        "Addresses-of-record with at least one binding.",
        registrar.registered_accounts,
    )
    bindings = GaugeMetricFamily("freiton_bindings", "Contact bindings.", labels=["transport"])
    _fill(bindings, (((transport,), count) for transport, count in registrar.bindings.items()))
    yield bindings


def _calls(calls: CallFacts) -> Iterator[Metric]:
    states = GaugeMetricFamily("freiton_calls", "Calls at this moment.", labels=["state"])
    states.add_metric(["dialling"], calls.dialling)
    states.add_metric(["ringing"], calls.ringing)
    states.add_metric(["answered"], calls.answered)
    yield states
    ended = CounterMetricFamily(
        "freiton_calls_ended", "Calls that ended.", labels=["kind", "result"]
    )
    for kind in CALL_KINDS:
        for result in CALL_RESULTS:
            ended.add_metric([kind, result], calls.ended.get((kind, result), 0))
    yield ended
    refusals = CounterMetricFamily(
        "freiton_refusals", "Calls that the switch refused.", labels=["cause"]
    )
    _fill(refusals, (((cause,), count) for cause, count in calls.refusals.items()))
    yield refusals
    yield _gauge(
        "freiton_slots_in_use",
        "Outgoing calls that count against a limit of their account.",
        calls.slots_in_use,
    )
    yield _counter("freiton_talk_seconds", "Conversation of ended calls.", calls.talk_s)
    yield _counter(
        "freiton_charged_euros",
        "Charged for ended calls, with tax.",
        calls.charged_micros / _MICROS_PER_EURO,
    )
    yield _gauge(
        "freiton_running_cost_euros",
        "What the running calls have cost so far.",
        calls.running_micros / _MICROS_PER_EURO,
    )
    yield _histogram("freiton_rating_seconds", "Time to price one call.", calls.rating)


def _signalling(signalling: SignallingFacts) -> Iterator[Metric]:
    yield _requests(signalling)
    yield _responses(signalling)
    yield _counter(
        "freiton_sip_retransmissions_absorbed",
        "Repeated messages that ended in their transaction.",
        signalling.retransmissions_absorbed,
    )
    yield _counter(
        "freiton_sip_retransmissions_sent",
        "Messages that we repeated.",
        signalling.retransmissions_sent,
    )
    yield _counter(
        "freiton_sip_timeouts", "Requests of ours that nobody answered.", signalling.timeouts
    )
    yield _counter(
        "freiton_sip_transport_failures",
        "Messages that could not be sent.",
        signalling.transport_failures,
    )
    yield _counter(
        "freiton_sip_overload_refusals",
        "Requests refused because there were too many.",
        signalling.overload_refusals,
    )
    yield _counter(
        "freiton_sip_parse_errors",
        "Messages that were not understood.",
        signalling.parse_errors,
    )
    yield from _defence(signalling)
    transactions = GaugeMetricFamily(
        "freiton_sip_transactions", "Transactions kept.", labels=["kind"]
    )
    _fill(transactions, (((kind,), count) for kind, count in signalling.transactions.items()))
    yield transactions
    yield _gauge("freiton_open_deadlines", "Armed timers.", signalling.open_deadlines)
    yield from _connections(signalling)
    drops = CounterMetricFamily(
        "freiton_udp_drops", "Datagrams that the kernel had no room for.", labels=["listener"]
    )
    _fill(drops, (((listener,), count) for listener, count in signalling.udp_drops.items()))
    yield drops
    yield _histogram(
        "freiton_loop_lag_seconds", "How late the event loop came to its work.", signalling.loop_lag
    )


def _defence(signalling: SignallingFacts) -> Iterator[Metric]:
    shed = CounterMetricFamily(
        "freiton_sip_shed", "Requests told to come later, by priority.", labels=["priority"]
    )
    _fill(shed, (((name,), count) for name, count in signalling.shed.items()))
    yield shed
    dropped = CounterMetricFamily(
        "freiton_sip_dropped", "Requests of strangers that were not heard.", labels=["cause"]
    )
    counts = {"limit": signalling.strangers_dropped, "scanner": signalling.scanners_dropped}
    _fill(dropped, (((cause,), count) for cause, count in counts.items()))
    yield dropped
    yield _gauge(
        "freiton_blocked_sources", "Addresses blocked for strangers.", signalling.sources_blocked
    )
    yield _counter(
        "freiton_calls_over_rate",
        "Calls refused since their account had begun too many.",
        signalling.calls_over_rate,
    )
    yield _gauge("freiton_behind_seconds", "Longest wait of a message.", signalling.behind)


def _connections(signalling: SignallingFacts) -> Iterator[Metric]:
    connections = GaugeMetricFamily(
        "freiton_connections", "Open connections.", labels=["transport"]
    )
    _fill(connections, (((name,), count) for name, count in signalling.connections.items()))
    yield connections
    cut = CounterMetricFamily(
        "freiton_connections_cut",
        "Connections that the switch closed, or could not open, by cause.",
        labels=["cause"],
    )
    _fill(cut, (((cause,), count) for cause, count in signalling.connections_cut.items()))
    yield cut
    yield _counter(
        "freiton_handshakes_failed",
        "Handshakes of TLS and WebSocket that did not come about.",
        signalling.handshakes_failed,
    )
    yield _counter(
        "freiton_name_questions",
        "Questions to the name service about carriers.",
        signalling.name_questions,
    )
    yield _counter(
        "freiton_name_questions_unanswered",
        "Questions that the name service did not answer.",
        signalling.name_questions_unanswered,
    )
    yield _counter(
        "freiton_tls_peers_unproven",
        "Peers whose certificate did not prove who they are.",
        signalling.peers_unproven,
    )
    days = GaugeMetricFamily(
        "freiton_certificate_days", "Days until a certificate ends.", labels=["listener"]
    )
    _fill(days, (((name,), left) for name, left in signalling.certificate_days.items()))
    yield days


def _requests(signalling: SignallingFacts) -> Metric:
    family = CounterMetricFamily(
        "freiton_sip_requests", "SIP requests.", labels=["direction", "method"]
    )
    for direction, counts in (("in", signalling.requests_in), ("out", signalling.requests_out)):
        _fill(family, (((direction, method), count) for method, count in counts.items()))
    return family


def _responses(signalling: SignallingFacts) -> Metric:
    family = CounterMetricFamily(
        "freiton_sip_responses", "SIP responses.", labels=["direction", "status", "status_class"]
    )
    for direction, counts in (("in", signalling.responses_in), ("out", signalling.responses_out)):
        _fill(
            family,
            (
                ((direction, str(status), f"{status // 100}xx"), count)
                for status, count in counts.items()
            ),
        )
    return family


def _proxy(proxy: ProxyFacts) -> Iterator[Metric]:
    yield _gauge("freiton_proxied_requests_open", "Forwarded requests under way.", proxy.under_way)
    yield _counter("freiton_proxied_requests", "Requests that were forwarded.", proxy.forwarded)
    yield _counter("freiton_proxied_loops", "Requests that came back unchanged.", proxy.loops)
    yield _counter(
        "freiton_relays_refused",
        "Requests that wanted to be relayed where that is not offered to their sender.",
        proxy.relays_refused,
    )
    yield _counter(
        "freiton_proxied_acks_dropped",
        "ACKs of proxied dialogs that could not go where they wanted.",
        proxy.acks_dropped,
    )


def _charging_log(log: ChargingLogFacts) -> Iterator[Metric]:
    yield _counter(
        "freiton_charging_log_events", "Events in the charging log, over all starts.", log.events
    )
    yield _gauge(
        "freiton_charging_log_unacknowledged",
        "Events that are not durable yet.",
        log.unacknowledged,
    )
    yield _histogram(
        "freiton_charging_log_acknowledgement_seconds",
        "From append to durable.",
        log.acknowledgement,
    )


def _subscriptions(events: EventFacts) -> Iterator[Metric]:
    active = GaugeMetricFamily(
        "freiton_subscriptions", "Subscriptions to the state of others.", labels=["event"]
    )
    _fill(active, (((event,), count) for event, count in events.subscriptions.items()))
    yield active
    yield _gauge("freiton_publications", "Presence documents of phones.", events.publications)
    yield _counter("freiton_notifies_sent", "NOTIFY requests.", events.notifies_sent)
    yield _counter(
        "freiton_notifies_failed",
        "NOTIFY requests that ended their subscription.",
        events.notifies_failed,
    )
    yield _counter(
        "freiton_states_rendered", "Documents made for NOTIFY requests.", events.states_rendered
    )


def _trunks(trunks: Iterable[TrunkFacts]) -> Iterator[Metric]:
    registered = GaugeMetricFamily(
        "freiton_trunk_registered", "Whether the carrier knows us.", labels=["trunk"]
    )
    in_use = GaugeMetricFamily(
        "freiton_trunk_channels_in_use", "Calls over the trunk.", labels=["trunk"]
    )
    channels = GaugeMetricFamily(
        "freiton_trunk_channels", "Channels that were agreed.", labels=["trunk"]
    )
    answering = GaugeMetricFamily(
        "freiton_trunk_answering",
        "Whether the carrier answered the last OPTIONS; 1 where none are sent.",
        labels=["trunk"],
    )
    addresses = GaugeMetricFamily(
        "freiton_trunk_addresses", "Addresses that the carrier's name leads to.", labels=["trunk"]
    )
    failed = GaugeMetricFamily(
        "freiton_trunk_addresses_failed", "Of them, those passed over now.", labels=["trunk"]
    )
    withheld = GaugeMetricFamily(
        "freiton_trunk_withheld_percent",
        "Share of new calls that the carrier asked not to be offered (RFC 7339).",
        labels=["trunk"],
    )
    for trunk in trunks:
        registered.add_metric([trunk.name], trunk.registered)
        in_use.add_metric([trunk.name], trunk.channels_in_use)
        channels.add_metric([trunk.name], trunk.channels)
        answering.add_metric([trunk.name], trunk.answering)
        addresses.add_metric([trunk.name], trunk.addresses)
        failed.add_metric([trunk.name], trunk.addresses_failed)
        withheld.add_metric([trunk.name], trunk.withheld_percent)
    yield from (registered, in_use, channels, answering, addresses, failed, withheld)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(name, text)
    family.add_metric([], histogram.cumulative(), histogram.total_s)
    return family


def _fill(
    family: GaugeMetricFamily | CounterMetricFamily,
    samples: Iterable[tuple[tuple[str, ...], float]],
) -> None:
    for labels, count in samples:
        family.add_metric(labels, count)
