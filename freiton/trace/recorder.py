"""Records calls while they run: who is being worked for, and which recordings are kept.

Three borders are watched: messages and timers at the transaction layer (``RecordedLayer``), draws
of ``Identifiers`` (``RecordedIdentifiers``), and events at ``Call.step`` (this class, as the
``CallWatcher`` of call control). What is recorded there is all that the output of a call depends
on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from freiton.accounting.charging_events import CallEvent as LoggedEvent
from freiton.accounting.charging_events import LogRecord
from freiton.calls.call_conditions import CallConditions
from freiton.routing.decision import Connect
from freiton.routing.refusals import RefusalCause
from freiton.trace.plain import NotPlain, Written, write
from freiton.trace.recording import Entry, Kind, Recording
from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import (
    Appended,
    AppendFailed,
    CallEvent,
    DeadlineReached,
    Dial,
    Hangup,
    Probe,
    Refuse,
    Replace,
)
from sipcore.errors import RemoteError
from sipcore.message import Request, Response
from sipcore.transaction.client_transaction import ClientTransaction
from sipcore.transaction.events import (
    AckReceived,
    RequestReceived,
    ResponseReceived,
    TransactionEvent,
    TransactionId,
)
from sipcore.transaction.outputs import Outputs
from sipcore.transaction.transaction import Transaction

FROM_WIRE: Final = TransactionEvent.__args__
"""The events that follow from what was received."""

_LASTING: Final = frozenset({Appended, AppendFailed, DeadlineReached, Dial, Hangup, Probe, Refuse})
"""Events that nobody changes afterwards; all others are written down at once, being rare."""

PREFIX_MIN: Final = 6
"""A shorter beginning of a call's id would soon mean another call."""

NEWEST: Final = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderLimits:
    """What the recorder may keep.

    ``calls_max`` ended calls, and as many attempts that never became one; running calls besides.
    """

    calls_max: int = 1_000
    bytes_per_call_max: int = 131_072
    keep_s: float = 3_600.0


