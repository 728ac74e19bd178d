"""Which calls of a former process were one conversation, and whose record leads back to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.recovery import OpenCall
from freiton.calls.call_registry import CallRegistry
from freiton.calls.call_reports import CallReports
from freiton.calls.carriers import Carriers
from freiton.calls.joins import Joins
from freiton.calls.ports import CallWatcher, WallClock
from freiton.calls.running_call import Phase, RunningCall
from sipcore.b2bua.call import Call
from sipcore.b2bua.resume import CallRecord, read_record
from sipcore.b2bua.settings import CallSettings
from sipcore.b2bua.silent_call import SilentCall
from sipcore.errors import LocalError, SipError
from sipcore.identifiers import Identifiers
from sipcore.transport.flow import Listener


class Resumption:
    """Takes up the calls of a process that is gone."""

    def __init__(
        self,
        registry: CallRegistry,
        accounting: CallAccounting,
        carriers: Carriers,
        *,
        joins: Joins,
        reports: CallReports,
        identifiers: Identifiers,
        clock: WallClock,
        settings: CallSettings,
        watcher: CallWatcher,
        on_fault: Callable[[str, Exception], None],
    ) -> None:
        self._calls = registry
        self._accounting = accounting
        self._carriers = carriers
        self._joins = joins
        self._reports = reports
        self._identifiers = identifiers
        self._clock = clock
        self._settings = settings
        self._watcher = watcher
        self._on_fault = on_fault

    def resume(
        self, open_calls: Iterable[OpenCall], listeners: Mapping[str, Listener], *, now: float
    ) -> list[RunningCall]:
        """Return the calls that speak, each still to be probed; the rest is closed."""
        hosts = []
        for conversation in conversations(open_calls):
            for gone in conversation.left:
                self._close_lost(gone.call_id, now=now)
            if not conversation.keeper.resume:
                # The host that held its leg had ended; only the end of this one was not written.
                for over in (conversation.host, *conversation.guests):
                    self._close_lost(over.call_id, now=now)
                continue
            try:
                call = self._call(conversation, listeners, now=now)
            except SipError as error:
                self._on_fault(conversation.host.call_id, error)
                for lost in (conversation.host, *conversation.guests):
                    self._close_lost(lost.call_id, now=now)
                continue
            host = self._running(conversation.host.call_id, call)
            for guest in conversation.guests:
                self._joins.resumed(self._running(guest.call_id, SilentCall()), host)
            hosts.append(host)
        return hosts

    def _call(
        self, conversation: Conversation, listeners: Mapping[str, Listener], *, now: float
    ) -> Call:
        call_id, keeper = conversation.host.call_id, conversation.keeper
        make = partial(
            Call.resume,
            call_id,
            keeper.resume,
            listeners,
            identifiers=self._identifiers,
            settings=self._settings,
            restarts=keeper.restarts,
            credentials=self._carriers.credentials(),
        )
        return self._watcher.make(make, call_id, None, now=now)

    def _running(self, call_id: str, call: Call | SilentCall) -> RunningCall:
        running = RunningCall(call_id, call)
        running.is_admitted = True
        running.is_emergency = self._accounting.state.calls[call_id].admitted.is_emergency
        running.is_unproven = True
        running.phase = Phase.TALKING
        self._calls.add(running)
        return running

    def _close_lost(self, call_id: str, *, now: float) -> None:
        record = self._accounting.close_lost(call_id, at=self._clock.utc(), now=now)
        self._reports.end(record)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Calls to be resumed together; ``host`` speaks, by the record of ``keeper``.

    ``left`` are calls whose leg a transfer had taken out when the process died.
    """

    host: OpenCall
    keeper: OpenCall
    guests: tuple[OpenCall, ...] = ()
    left: tuple[OpenCall, ...] = ()


def conversations(open_calls: Iterable[OpenCall]) -> list[Conversation]:
    """Group open calls; nearly all are conversations of their own."""
    by_id = {one.call_id: one for one in open_calls}
    groups: dict[str, list[OpenCall]] = {}
    for one in by_id.values():
        groups.setdefault(_root(one, by_id), []).append(one)
    return [_conversation(root, group) for root, group in groups.items()]


def _root(one: OpenCall, by_id: dict[str, OpenCall]) -> str:
    """Follow a call to the one whose conversation it is part of, open or not."""
    seen = {one.call_id}
    while one.joined_to and one.joined_to not in seen:
        seen.add(one.joined_to)
        if one.joined_to not in by_id:
            return one.joined_to
        one = by_id[one.joined_to]
    return one.call_id


def _conversation(root: str, group: list[OpenCall]) -> Conversation:
    if len(group) == 1:
        return Conversation(group[0], group[0])
    keeper = _keeper(group)
    record = _record(keeper)
    alive = set() if record is None else {*record.caller.calls, *record.callee.calls}
    # Without a transfer every call of the group lives with both legs.
    staying = [one for one in group if one.call_id in alive or not alive]
    host = next((one for one in staying if one.call_id == root), staying[0])
    return Conversation(
        host,
        keeper,
        guests=tuple(one for one in staying if one is not host),
        left=tuple(one for one in group if one not in staying),
    )


def _keeper(group: list[OpenCall]) -> OpenCall:
    """Return who keeps the newest record: of a join that was not finished, else of the joined."""
    written = [(one, record) for one in group if (record := _record(one)) is not None]
    for is_newest in (
        lambda record: not record.is_joined,
        lambda record: record.caller.calls,
        lambda _record: True,
    ):
        for one, record in written:
            if is_newest(record):
                return one
    return group[0]


def _record(one: OpenCall) -> CallRecord | None:
    try:
        return read_record(one.resume)
    except LocalError:
        return None
