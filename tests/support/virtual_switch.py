"""A whole switch on virtual time: composed as in production, with a wire, a clock and a log of ours.

`VirtualSwitch` drives `SwitchCore` in the endpoint's four beats. `ScriptedLog` does what the
writer process does, when the test says so: it acknowledges, fails, stays silent or is late; what
it made durable survives `crash`, everything else of the switch does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

import msgspec

from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.call_records import load_record
from freiton.accounting.charging_events import (
    AnyEvent,
    AttemptRefused,
    CallEnded,
    LogRecord,
    PersonalFields,
)
from freiton.accounting.charging_state import ChargingState, ledger_account_id
from freiton.accounting.recovery import OpenCall, recover
from freiton.calls.perform import perform_all
from freiton.calls.pricing import Pricing
from freiton.calls.stream import CallReport
from freiton.compose import Composed, Surroundings, compose
from freiton.config import Config
from freiton.config.load import Overrides, load_config
from freiton.routing.directory import (
    Account,
    ChargingKind,
    Customer,
    Device,
    Directory,
    OptionBooking,
    Trunk,
    TrunkKind,
    TrunkSource,
)
from freiton.routing.refusals import reason_value
from rating.cdr import CallDetailRecord
from rating.ledger import SpendingTerms
from sipcore.auth.nonce import Nonces
from sipcore.errors import RemoteError
from sipcore.message import parse_message
from sipcore.registrar.binding import Binding
from sipcore.transport.flow import Address, Flow, Listener, Transport
from tests.rating.shipped import numbering, tariffs
from tests.support.phones import CountingIdentifiers
from tests.support.scripted_phones import EPOCH, ScriptedPhone, Wire

SWITCH: Address = ("192.0.2.1", 5060)
DOMAIN = "example.org"
PASSWORD = "only-for-tests"
STARTED_AT = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)

MOBILE = "01701234567"
GERMANY = "03023125900"

Manner = Literal["at once", "by hand", "silent", "failing"]


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


class ScriptedLog:
    """The charging log and its writer, in memory.

    `manner` says what becomes of a record: written and acknowledged after `delay_s`, left to the
    test, never answered, or refused. `rows` is what is on the disk.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.manner: Manner = "at once"
        self.delay_s = 0.0
        self.rows: list[tuple[bytes, PersonalFields | None]] = []
        self.events: list[AnyEvent] = []
        self.positions: dict[str, int] = {}
        self.waiting: list[LogRecord] = []
        self.is_silent = False
        self._due: list[tuple[float, LogRecord]] = []
        self._failed: list[int] = []

    def submit(self, records: Sequence[LogRecord]) -> None:
        """Take records; the answers come in `take_answers`, never from here."""
        if self.manner == "failing":
            self._failed += [record.seq for record in records]
        elif self.manner == "at once":
            self._due += [(self._wire.now + self.delay_s, record) for record in records]
        else:
            self.waiting += records

    def take_answers(self) -> list[tuple[int, int | None]]:
        """Give what is known now: (seq, position), the position None for a failure."""
        answers: list[tuple[int, int | None]] = [(seq, None) for seq in self._failed]
        self._failed = []
        while self._due and self._due[0][0] <= self._wire.now:
            record = self._due.pop(0)[1]
            answers.append((record.seq, self.write(record)))
        return answers

    def next_deadline(self) -> float | None:
        return self._due[0][0] if self._due else None

    def write(self, record: LogRecord) -> int:
        """Make a record durable; a repeat is recognised by its key."""
        first = self.positions.get(record.event.key)
        if first is not None:
            return first
        encoded = msgspec.msgpack.encode(record.event)
        self.rows.append((encoded, record.personal))
        self.events.append(msgspec.msgpack.decode(encoded, type=AnyEvent))
        self.positions[record.event.key] = len(self.rows)
        return len(self.rows)

    def lose_unwritten(self, *, written: int = 0) -> None:
        """Lose what waits, as a crash does, but for the first `written` records in flight."""
        in_flight = self.waiting + [record for _, record in self._due]
        for record in in_flight[:written]:
            self.write(record)
        self.waiting, self._due, self._failed = [], [], []

    def fold(self, *, upto: int | None = None) -> ChargingState:
        """Give the state that a new process finds."""
        state = ChargingState()
        for body, personal in self.rows[:upto]:
            event: AnyEvent = msgspec.msgpack.decode(body, type=AnyEvent)
            state.apply(event, personal)
        return state

    def records(self) -> list[CallDetailRecord]:
        """Give every call detail record, in the order they were written."""
        return [
            load_record(event, personal)
            for event, (_, personal) in zip(self.events, self.rows, strict=True)
            if isinstance(event, CallEnded | AttemptRefused)
        ]


class MemoryBindings:
    """Bindings as they survive a restart."""

    def __init__(self) -> None:
        self.by_aor: dict[str, list[Binding]] = {}

    def save(self, aor: str, bindings: Iterable[Binding], *, now: float) -> None:
        self.by_aor[aor] = list(bindings)


