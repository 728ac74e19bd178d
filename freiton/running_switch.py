"""One switch in this process: sockets, the log's writer, the site's store, control and metrics."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from freiton.accounting.charging_state import ledger_account_id
from freiton.accounting.errors import AccountingError
from freiton.accounting.recovery import OpenCall, recover
from freiton.blocking import blocking_commands
from freiton.calls.perform import perform_all
from freiton.calls.spending import renew_terms
from freiton.calls.stream import CallReport
from freiton.calls.subscriptions import UnknownBooking, check_bookings
from freiton.clock import Clock
from freiton.compose import Surroundings, compose
from freiton.config import Config
from freiton.config.rating_data import read_numbering, read_tariffs
from freiton.config.trunk_profiles import read_trunk_presets
from freiton.control import SOCKET_NAME, Broadcast, ControlServer, StateLock
from freiton.control.event_commands import EventCommands
from freiton.draining import EMERGENCY_WAIT_S, Draining
from freiton.errors import OperatorError
from freiton.identifiers import RandomIdentifiers
from freiton.listening import Listening
from freiton.metrics.exporter import MetricsServer
from freiton.metrics.histogram import Histogram
from freiton.metrics.loop_lag import LoopLag
from freiton.routing.directory import Directory
from freiton.storage.binding_keeper import BindingKeeper
from freiton.storage.charging_log_file import CHARGING_FOLDER, LogError
from freiton.storage.event_keeper import EventKeeper
from freiton.storage.location_store import LocationStore
from freiton.storage.site_store import SiteStore
from freiton.storage.writer import ChargingLogWriter
from freiton.switch_facts import ComposedFacts, MeasuredLog, MeasuredPricing, Parts
from freiton.trace.tracing import Tracing
from rating.numbering import Numbering
from rating.pricing import Tariffs
from sipcore.auth.nonce import Nonces
from sipcore.limits import DEFAULT_LIMITS
from sipcore.net.endpoint import Endpoint
from sipcore.net.resolver import Answer, Resolver
from sipcore.transport.flow import Listener

COLLECT_AFTER: Final = (10_000, 10, 100)
"""When the garbage collector looks for cycles. Calls and transactions leave none, so it finds next
to nothing however often it looks; one look at 10,000 young objects takes a millisecond."""


class FollowedCalls:
    """The live stream of calls, for everybody who follows over the control socket."""

    def __init__(self) -> None:
        self.broadcast = Broadcast()

    @property
    def is_followed(self) -> bool:
        """Whether anybody listens."""
        return self.broadcast.follower_count > 0

    def publish(self, report: CallReport) -> None:
        """Hand a report to all followers."""
        self.broadcast.publish(report)


class LiveSite:
    """The directory in force; replaced whole."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory


