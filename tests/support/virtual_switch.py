"""A whole switch on virtual time, composed as in production; wire, clock and log are ours.

`VirtualSwitch` drives `SwitchCore` in the endpoint's four beats. `ScriptedLog` does what the
writer process does, when the test says so: it acknowledges, fails, stays silent or is late; what
it made durable survives `crash`, everything else of the switch does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.charging_state import ledger_account_id
from freiton.accounting.recovery import OpenCall, recover
from freiton.calls.admission_request import spending_terms
from freiton.calls.perform import perform_all
from freiton.calls.pricing import Pricing
from freiton.calls.spending import renew_terms
from freiton.calls.stream import CallReport
from freiton.compose import Composed, Surroundings, compose
from freiton.config import Config
from freiton.config.load import Overrides, load_config
from freiton.routing.directory import Directory
from freiton.routing.refusals import reason_value
from freiton.trace.recorder import Recorder, RecorderLimits
from sipcore.auth.nonce import Nonces
from sipcore.errors import RemoteError
from sipcore.message import Request, Response, parse_message
from sipcore.presence.message_summary import Mailbox
from sipcore.presence.notifier_table import Life
from sipcore.presence.record import Restored, from_record, record_key, to_record
from sipcore.presence.subscription import Subscription
from sipcore.registrar.binding import Binding
from sipcore.transport.dns_records import Question, Record
from sipcore.transport.flow import Address, Flow, Listener, Transport
from sipcore.transport.malformed import refuse_malformed, salvage_request
from tests.rating.shipped import numbering, tariffs
from tests.support.phones import CountingIdentifiers
from tests.support.scripted_log import ScriptedLog
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_town import DOMAIN, PASSWORD, SWITCH, Town
from tests.support.virtual_wire import EPOCH, Wire

STARTED_AT = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


class VirtualClock:
    """The wall clock: follows the monotonic one until somebody sets it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.offset = timedelta()

    def utc(self) -> datetime:
        return STARTED_AT + timedelta(seconds=self._wire.now - EPOCH) + self.offset

    def step(self, seconds: float) -> None:
        """Set the wall clock, as an operator or NTP may; the monotonic clock runs on."""
        self.offset += timedelta(seconds=seconds)


class MemoryBindings:
    """Bindings as they survive a restart."""

    def __init__(self) -> None:
        self.by_aor: dict[str, list[Binding]] = {}

    def save(self, aor: str, bindings: Iterable[Binding], *, now: float) -> None:
        self.by_aor[aor] = list(bindings)


class MemoryEvents:
    """Subscriptions and mailboxes as they survive a restart."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.records: dict[str, bytes] = {}
        self.mailboxes: dict[int, Mailbox] = {}

    def save_subscription(self, subscription: Subscription, *, now: float) -> None:
        if subscription.life is Life.TERMINATED:
            self.records.pop(record_key(subscription), None)
        else:
            record = to_record(subscription, now=now, at=self._clock.utc())
            self.records[record_key(subscription)] = record

    def save_mailbox(self, account_id: int, mailbox: Mailbox) -> None:
        self.mailboxes[account_id] = mailbox

    def restored(self, listeners: Mapping[str, Listener], *, now: float) -> list[Restored]:
        at = self._clock.utc()
        found = (from_record(one, listeners, now=now, at=at) for one in self.records.values())
        return [one for one in found if one is not None]


class RecordedStream:
    """A follower of all calls, when there is one."""

    def __init__(self) -> None:
        self.is_followed = False
        self.reports: list[CallReport] = []

    def publish(self, report: CallReport) -> None:
        self.reports.append(report)


class ScriptedNames:
    """A name service that answers from a table at the next beat, or is silent.

    A name that is not in the table does not exist; None in it is a failure to find out.
    """

    def __init__(self) -> None:
        self.is_silent = False
        self.zone: dict[Question, tuple[Record, ...] | None] = {}
        self.ttl_s = 60.0
        self.asked: list[Question] = []
        self._waiting: list[Question] = []

    def ask(self, questions: list[Question]) -> None:
        self.asked += questions
        self._waiting += questions

    def take_answers(self) -> list[tuple[Question, tuple[Record, ...] | None, float]]:
        if self.is_silent:
            return []
        waiting, self._waiting = self._waiting, []
        return [(one, self.zone.get(one, ()), self.ttl_s) for one in waiting]


class SilentJournal:
    """A log for people that nobody reads."""

    def info(self, event: str, **fields: object) -> None:
        pass


class VirtualSite:
    """The directory in force; replaced whole, as in the running switch."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory


class VirtualSwitch:
    """The switch on the wire; `crash` and `start` are the death and birth of its process."""

    def __init__(self, town: Town | None = None, *, settings: Config | None = None) -> None:
        self.wire = Wire()
        self.town = town or Town()
        self.site = VirtualSite(self.town.directory())
        self.config = settings or shipped_config()
        self.clock = VirtualClock(self.wire)
        self.log = ScriptedLog(self.wire)
        self.bindings = MemoryBindings()
        self.names = ScriptedNames()
        self.subscriptions = MemoryEvents(self.clock)
        self.stream = RecordedStream()
        self.journal = SilentJournal()
        self.listener = Listener("udp", Transport.UDP, SWITCH)
        self.boot_id = "boot1"
        self.boots = 0
        self.recorder = Recorder(RecorderLimits())
        self.faults: list[Exception] = []
        self.refused_bytes = 0
        self.check: Callable[[], None] = lambda: None
        """Called after every beat; a test's invariants."""
        self.phones: dict[str, ScriptedPhone] = {}
        self._outgoing: list[tuple[Address, bytes]] = []
        self.start()

    # Parts of the running process.

    @property
    def accounting(self) -> CallAccounting:
        return self._accounting

    @property
    def parts(self) -> Composed:
        return self._parts

    @property
    def is_up(self) -> bool:
        return SWITCH in self.wire.parties

    def start(self) -> None:
        """Begin as the running switch does: recover, compose, restore, resume."""
        now = self.wire.now
        self.boots += 1
        self.recorder = Recorder(RecorderLimits())
        recovered = recover(
            self.log.fold(),
            position=len(self.log.rows),
            boot_id=self.boot_id,
            at=self.clock.utc(),
            now=now,
        )
        self._accounting = recovered.accounting
        listeners = {"udp": self.listener}
        self._parts, self._core = compose(
            self.config,
            Surroundings(
                site=self.site,
                pricing=Pricing(tariffs(), "tgnet", numbering().prefix_table),
                numbering=numbering(),
                accounting=self._accounting,
                log=self.log,
                bindings=self.bindings,
                subscriptions=self.subscriptions,
                stream=self.stream,
                journal=self.journal,
                identifiers=CountingIdentifiers(f"s{self.boots}-"),
                clock=self.clock,
                nonces=Nonces(b"0123456789abcdef", b"run%d" % self.boots),
                record_route_key=b"of Record-Routes",
                gruu_key=b"of temporary GRUUs",
                names=self.names,
                listeners=listeners,
                sent_bys={self.listener.sent_by},
                on_fault=self._note_fault,
                recorder=self.recorder,
            ),
        )
        for aor, bindings in self.bindings.by_aor.items():
            for binding in bindings:
                self._parts.locations.restore(aor, binding, now=now)
        self._parts.events.restore_all(
            self.subscriptions.restored(listeners, now=now),
            self.subscriptions.mailboxes.items(),
            now=now,
        )
        self._greet_accounts()
        self._update_carriers()
        self.wire.parties[SWITCH] = self
        self._resume(recovered.open_calls, listeners)
        self._settle()

    def crash(self, *, written: int = 0) -> None:
        """Lose the process, and of the records in flight all but the first `written`."""
        del self.wire.parties[SWITCH]
        self._outgoing.clear()
        self.log.lose_unwritten(written=written)

    def reload(self, town: Town) -> None:
        """Take over a changed site."""
        self.town = town
        self.site.directory = town.directory()
        self._set_terms()
        self._update_carriers()
        self._settle()

    def drain(self) -> None:
        """Take no new calls, as after SIGTERM."""
        self._parts.setup.is_draining = True

    def hang_up_all(self, *, spares_emergency: bool = False) -> None:
        """End every call, as at the end of the drain, or as at its deadline all but some."""
        self._parts.calls.hang_up_all(
            reason_value(41, "shutdown"), spares_emergency=spares_emergency, now=self.wire.now
        )
        self._settle()
        self.wire.settle()

    def pay_in(self, account_id: int, micros: int, reference: str = "first") -> None:
        """Top a prepaid account up."""
        self._accounting.top_up(
            str(account_id), micros, reference=reference, at=self.clock.utc(), now=self.wire.now
        )
        self._settle()

    # The log's answers, by hand.

    def acknowledge_next(self) -> None:
        """Let the log write its oldest record and say so."""
        record = self.log.waiting.pop(0)
        self._tell(record.seq, self.log.write(record))

    def fail_waiting(self, *, written: int = 0) -> None:
        """Let the writer die: every record in flight fails, though some may stand on the disk.

        Until `restore_log` there is no writer, and what is submitted fails.
        """
        self.log.manner = "failing"
        failed, self.log.waiting = self.log.waiting, []
        for record in failed[:written]:
            self.log.write(record)
        for record in failed:
            self._core.append_failed(record.seq, now=self.wire.now)
        self._settle()
        self.wire.settle()

    def restore_log(self) -> None:
        """A new writer has opened the log; its answers are left to the test."""
        self.log.manner = "by hand"
        self._accounting.log_restored()
        self._settle()
        self.wire.settle()

    # Party.

    def receive(self, data: bytes, source: Address) -> None:
        """Feed a datagram, then the other beats."""
        self.feed(data, source)
        self._settle()

    def receive_together(self, datagrams: Iterable[tuple[bytes, Address]]) -> None:
        """Feed what one wake-up brought, then the other beats, once."""
        for data, source in datagrams:
            self.feed(data, source)
        self._settle()

    def wake_once(self) -> None:
        """Hand over in one wake-up what everybody has sent; then let the wire settle."""
        self.wire.collect()
        arrived = [one for one in self.wire.packets if one[1] == SWITCH]
        self.wire.packets = [one for one in self.wire.packets if one[1] != SWITCH]
        self.receive_together((data, source) for source, _, data in arrived)
        self.wire.settle()

    def feed(self, data: bytes, source: Address) -> None:
        """Take a datagram; what is malformed is refused as the endpoint does it."""
        flow = Flow(self.listener, source)
        message: Request | Response | None = None
        try:
            message = parse_message(data)
            self._core.receive(message, flow, now=self.wire.now)
        except RemoteError as error:
            self.refused_bytes += 1
            request = salvage_request(data) if message is None else message
            if isinstance(request, Request) and not data.startswith(b"SIP/"):
                refusal = refuse_malformed(request, error, flow)
                self._outgoing += [] if refusal is None else [(refusal.flow.remote, refusal.data)]

    def fail_flow(self, address: Address) -> None:
        """Tell the switch that an address cannot be reached (ICMP)."""
        self._core.flow_failed(Flow(self.listener, address), now=self.wire.now)
        self._settle()
        self.wire.settle()

    def take_packets(self) -> list[tuple[Address, bytes]]:
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def next_deadline(self) -> float | None:
        deadlines = (self._core.next_deadline(), self.log.next_deadline())
        return min((one for one in deadlines if one is not None), default=None)

    def fire(self) -> None:
        self._core.handle_deadlines(now=self.wire.now)
        self._settle()

    def _settle(self) -> None:
        """Flush, act on events, flush; then hear the log, and again."""
        while True:
            self._flush()
            while events := self._core.events():
                for event in events:
                    try:
                        self._core.act(event, now=self.wire.now)
                    except Exception as error:
                        self.faults.append(error)
            self._flush()
            self.check()
            answers, names = self.log.take_answers(), self.names.take_answers()
            if not answers and not names:
                return
            for one in names:
                self._core.name_answered(*one, now=self.wire.now)
            for seq, position in answers:
                if position is None:
                    self._core.append_failed(seq, now=self.wire.now)
                else:
                    self._core.appended(seq, position, now=self.wire.now)

    def _tell(self, seq: int, position: int) -> None:
        self._core.appended(seq, position, now=self.wire.now)
        self._settle()
        self.wire.settle()

    def _flush(self) -> None:
        for one in self._core.outgoing():
            self._outgoing.append((one.flow.remote, one.data))

    def _resume(self, open_calls: list[OpenCall], listeners: dict[str, Listener]) -> None:
        self._parts.calls.resume(open_calls, listeners, now=self.wire.now)

    def _greet_accounts(self) -> None:
        """Set every account's terms, as its first call would: tests count a call's own records."""
        for one in self.site.directory.accounts:
            self._accounting.configure_account(
                str(one.id), spending_terms(one), at=self.clock.utc(), now=self.wire.now
            )

    def _set_terms(self) -> None:
        renew_terms(self._accounting, self.site.directory, at=self.clock.utc(), now=self.wire.now)

    def _update_carriers(self) -> None:
        trunks = self.site.directory.trunks
        commands = self._parts.carriers.update(trunks, now=self.wire.now)
        perform_all(commands, self._parts.layer, now=self.wire.now)

    def _note_fault(self, _call_id: str, error: Exception) -> None:
        self.faults.append(error)

    # People.

    def phone(self, name: str, place: int = 1) -> ScriptedPhone:
        """Give the phone of an account; further places are further phones of it."""
        key = f"{name}{place}"
        if key not in self.phones:
            number = next(one.id for one in self.town.accounts if one.name == name)
            self.phones[key] = ScriptedPhone(
                self.wire,
                key,
                (f"198.51.100.{number}", 5060 + place),
                switch=SWITCH,
                user=name,
                password=PASSWORD,
            )
        return self.phones[key]

    def carrier(self, name: str) -> ScriptedPhone:
        """Give the carrier behind a trunk."""
        if name not in self.phones:
            behind = next(one for one in self.town.trunks if one.name == name)
            self.phones[name] = ScriptedPhone(
                self.wire, name, (behind.host, behind.port), switch=SWITCH
            )
        return self.phones[name]

    # What is to be seen.

    def slots(self, owner: str) -> set[str]:
        return set(self._accounting.state.slots.holders(owner))

    def owed_micros(self, account_id: int) -> int:
        book = self._accounting.state.book
        name = ledger_account_id(str(account_id), is_prepaid=False)
        return book.account(name).debits_posted if book.has_account(name) else 0

    def pending_micros(self) -> int:
        """Give what is reserved over all accounts."""
        return sum(one.debits_pending for one in self._accounting.state.book.accounts())

    def assert_quiet(self) -> None:
        """Nothing is left: no call, slot, reservation, transaction; the books are even."""
        parts, state = self._parts, self._accounting.state
        assert self.faults == []
        assert parts.calls.total == 0
        assert parts.calls.open_deadlines == 0
        assert parts.layer.client_transactions == 0
        assert parts.layer.server_transactions == 0
        assert not state.calls
        assert state.answered_count == 0
        assert self.pending_micros() == 0
        assert state.book.imbalance_micros() == (0, 0)
        for one in self.town.accounts:
            assert not self.slots(f"account/{one.id}/outgoing")
            assert not self.slots(f"account/{one.id}/channels")
        for behind in self.town.trunks:
            assert not self.slots(f"trunk/{behind.id}")


@cache
def shipped_config() -> Config:
    """Give the settings that ship, under a domain of ours."""
    config = load_config(None, Overrides(state_folder=Path("unused")))
    return config.model_copy(update={"domains": (DOMAIN,)})