class RecordedStream:
    """A follower of all calls, when there is one."""

    def __init__(self) -> None:
        self.is_followed = False
        self.reports: list[CallReport] = []

    def publish(self, report: CallReport) -> None:
        self.reports.append(report)


class SilentJournal:
    """A log for people that nobody reads."""

    def info(self, event: str, **fields: object) -> None:
        pass


class VirtualSite:
    """The directory in force; replaced whole, as in the running switch."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory


@dataclass(frozen=True)
class Town:
    """Who is served: every test changes what it is about."""

    accounts: tuple[Account, ...] = field(
        default_factory=lambda: (account(1, "anna"), account(2, "ben"))
    )
    trunks: tuple[Trunk, ...] = field(default_factory=lambda: (trunk(1, "north"),))

    def directory(self) -> Directory:
        return Directory(
            default_domain=DOMAIN,
            local_hosts=(SWITCH[0],),
            customers=(Customer(id=1, name="Town"),),
            accounts=self.accounts,
            devices=tuple(_device(one) for one in self.accounts),
            numbers={one.main_number: one.id for one in self.accounts if one.main_number},
            trunks=self.trunks,
        )


def account(
    account_id: int, name: str, *, flatrates: int = 0, prepaid: bool = False, **changes: object
) -> Account:
    """Make an account in Berlin with one number."""
    ordered = date(2026, 5, 1)
    made = Account(
        id=account_id,
        customer_id=1,
        name=name,
        domain=DOMAIN,
        area_code="30",
        main_number=f"+49302312500{account_id}",
        options=(
            (OptionBooking(option="FLAT.DE", count=flatrates, valid_from=ordered, ordered_on=ordered),)
            if flatrates
            else ()
        ),
        charging=ChargingKind.PREPAID if prepaid else ChargingKind.POSTPAID,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # names of fields, checked by it


def trunk(trunk_id: int, name: str, **changes: object) -> Trunk:
    """Make a trunk to a carrier at an address of its own."""
    host = f"203.0.113.{trunk_id}"
    made = Trunk(
        id=trunk_id,
        name=name,
        kind=TrunkKind.FIXED_IP,
        host=host,
        port=5060,
        transport="udp",
        listener="udp",
        domain=f"{name}.example",
        priority=10 * trunk_id,
        sources=(TrunkSource(ip_network(host)),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # names of fields, checked by it


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
        self.stream = RecordedStream()
        self.journal = SilentJournal()
        self.listener = Listener("udp", Transport.UDP, SWITCH)
        self.boot_id = "boot1"
        self.boots = 0
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
                stream=self.stream,
                journal=self.journal,
                identifiers=CountingIdentifiers(f"s{self.boots}-"),
                clock=self.clock,
                nonces=Nonces(b"0123456789abcdef", b"run%d" % self.boots),
                listeners=listeners,
                sent_bys={self.listener.sent_by},
                on_fault=self._note_fault,
            ),
        )
        for aor, bindings in self.bindings.by_aor.items():
            for binding in bindings:
                self._parts.locations.restore(aor, binding, now=now)
        self._set_terms()
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

    def hang_up_all(self) -> None:
        """End every call, as at the end of the drain."""
        self._parts.calls.hang_up_all(reason_value(41, "shutdown"), now=self.wire.now)
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
        """Let the writer die: every record in flight fails, though some may stand on the disk."""
        failed, self.log.waiting = self.log.waiting, []
        for record in failed[:written]:
            self.log.write(record)
        for record in failed:
            self._core.append_failed(record.seq, now=self.wire.now)
        self._settle()
        self.wire.settle()

    def restore_log(self) -> None:
        """A new writer has opened the log."""
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

    def feed(self, data: bytes, source: Address) -> None:
        try:
            message = parse_message(data)
            self._core.receive(message, Flow(self.listener, source), now=self.wire.now)
        except RemoteError:
            self.refused_bytes += 1

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
            answers = self.log.take_answers()
            if not answers:
                return
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

    def _set_terms(self) -> None:
        for one in self.site.directory.accounts:
            is_prepaid = one.charging is ChargingKind.PREPAID
            terms = SpendingTerms(is_prepaid, None if is_prepaid else one.daily_limit_micros)
            self._accounting.configure_account(
                str(one.id), terms, at=self.clock.utc(), now=self.wire.now
            )

    def _update_carriers(self) -> None:
        trunks = self.site.directory.trunks
        addresses = {one.id: (one.host, one.port) for one in trunks}
        commands = self._parts.carriers.update(trunks, addresses, now=self.wire.now)
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


@cache
def _secret(user: str) -> tuple[str, str]:
    text = f"{user}:{DOMAIN}:{PASSWORD}".encode()
    md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
    return md5, hashlib.sha256(text).hexdigest()


def _device(one: Account) -> Device:
    md5, sha256 = _secret(one.name)
    return Device(
        id=one.id, account_id=one.id, auth_user=one.name, realm=DOMAIN, ha1_md5=md5,
        ha1_sha256=sha256,
    )  # fmt: skip