class RunningSwitch:
    """Everything of one switch that is opened and closed."""

    def __init__(self, config: Config, journal: FilteringBoundLogger) -> None:
        self._config = config
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._clock = Clock()
        self._opened = AsyncExitStack()
        self._tracing = Tracing(config, self._clock, loop=self._loop)
        self._opened.callback(self._tracing.close)
        self._listening = Listening(config, journal, loop=self._loop)
        self._opened.callback(self._listening.close)
        self._awaited: dict[int, asyncio.Future[bool]] = {}
        self._is_settling = False
        self._rating_latency = Histogram()
        self.stream = FollowedCalls()

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """The open sockets for SIP by name, with the ports that the system chose."""
        return self._listening.listeners

    async def start(self) -> None:
        """Open everything; raises OperatorError with one sentence when something is not to be had.

        What was opened before is closed again.
        """
        try:
            await self._open()
        except BaseException:
            await self._opened.aclose()
            raise

    async def drain(self, deadline_s: float) -> None:
        """Take no new calls; running ones go on to the deadline, then are ended and charged.

        Emergency calls are still taken, and go on for `EMERGENCY_WAIT_S` more.
        """
        self._parts.setup.is_draining = True
        draining = self._draining
        await draining.end_ordinary(deadline_s)
        if self._parts.calls.has_emergency:
            self._journal.warning("waiting for emergency calls", limit_s=EMERGENCY_WAIT_S)
        await draining.await_emergency()
        now = time.monotonic()
        perform_all(self._parts.carriers.unregister_all(now=now), self._parts.layer, now=now)
        await draining.end_all()

    def hurry(self) -> None:
        """Let `drain` wait for nobody any more."""
        self._draining.hurry()

    async def stop(self) -> None:
        """Close everything that was opened, the charging log last."""
        await self._opened.aclose()

    # Opening.

    async def _open(self) -> None:
        config = self._config
        self._store = SiteStore.open(
            config.state_folder,
            domains=config.domains,
            provider=config.tariff.provider,
            presets=read_trunk_presets(config.profiles.folder),
        )
        self._opened.callback(self._store.close)
        self._opened.enter_context(StateLock(config.state_folder))
        self._site = LiveSite(self._store.load_directory(local_hosts=config.known_hosts))
        open_calls = await self._open_log()
        self._compose()
        await self._listening.open(self._endpoint)
        self._restore_bindings()
        self._set_terms()
        self._update_carriers()
        await self._open_doors()
        # What was loaded stays; a full collection over it would stop the loop for long.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        self._parts.calls.resume(open_calls, self._listening.listeners, now=time.monotonic())
        self._endpoint.settle()

    async def _open_log(self) -> list[OpenCall]:
        """Start the writer and fold the log; return the calls that may still be running."""
        self._writer = ChargingLogWriter(
            self._loop,
            self._config.state_folder / CHARGING_FOLDER,
            self._record_durable,
            self._record_failed,
            on_restored=self._log_restored,
        )
        try:
            opened = await self._writer.open()
        except LogError as error:
            raise OperatorError(str(error)) from error
        self._opened.push_async_callback(self._writer.close)
        self._log = MeasuredLog(self._writer)
        self._log.position = opened.position
        recovered = recover(
            opened.state,
            position=opened.position,
            boot_id=self._clock.boot_id,
            at=self._clock.utc(),
            now=time.monotonic(),
        )
        self._accounting = recovered.accounting
        return recovered.open_calls

    def _compose(self) -> None:
        config = self._config
        tariffs, numbering = read_tariffs(config), read_numbering(config)
        check_bookings(self._site.directory, tariffs)
        pricing = self._pricing(tariffs, numbering)
        resolver = Resolver(
            self._loop, self._name_answered, name_servers=[str(one) for one in config.dns.servers]
        )
        self._opened.push_async_callback(resolver.close)
        kept = LocationStore(self._writer)
        self._bindings = BindingKeeper(kept, self._clock)
        self._events = EventKeeper(kept, self._clock)
        self._parts, self._core = compose(
            config,
            Surroundings(
                site=self._site,
                pricing=pricing,
                numbering=numbering,
                accounting=self._accounting,
                log=self._log,
                bindings=self._bindings,
                subscriptions=self._events,
                stream=self.stream,
                journal=self._journal,
                identifiers=RandomIdentifiers(config.worker_id),
                clock=self._clock,
                nonces=Nonces(secrets.token_bytes(32), secrets.token_bytes(8)),
                record_route_key=self._store.key_for("record-route"),
                gruu_key=self._store.key_for("gruu"),
                names=resolver,
                listeners=self._listening.listeners,
                sent_bys=self._listening.sent_bys,
                on_fault=self._call_failed,
                recorder=self._tracing.recorder,
                tap=self._tracing.tap,
            ),
        )
        self._endpoint = Endpoint(
            self._core,
            loop=self._loop,
            limits=replace(DEFAULT_LIMITS, connections_max=config.limits.tcp_connections_max),
            pressure=self._parts.gate.pressure,
            is_spent=self._parts.gate.is_spent,
            is_known=self._parts.gate.is_known,
            on_error=self._message_failed,
        )
        self._opened.push_async_callback(self._endpoint.close)
        self._facts = self._compose_facts()
        self._draining = Draining(self._parts.calls, self._endpoint.settle)

    def _pricing(self, tariffs: Tariffs, numbering: Numbering) -> MeasuredPricing:
        return MeasuredPricing(
            tariffs,
            self._config.tariff.provider,
            numbering.prefix_table,
            latency=self._rating_latency,
        )

    def _compose_facts(self) -> ComposedFacts:
        lag = Histogram()
        measure = LoopLag(lag)
        measure.start(self._loop)
        self._opened.callback(measure.stop)
        return ComposedFacts(
            Parts(
                site=self._site,
                composed=self._parts,
                accounting=self._accounting,
                endpoint=self._endpoint,
                log=self._log,
                writer=self._writer,
                rating=self._rating_latency,
                loop_lag=lag,
                listening=self._listening,
            )
        )

    def _restore_bindings(self) -> None:
        now = time.monotonic()
        folder = self._config.state_folder / CHARGING_FOLDER
        for aor, binding in self._bindings.load(folder, self._listening.listeners, now=now):
            self._parts.locations.restore(aor, binding, now=now)
        self._parts.events.restore_all(
            self._events.load_subscriptions(folder, self._listening.listeners, now=now),
            self._events.load_mailboxes(folder),
            now=now,
        )

    async def _open_doors(self) -> None:
        """Open metrics and the operator's socket, when there is something to say."""
        listen = self._config.http.listen
        try:
            server = await MetricsServer(self._facts, host=listen.host, port=listen.port).start()
        except OSError as error:
            raise OperatorError(f"http {listen}: {error.strerror or error}") from error
        self._opened.push_async_callback(server.stop)
        control = ControlServer(
            self._config.state_folder / SOCKET_NAME,
            commands={
                "reload": self._reload,
                "reload-all": self._reload_all,
                "status": self._status,
                "top-up": self._top_up,
                "begin-rating-run": self._begin_rating_run,
                "correct-charges": self._correct_charges,
                **self._tracing.commands(),
                **EventCommands(self._parts.events, self._site, self._endpoint.settle).commands(),
                **blocking_commands(self._parts.gate.sources),
            },
            streams={"follow": self._follow},
        )
        await control.start()
        self._opened.push_async_callback(control.close)

    # The site and its carriers.

    def reload(self) -> None:
        """Take over site, price lists and number table as they are now; all of it, or nothing.

        Running calls go on with the price that they were promised. Certificates are read last, each
        for itself.
        """
        directory = self._store.load_directory(local_hosts=self._config.known_hosts)
        tariffs, numbering = read_tariffs(self._config), read_numbering(self._config)
        check_bookings(directory, tariffs)
        setup = self._parts.setup
        setup.pricing = self._pricing(tariffs, numbering)
        setup.numbering = numbering
        self._use(directory)
        self._listening.reload()

    def reload_site(self) -> None:
        """Take over the site alone, after a change by the operator's command."""
        directory = self._store.load_directory(local_hosts=self._config.known_hosts)
        try:
            check_bookings(directory, self._parts.setup.pricing.tariffs)
        except UnknownBooking as error:
            raise UnknownBooking(f"{error}; SIGHUP takes over new price lists") from error
        self._use(directory)

    def _use(self, directory: Directory) -> None:
        self._site.directory = directory
        self._set_terms()
        self._update_carriers()
        self._endpoint.settle()

    def _set_terms(self) -> None:
        """Tell the accounting what the accounts with running calls may spend."""
        at, now = self._clock.utc(), time.monotonic()
        renew_terms(self._accounting, self._site.directory, at=at, now=now)

    def _update_carriers(self) -> None:
        now = time.monotonic()
        commands = self._parts.carriers.update(self._site.directory.trunks, now=now)
        perform_all(commands, self._parts.layer, now=now)

    def _name_answered(self, answer: Answer) -> None:
        self._core.name_answered(*answer, now=time.monotonic())
        self._settle_soon()

    # What the log says.

    def _record_durable(self, seq: int, position: int) -> None:
        self._log.told(seq, position)
        self._core.appended(seq, position, now=time.monotonic())
        self._settle_awaited(seq, is_durable=True)
        self._settle_soon()

    def _record_failed(self, seq: int) -> None:
        self._log.told(seq, None)
        self._core.append_failed(seq, now=time.monotonic())
        self._settle_awaited(seq, is_durable=False)
        self._settle_soon()

    def _log_restored(self) -> None:
        self._accounting.log_restored()
        self._journal.warning("charging log is back")
        self._settle_soon()

    def _settle_soon(self) -> None:
        """Send what a batch of acknowledgements set free, once for all of them."""
        if not self._is_settling:
            self._is_settling = True
            self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        self._is_settling = False
        self._endpoint.settle()

    def _settle_awaited(self, seq: int, *, is_durable: bool) -> None:
        awaited = self._awaited.pop(seq, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(is_durable)

    # What goes wrong.

    def _call_failed(self, call_id: str, error: Exception) -> None:
        self._journal.error("call failed", call=call_id, exc_info=error)
        self._tracing.call_failed(call_id)

    def _message_failed(self, error: Exception) -> None:
        self._journal.error("message failed", exc_info=error)

    # What the operator asks.

    async def _reload(self, _arguments: Mapping[str, Any]) -> object:
        self.reload_site()
        self._listening.take_over_changes()
        return {"accounts": len(self._site.directory.accounts)}

    async def _reload_all(self, _arguments: Mapping[str, Any]) -> object:
        self.reload()
        return {"accounts": len(self._site.directory.accounts)}

    async def _status(self, _arguments: Mapping[str, Any]) -> object:
        parts = self._parts
        return {
            "calls": parts.calls.total,
            "registered_accounts": parts.locations.aor_count,
            "bindings": parts.locations.binding_count,
            "charging_log": "up" if self._writer.is_up else "down",
            "emergency_path": "up" if self._facts.is_emergency_path_up() else "down",
            "is_draining": parts.setup.is_draining,
            "price_lists": ", ".join(parts.setup.pricing.lists_on(self._clock.utc())),
        }

    async def _top_up(self, arguments: Mapping[str, Any]) -> object:
        account_id = str(arguments["account_id"])
        seq = self._accounting.top_up(
            account_id,
            int(arguments["amount_micros"]),
            reference=str(arguments["reference"]),
            at=self._clock.utc(),
            now=time.monotonic(),
        )
        await self._write(seq)
        ledger = self._accounting.state.book.account(ledger_account_id(account_id, is_prepaid=True))
        return {"balance_micros": ledger.balance_micros}

    async def _begin_rating_run(self, arguments: Mapping[str, Any]) -> object:
        run_id, runs = str(arguments["run_id"]), self._accounting.rating_runs
        at, now = self._clock.utc(), time.monotonic()
        try:
            seq = runs.begin(run_id, reason=str(arguments["reason"]), at=at, now=now)
        except AccountingError as error:
            raise OperatorError(str(error)) from error
        await self._write(seq)
        return {"run_id": self._accounting.state.rating_run_id, "run": runs.newest}

    async def _correct_charges(self, arguments: Mapping[str, Any]) -> object:
        corrections = arguments["corrections"]
        at, now = self._clock.utc(), time.monotonic()
        try:
            seqs = self._accounting.rating_runs.correct(corrections, at=at, now=now)
        except AccountingError as error:
            raise OperatorError(str(error)) from error
        await self._write(*seqs)
        return {"corrected": len(seqs)}

    async def _write(self, *seqs: int) -> None:
        """Wait until announced records are durable; raises OperatorError if one is not."""
        waiting = [self._loop.create_future() for _ in seqs]
        self._awaited |= dict(zip(seqs, waiting, strict=True))
        self._endpoint.settle()
        if not all(await asyncio.gather(*waiting)):
            raise OperatorError("the charging log did not take it; try again")

    async def _follow(self, _arguments: Mapping[str, Any]) -> AsyncGenerator[object, None]:
        self._loop.call_soon(self._endpoint.settle)  # ticks begin with the first follower
        async for item in self.stream.broadcast.follow():
            yield item