class Recorder:
    """Owns the recordings; found by the call's id or by the Call-ID of a leg."""

    def __init__(self, limits: RecorderLimits) -> None:
        self._limits = limits
        self._by_call: dict[str, Recording] = {}
        self._by_key: dict[str, Recording] = {}
        self._ended: deque[Recording] = deque()
        self._attempts: deque[Recording] = deque()
        self._acting: Recording | None = None
        self._now = 0.0
        self.owners: dict[TransactionId, Recording] = {}
        self.current: Recording | None = None
        """Whose work is done at this instant."""
        self.is_stepping = False
        self.outputs: Outputs | None = None
        """Where the layer puts what is to be sent; set by the layer."""
        self._sent_before = 0

    # What the transaction layer says.

    def of_received(self, message: Request | Response, *, now: float) -> Recording | None:
        """Return the recording that a message belongs to; an INVITE may begin one."""
        self._now = now
        try:
            key = message.value("call-id")
        except RemoteError:
            return None
        if key is None:
            return None
        recording = self._by_key.get(key)
        if not isinstance(message, Request) or message.method != "INVITE":
            return recording
        if recording is None or (recording.ended is not None and _is_initial(message)):
            return self._open(key, now=now)
        return recording

    def begin(self, recording: Recording, *, now: float) -> None:
        """Take everything until ``end`` for the doing of one recording."""
        self._now = now
        self.current = recording
        self._sent_before = 0 if self.outputs is None else len(self.outputs.outgoing)

    def end(self) -> None:
        """Note what was put out since ``begin``."""
        recording, self.current = self.current, None
        self.is_stepping = False
        if recording is None or self.outputs is None:
            return
        now = self._now
        for one in self.outputs.outgoing[self._sent_before :]:
            recording.add((Kind.SENT, now, one.data, one.flow), len(one.data))

    def started(self, transaction: Transaction) -> None:
        """Learn of a transaction; of ours, also the Call-ID under which messages will come."""
        recording = self.current
        if recording is None:
            return
        self.owners[transaction.id] = recording
        if isinstance(transaction, ClientTransaction):
            key = transaction.request.call_id
            if key not in self._by_key:
                self._by_key[key] = recording
                recording.keys.append(key)

    # What the core says.

    def acting(self, event: TransactionEvent) -> None:
        """Learn which event is about to be acted on."""
        self._acting = (
            self.owners.get(event.transaction) if isinstance(event, RequestReceived) else None
        )

    def logged(self, records: list[LogRecord]) -> None:
        """Learn what was handed to the charging log."""
        for record in records:
            event = record.event
            if isinstance(event, LoggedEvent):
                recording = self._by_call.get(event.call_id)
                if recording is not None:
                    recording.add((Kind.LOGGED, self._now, event))

    # What call control says.

    def make(
        self, make: partial[Call], call_id: str, received: RequestReceived | None, *, now: float
    ) -> Call:
        """Make a call, from its INVITE or from the record of another process."""
        if received is None:
            recording = Recording(bytes_max=self._limits.bytes_per_call_max, now=now)
            entry: Entry = (Kind.RESUMED, now, make.args, make.keywords)
        else:
            recording = self._recording_of_invite(received, now=now)
            entry = (Kind.BEGUN, now, call_id, received.transaction, make.keywords)
        recording.is_call = True
        self._name(recording, call_id)
        recording.add(entry)
        self.begin(recording, now=now)
        self.is_stepping = True
        try:
            return make()
        except Exception:
            self._drop(recording)
            raise
        finally:
            self.stepped()

    def decided(
        self, call_id: str, decision: Connect, conditions: CallConditions, *, now: float
    ) -> None:
        """Learn where a call is to go, and at what price."""
        recording = self._by_call.get(call_id)
        if recording is not None:
            recording.add((Kind.DECIDED, now, decision, conditions))

    def refused(self, call_id: str, cause: RefusalCause, *, now: float) -> None:
        """Learn that the request that is acted on becomes no call; its attempt is ``call_id``."""
        recording = self._acting
        if recording is not None:
            self._name(recording, call_id)
            recording.add((Kind.REFUSED, now, cause))

    def step(self, call_id: str, event: CallEvent, *, now: float) -> None:
        """Learn what a call is told; until ``stepped`` all that happens is its doing."""
        recording = self._by_call.get(call_id)
        if recording is None:
            return
        if isinstance(event, FROM_WIRE):
            self._adopt(recording, event)
            # Its name alone: the event would keep the whole message alive, read and taken apart.
            transaction = () if isinstance(event, AckReceived) else event.transaction
            recording.add((Kind.STEPPED, now, type(event), transaction))
        else:
            if isinstance(event, Replace):
                self._adopt(recording, event.received)
            recording.add((Kind.STEPPED, now, event if type(event) in _LASTING else _now(event)))
        self.begin(recording, now=now)
        self.is_stepping = True

    def stepped(self) -> None:
        """Learn that a step is over, with all that its commands did."""
        self.end()

    def ended(self, call_id: str, *, now: float) -> None:
        """Learn that a call has nothing left to say."""
        recording = self._by_call.get(call_id)
        if recording is not None and recording.ended is None:
            recording.ended = now
            self._ended.append(recording)
            self.forget_old(now=now)

    # What the operator asks.

    def find(self, reference: str, *, now: float) -> Recording | None:
        """Return a recording by its call's id or the beginning of it, or by a leg's Call-ID."""
        self.forget_old(now=now)
        if reference == NEWEST:
            return max(self, key=lambda one: one.began, default=None)
        exact = self._by_call.get(reference) or self._by_key.get(reference)
        if exact is not None or len(reference) < PREFIX_MIN:
            return exact
        found = {
            id(one): one for call_id, one in self._by_call.items() if call_id.startswith(reference)
        }
        return found.popitem()[1] if len(found) == 1 else None

    def __iter__(self) -> Iterator[Recording]:
        seen = {id(one): one for one in (*self._by_call.values(), *self._by_key.values())}
        return iter(sorted(seen.values(), key=lambda one: one.began))

    def __len__(self) -> int:
        return len({id(one) for one in (*self._by_call.values(), *self._by_key.values())})

    def forget_all(self) -> int:
        """Drop every recording that has ended, and every attempt; return how many."""
        gone = [*self._ended, *(one for one in self._attempts if not one.is_call)]
        for recording in gone:
            self._drop(recording)
        self._ended.clear()
        self._attempts.clear()
        return len({id(one) for one in gone})

    def forget_old(self, *, now: float) -> None:
        """Drop what is older than may be kept, or more than may be kept."""
        self._now = now
        limits = self._limits
        oldest = now - limits.keep_s
        while self._ended and (
            len(self._ended) > limits.calls_max or (self._ended[0].ended or 0.0) < oldest
        ):
            self._drop(self._ended.popleft())
        while self._attempts and (
            len(self._attempts) > limits.calls_max or self._attempts[0].began < oldest
        ):
            recording = self._attempts.popleft()
            if not recording.is_call:
                self._drop(recording)

    def _name(self, recording: Recording, call_id: str) -> None:
        recording.call_ids.append(call_id)
        self._by_call[call_id] = recording

    def _open(self, key: str, *, now: float) -> Recording:
        recording = Recording(bytes_max=self._limits.bytes_per_call_max, now=now)
        recording.keys.append(key)
        self._by_key[key] = recording
        self._attempts.append(recording)
        self.forget_old(now=now)
        return recording

    def _recording_of_invite(self, received: RequestReceived, *, now: float) -> Recording:
        key = received.request.call_id
        recording = self._by_key.get(key)
        if recording is not None and not recording.is_call:
            return recording
        if recording is None or recording.ended is not None:
            return self._open(key, now=now)
        # A second call under one Call-ID: its INVITE is the last thing that came.
        second = Recording(bytes_max=self._limits.bytes_per_call_max, now=now)
        received_last = [one for one in recording.entries if one[0] is Kind.RECEIVED][-1:]
        for entry in received_last:
            second.add(entry)
        self.owners[received.transaction] = second
        return second

    def _adopt(self, recording: Recording, event: TransactionEvent) -> None:
        """Take what came under another Call-ID and turned out to be for this call.

        If that belonged to a call, the two have been joined: from here on what is said on that leg
        is shown here, but neither can be replayed alone.
        """
        if isinstance(event, RequestReceived | AckReceived):
            key = event.request.call_id
        elif isinstance(event, ResponseReceived):
            key = event.response.call_id
        else:
            return
        other = self._by_key.get(key)
        if other is None or other is recording:
            return
        if other.is_call:
            other.is_joined = recording.is_joined = True
            if other.ended is None:
                # Its leg is here now, so that its own end may never be told.
                other.ended = self._now
                self._ended.append(other)
            recording.keys.append(key)
            self._by_key[key] = recording
            return
        recording.adopt(other)
        recording.keys += other.keys
        for one in other.keys:
            self._by_key[one] = recording
        for transaction, owner in self.owners.items():
            if owner is other:
                self.owners[transaction] = recording

    def _drop(self, recording: Recording) -> None:
        for key in recording.keys:
            if self._by_key.get(key) is recording:
                del self._by_key[key]
        for call_id in recording.call_ids:
            if self._by_call.get(call_id) is recording:
                del self._by_call[call_id]


def _now(event: CallEvent) -> Written | NotPlain:
    """Return an event as it is at this instant, or why it cannot be kept."""
    try:
        return Written(write(event))
    except NotPlain as error:
        return error


def _is_initial(invite: Request) -> bool:
    try:
        return invite.to.tag is None
    except RemoteError:
        return True
