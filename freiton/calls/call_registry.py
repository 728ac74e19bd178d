"""All calls of the process, and every way to find one: id, dialog, INVITE, log record, deadline."""

from __future__ import annotations

from collections.abc import Iterator

from freiton.calls.running_call import Due, MergeKey, RunningCall, merge_key
from sipcore.dialog.dialog import DialogId
from sipcore.message import Request
from sipcore.transaction.deadlines import Deadline, Deadlines
from sipcore.transaction.events import TransactionId


class CallRegistry:
    """Owns the running calls; every index holds ids, so that a forgotten call is gone whole."""

    __slots__ = (
        "_by_dialog", "_by_invite", "_by_merge_key", "_by_seq", "_calls", "_deadlines", "_errands",
        "_guests",
    )  # fmt: skip

    def __init__(self) -> None:
        self._calls: dict[str, RunningCall] = {}
        self._by_dialog: dict[DialogId, str] = {}
        self._by_invite: dict[TransactionId, str] = {}
        self._by_merge_key: dict[MergeKey, str] = {}
        self._by_seq: dict[int, str] = {}
        self._deadlines: Deadlines[Due] = Deadlines()
        self._guests: dict[str, list[str]] = {}
        self._errands: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[RunningCall]:
        return iter(list(self._calls.values()))

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._calls

    @property
    def deadline_count(self) -> int:
        """How many deadlines are set."""
        return len(self._deadlines)

    def add(self, running: RunningCall) -> None:
        """Enter a call."""
        self._calls[running.id] = running
        if running.invite_transaction is not None:
            self._by_invite[running.invite_transaction] = running.id
        if running.merge_key is not None:
            self._by_merge_key[running.merge_key] = running.id
        if running.referred_from:
            self._errands.setdefault(running.referred_from, []).append(running.id)

    def forget(self, running: RunningCall) -> None:
        """Remove a call with everything that leads to it."""
        if self._calls.pop(running.id, None) is None:
            return
        for deadline in (running.deadline, running.wait_deadline, running.probe_deadline):
            if deadline is not None:
                self._deadlines.cancel(deadline)
        for dialog_id in running.dialogs:
            self._leave_dialog(running, dialog_id)
        self._leave(self._guests, running.host, running)
        self._leave(self._errands, running.referred_from, running)
        for seq in (running.admitted_seq, running.answered_seq, running.join_seq):
            if seq is not None:
                self._by_seq.pop(seq, None)
        if running.invite_transaction is not None:
            self._by_invite.pop(running.invite_transaction, None)
        if running.merge_key is not None:
            self._by_merge_key.pop(running.merge_key, None)

    def get(self, call_id: str) -> RunningCall | None:
        """Return the call of an id."""
        return self._calls.get(call_id)

    def host_of(self, running: RunningCall) -> RunningCall:
        """Return the call whose legs talk for this one; most talk for themselves."""
        return self._calls.get(running.host, running) if running.host else running

    def forward_of(self, running: RunningCall) -> RunningCall:
        """Return the call by which this one goes on elsewhere; most go on nowhere."""
        return self._calls.get(running.forward, running) if running.forward else running

    def guests(self, host_id: str) -> list[RunningCall]:
        """Return the calls that are part of a conversation besides its host."""
        ids = self._guests.get(host_id)
        return [] if ids is None else [self._calls[one] for one in ids]

    def errands(self, call_id: str) -> list[RunningCall]:
        """Return the calls that are set up on behalf of a party of this one."""
        ids = self._errands.get(call_id)
        if ids is None:
            return []
        return [self._calls[one] for one in ids if not self._calls[one].host]

    def be_guest(self, guest: RunningCall, host: RunningCall) -> None:
        """Let a call be part of the conversation of another."""
        self._leave(self._guests, guest.host, guest)
        guest.host = host.id
        self._guests.setdefault(host.id, []).append(guest.id)

    def of_dialog(self, dialog_id: DialogId) -> RunningCall | None:
        """Return the call that one of whose legs is in this dialog."""
        return self._calls.get(self._by_dialog.get(dialog_id, ""))

    def of_invite(self, transaction: TransactionId) -> RunningCall | None:
        """Return the call that a caller's INVITE began."""
        return self._calls.get(self._by_invite.get(transaction, ""))

    def is_merged(self, request: Request) -> bool:
        """Tell whether this INVITE reached us before on another way (§8.2.2.2)."""
        return merge_key(request) in self._by_merge_key

    def has_call_from(self, account_id: int, number: str) -> bool:
        """Tell whether somebody who shows this number calls, or talks with, an account."""
        return any(
            decision.calling_number == number and not decision.is_number_hidden
            for running in self._calls.values()
            if (decision := running.decision) is not None
            and decision.called_account is not None
            and decision.called_account.id == account_id
        )

    def await_record(self, running: RunningCall, seq: int) -> None:
        """Remember who waits for a record of the log."""
        self._by_seq[seq] = running.id

    def take_record(self, seq: int) -> RunningCall | None:
        """Return who waited for a record, once."""
        return self._calls.get(self._by_seq.pop(seq, ""))

    def refresh(self, running: RunningCall) -> None:
        """Follow what a step changed: the call's own deadline, and its dialogs."""
        when = running.call.next_deadline()
        armed = running.deadline
        if armed is None or armed.when != when:
            if armed is not None:
                self._deadlines.cancel(armed)
            running.deadline = (
                None if when is None else self._deadlines.set(when, (running.id, "call"))
            )
        dialogs = running.call.dialog_ids()
        if dialogs == running.dialogs:
            return
        for gone in running.dialogs - dialogs:
            self._leave_dialog(running, gone)
        for dialog_id in dialogs - running.dialogs:
            self._by_dialog[dialog_id] = running.id
        running.dialogs = frozenset(dialogs)

    def set_deadline(self, when: float, running: RunningCall, what: str) -> Deadline[Due]:
        """Set a deadline of a call; ``what`` tells which when it comes."""
        return self._deadlines.set(when, (running.id, what))

    def cancel(self, deadline: Deadline[Due]) -> None:
        """Take a deadline back."""
        self._deadlines.cancel(deadline)

    def next_deadline(self) -> float | None:
        """Return when ``due`` has something to give."""
        return self._deadlines.next()

    def due(self, now: float) -> Iterator[tuple[RunningCall, str]]:
        """Take out the deadlines that have come, with their calls."""
        for call_id, what in self._deadlines.due(now):
            running = self._calls.get(call_id)
            if running is not None:
                yield running, what

    def _leave_dialog(self, running: RunningCall, dialog_id: DialogId) -> None:
        """Forget a dialog, unless it is another call's by now."""
        if self._by_dialog.get(dialog_id) == running.id:
            del self._by_dialog[dialog_id]

    def _leave(self, index: dict[str, list[str]], key: str, running: RunningCall) -> None:
        ids = index.get(key) if key else None
        if ids is None or running.id not in ids:
            return
        ids.remove(running.id)
        if not ids:
            del index[key]
