"""The composition root of everything that decides: one switch without sockets, processes or disk.

Long and dull on purpose. Every room gets what it needs in its constructor, here and nowhere else.
What it is handed (log, store, clock, chance) may be the real thing or a test's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from freiton.accounting.call_accounting import CallAccounting
from freiton.calls.acquaintances import Acquaintances
from freiton.calls.call_control import CallControl
from freiton.calls.call_reports import CallReports, Journal
from freiton.calls.call_setup import CallSetup, SetupSettings
from freiton.calls.called_devices import CalledDevices
from freiton.calls.carriers import Carriers
from freiton.calls.core import ChargingLog, SwitchCore
from freiton.calls.dialog_states import DialogStates
from freiton.calls.event_settings import EventSettings
from freiton.calls.events import Events
from freiton.calls.forwarding import Forwarding
from freiton.calls.forwarding_targets import ForwardingTargets
from freiton.calls.intake import Intake
from freiton.calls.ports import (
    CallStream,
    CallWatcher,
    MessageTap,
    RegistrationStore,
    Site,
    SubscriptionStore,
    Unwatched,
    WallClock,
)
from freiton.calls.pricing import Pricing
from freiton.calls.redirects import Redirects
from freiton.calls.registrations import Registrations
from freiton.calls.switch import Switch
from freiton.calls.transfers import Transfers
from freiton.config import Config
from freiton.routing.emergency import calls_for_help
from freiton.trace.recorded_identifiers import RecordedIdentifiers
from freiton.trace.recorded_layer import RecordedLayer
from freiton.trace.recorder import Recorder
from rating.numbering import Numbering
from sipcore.auth.nonce import Nonces
from sipcore.auth.wrong_passwords import WrongPasswords
from sipcore.b2bua.settings import CallSettings
from sipcore.defence.gate import Gate, GateSettings
from sipcore.defence.sources import SourceLimits
from sipcore.identifiers import Identifiers
from sipcore.message import SipUri
from sipcore.proxy import Proxy, RecordRoutes
from sipcore.registrar.gruu import Gruus
from sipcore.registrar.location_table import LocationTable
from sipcore.registrar.update import RegistrarLimits
from sipcore.transaction.large_requests import LargeRequests
from sipcore.transaction.layer import TransactionLayer
from sipcore.transaction.timers import Timers
from sipcore.transport.flow import Listener
from sipcore.transport.locate import Draw
from sipcore.transport.locator import Locator, NameService


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a switch stands on.

    ``record_route_key`` outlives the process, as the dialogs do that it signs; ``gruu_key`` as the
    temporary GRUUs do.
    ``listeners`` and ``sent_bys`` may be filled after the composition, before the first message.
    """

    site: Site
    pricing: Pricing
    numbering: Numbering
    accounting: CallAccounting
    log: ChargingLog
    bindings: RegistrationStore
    subscriptions: SubscriptionStore
    stream: CallStream
    journal: Journal
    identifiers: Identifiers
    clock: WallClock
    nonces: Nonces
    names: NameService
    record_route_key: bytes
    gruu_key: bytes
    listeners: Mapping[str, Listener]
    sent_bys: AbstractSet[str]
    on_fault: Callable[[str, Exception], None]
    recorder: Recorder | None = None
    tap: MessageTap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The parts that others must reach."""

    layer: TransactionLayer
    locator: Locator
    locations: LocationTable
    carriers: Carriers
    calls: CallControl
    setup: CallSetup
    reports: CallReports
    registrations: Registrations
    forwarding: Forwarding
    gate: Gate
    events: Events


def compose(config: Config, around: Surroundings) -> tuple[Composed, SwitchCore]:
    """Put a switch together; the core is what an endpoint drives."""
    identifiers, layer = _layer(config, around)
    locations = LocationTable(around.identifiers, keep_alive_s=config.registration.nat_keepalive_s)
    layer.large_requests = LargeRequests(around.listeners, is_natted=locations.is_kept_open)
    gruus = Gruus(around.gruu_key, around.identifiers)
    devices = CalledDevices(around.site, locations, gruus)
    locator = Locator(_draw(around.identifiers))
    carriers = Carriers(around.listeners, around.identifiers, locator)
    reports, states = _reports(around)
    calls = CallControl(
        layer,
        around.accounting,
        carriers,
        reports=reports,
        identifiers=identifiers,
        clock=around.clock,
        settings=_call_settings(config),
        warning_host=config.default_domain,
        watcher=_watcher(around),
        on_fault=around.on_fault,
    )
    intake = Intake(around.site, locations, around.nonces, wrong_passwords=_wrong_passwords(config))
    setup = CallSetup(
        around.site,
        intake,
        calls,
        locations=locations,
        called_devices=devices,
        carriers=carriers,
        pricing=around.pricing,
        numbering=around.numbering,
        identifiers=around.identifiers,
        clock=around.clock,
        settings=_setup_settings(config),
    )
    registrations = Registrations(
        around.site,
        intake,
        locations,
        around.bindings,
        gruus=gruus,
        limits=_registrar_limits(config),
        gives_service_route=config.registration.service_route,
    )
    targets = ForwardingTargets(around.site, locations, devices, carriers, around.listeners)
    parts = Composed(
        layer=layer,
        locator=locator,
        locations=locations,
        carriers=carriers,
        calls=calls,
        setup=setup,
        reports=reports,
        registrations=registrations,
        forwarding=_forwarding(config, around, intake, targets, setup, identifiers),
        gate=_gate(config, around, layer, locations, calls),
        events=_events(config, around, layer, intake, locations, calls=calls, dialogs=states),
    )
    return parts, _core(config, around, parts)


def _reports(around: Surroundings) -> tuple[CallReports, DialogStates]:
    states = DialogStates(around.site, around.on_fault)
    reports = CallReports(around.stream, around.clock, around.journal, around.site, states=states)
    return reports, states


def _core(config: Config, around: Surroundings, parts: Composed) -> SwitchCore:
    switch = Switch(
        parts.layer,
        around.site,
        calls=parts.calls,
        setup=parts.setup,
        registrations=parts.registrations,
        forwarding=parts.forwarding,
        carriers=parts.carriers,
        gate=parts.gate,
        events=parts.events,
        identifiers=around.identifiers,
        redirects=Redirects(
            parts.setup,
            parts.calls,
            identifiers=around.identifiers,
            follows=config.forwarding.redirects == "follow",
        ),
        transfers=Transfers(around.site, parts.setup, parts.calls, identifiers=around.identifiers),
        on_fault=around.on_fault,
    )
    return SwitchCore(
        parts.layer,
        switch,
        gate=parts.gate,
        calls=parts.calls,
        carriers=parts.carriers,
        forwarding=parts.forwarding,
        locations=parts.locations,
        registrations=parts.registrations,
        events=parts.events,
        accounting=around.accounting,
        log=around.log,
        locator=parts.locator,
        names=around.names,
        stream=around.stream,
        watcher=_watcher(around),
        tap=around.tap,
        identifiers=around.identifiers,
        clock=around.clock,
    )


def _gate(
    config: Config,
    around: Surroundings,
    layer: TransactionLayer,
    locations: LocationTable,
    calls: CallControl,
) -> Gate:
    """Return the gate; those whom it knows also have more places in the transaction layer."""
    acquaintances = Acquaintances(around.site, locations, calls, around.nonces)
    layer.is_expected = acquaintances.are_expecting
    defence = config.defence
    return Gate(
        acquaintances,
        identifiers=around.identifiers,
        is_emergency=calls_for_help,
        settings=GateSettings(
            answers_scanners=defence.answers_scanners,
            sources=SourceLimits(
                requests_per_s=defence.stranger_requests_per_s,
                burst=defence.stranger_burst,
                failures_max=defence.stranger_failures_max,
                failures_window_s=defence.stranger_failures_window_s,
                block_s=defence.block_s,
            ),
        ),
    )


def _watcher(around: Surroundings) -> CallWatcher:
    return Unwatched() if around.recorder is None else around.recorder


def _layer(config: Config, around: Surroundings) -> tuple[Identifiers, TransactionLayer]:
    """Return the transaction layer, and chance for the calls above it; both may be recorded."""
    identifiers, timers, recorder = around.identifiers, _timers(config), around.recorder
    if recorder is None:
        return identifiers, TransactionLayer(
            identifiers=identifiers, timers=timers, is_emergency=calls_for_help
        )
    recorded = RecordedIdentifiers(identifiers, recorder)
    return recorded, RecordedLayer(
        recorder, identifiers=recorded, timers=timers, is_emergency=calls_for_help
    )


def _forwarding(
    config: Config,
    around: Surroundings,
    intake: Intake,
    targets: ForwardingTargets,
    setup: CallSetup,
    identifiers: Identifiers,
) -> Forwarding:
    return Forwarding(
        around.site,
        intake,
        _proxy(config, around),
        targets,
        identifiers=identifiers,
        is_draining=lambda: setup.is_draining,
    )


def _draw(identifiers: Identifiers) -> Draw:
    """Return chance in whole numbers, as the weights of RFC 2782 want it."""
    return lambda total: min(total, int(identifiers.spread(0.0, float(total + 1))))


def _timers(config: Config) -> Timers:
    return Timers(t1=config.timers.t1_s, t2=config.timers.t2_s, t4=config.timers.t4_s)


def _call_settings(config: Config) -> CallSettings:
    return CallSettings(
        timers=_timers(config),
        session_expires_s=config.session_timer.expires_s,
        min_se_s=config.session_timer.min_s,
        reliable_ringing=config.ringing.reliable == "all",
    )


def _wrong_passwords(config: Config) -> WrongPasswords:
    return WrongPasswords(
        checks_max=config.limits.wrong_passwords_max,
        window_s=config.limits.wrong_passwords_wait_s,
    )


def _setup_settings(config: Config) -> SetupSettings:
    return SetupSettings(
        calls_max=config.limits.calls_max,
        calls_per_account_per_s=config.defence.calls_per_account_per_s,
        calls_per_account_burst=config.defence.calls_per_account_burst,
        strangers_may_call_emergency=config.emergency.elsewhere == "accept",
        emergency_access=config.emergency.access,
        pickup_code=config.pickup.code,
    )


def _registrar_limits(config: Config) -> RegistrarLimits:
    registration = config.registration
    return RegistrarLimits(
        min_expires_s=registration.min_expires_s,
        max_expires_s=registration.max_expires_s,
        default_expires_s=registration.default_expires_s,
    )


def _events(
    config: Config,
    around: Surroundings,
    layer: TransactionLayer,
    intake: Intake,
    locations: LocationTable,
    *,
    calls: CallControl,
    dialogs: DialogStates,
) -> Events:
    return Events(
        layer,
        around.site,
        intake,
        locations,
        calls=calls,
        dialogs=dialogs,
        store=around.subscriptions,
        identifiers=around.identifiers,
        settings=EventSettings(
            min_expires_s=config.subscriptions.min_expires_s,
            max_expires_s=config.subscriptions.max_expires_s,
        ),
        on_fault=around.on_fault,
    )


def _proxy(config: Config, around: Surroundings) -> Proxy:
    def is_own_uri(uri: SipUri) -> bool:
        # On another port of one of our addresses may stand somebody else's proxy.
        if uri.host_port in around.sent_bys:
            return True
        ports = {sent_by.rpartition(":")[2] for sent_by in around.sent_bys}
        is_ours = around.site.directory.is_local_domain(uri.host)
        return is_ours and (uri.port is None or str(uri.port) in ports)

    def is_own_realm(realm: str) -> bool:
        return around.site.directory.is_local_domain(realm)

    return Proxy(
        identifiers=around.identifiers,
        is_own_uri=is_own_uri,
        is_own_realm=is_own_realm,
        sent_bys=around.sent_bys,
        record_routes=RecordRoutes(around.record_route_key, around.listeners),
        timers=_timers(config),
    )
