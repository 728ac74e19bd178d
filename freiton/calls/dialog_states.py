"""What watchers may see of calls: for each watched account its dialogs, in the words of RFC 4235.

While nobody watches, a step of a call costs one look at a flag. When the first watcher comes, the
calls that run are looked through once; from then on each is followed step by step, and only what
a watcher could see of it makes a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from freiton.calls.admission_request import called_text
from freiton.calls.ports import Site
from freiton.calls.running_call import Phase, RunningCall
from freiton.routing.decision import Connect
from freiton.routing.directory import Account
from sipcore.b2bua.call import CALLER_LEG
from sipcore.b2bua.leg import Leg
from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import NameAddress, SipUri
from sipcore.presence.dialog_info import DialogElement, DialogState, Direction

_ACCOUNT: Final = "account"
"""How the word for a party of this site begins."""

_STATES: Final = {
    Phase.ADMITTING: DialogState.TRYING,
    Phase.DIALLING: DialogState.TRYING,
    Phase.RINGING: DialogState.EARLY,
    Phase.TALKING: DialogState.CONFIRMED,
    Phase.OVER: DialogState.TERMINATED,
}

Seen = tuple[tuple[int, DialogElement], ...]
"""What is to be seen of one call: account and dialog, each."""


class _Side(NamedTuple):
    account: Account
    direction: Direction
    dialogs: tuple[DialogId, ...]
    remote: str


class DialogStates:
    """Follows calls while somebody watches; ``changed`` names the accounts that look different."""

    def __init__(self, site: Site, on_fault: Callable[[str, Exception], None]) -> None:
        self._site = site
        self._on_fault = on_fault
        self._seen: dict[str, Seen] = {}
        self._by_account: dict[int, dict[str, None]] = {}
        # The call of an account that ended last; shown as terminated until something else happens.
        self._ended: dict[int, DialogElement] = {}
        self._changed: dict[int, None] = {}
        self.is_followed = False

    def follow(self, calls: Iterable[RunningCall]) -> None:
        """Begin to follow calls with those that run."""
        self.is_followed = True
        for running in calls:
            self.note(running)
        self._changed.clear()

    def leave(self) -> None:
        """Stop to follow calls: nobody watches any more."""
        self.is_followed = False
        self._seen.clear()
        self._by_account.clear()
        self._ended.clear()
        self._changed.clear()

    def note(self, running: RunningCall) -> None:
        """See what a step made of a call."""
        if not self.is_followed:
            return
        try:
            self._note(running)
        except Exception as error:  # noqa: BLE001 - a lamp that fails ends no call
            self._on_fault(running.id, error)

    def take_changed(self) -> list[int]:
        """Take out the accounts whose dialogs are others now."""
        changed, self._changed = self._changed, {}
        return list(changed)

    def dialogs(self, account_id: int) -> list[DialogElement]:
        """Return the dialogs of an account, the newest last, not more than a document holds."""
        found = [
            dialog
            for call_id in self._by_account.get(account_id, ())
            for owner, dialog in self._seen.get(call_id, ())
            if owner == account_id
        ]
        if account_id in self._ended:
            found.insert(0, self._ended[account_id])
        return found[-DEFAULT_LIMITS.dialogs_per_document_max :]

    def is_on_the_phone(self, account_id: int) -> bool:
        """Tell whether an account talks or is being called."""
        return bool(self._by_account.get(account_id))

    def _note(self, running: RunningCall) -> None:
        before = self._seen.get(running.id, ())
        seen = self._look(running)
        if seen == before:
            return
        if running.phase is Phase.OVER:
            self._seen.pop(running.id, None)
        else:
            self._seen[running.id] = seen
        for account_id, _ in (*before, *seen):
            self._enter(account_id, running)
        for account_id, dialog in before:
            if running.phase is Phase.OVER:
                self._ended[account_id] = _ended(dialog)

    def _enter(self, account_id: int, running: RunningCall) -> None:
        self._changed[account_id] = None
        self._ended.pop(account_id, None)
        calls = self._by_account.setdefault(account_id, {})
        if running.phase is Phase.OVER:
            calls.pop(running.id, None)
        else:
            calls[running.id] = None
        if not calls:
            del self._by_account[account_id]

    def _look(self, running: RunningCall) -> Seen:
        if running.phase is Phase.OVER:
            return ()
        state = _STATES[running.phase]
        return tuple(
            (side.account.id, dialog)
            for side in self._sides(running)
            for dialog in _elements(running.id, side, state)
        )

    def _sides(self, running: RunningCall) -> list[_Side]:
        """Return the accounts of a call: as it was routed, then as they are on its legs.

        A transfer brings others into a conversation, and a call from before a restart was routed
        by another process.
        """
        decision = running.decision
        if decision is None or running.phase is Phase.TALKING:
            ends = [
                (self._account_at(leg, decision), leg.number <= CALLER_LEG)
                for leg in running.call.legs()
            ]
        else:
            ends = [(decision.caller, True), (decision.called_account, False)]
        return [
            self._caller(running, account) if is_caller else self._called(running, account)
            for account, is_caller in ends
            if account is not None
        ]

    def _caller(self, running: RunningCall, account: Account) -> _Side:
        decision = running.decision
        number = ""
        if decision is not None and not decision.is_emergency and account == decision.caller:
            number = called_text(decision)
        # Its tags would let a watcher end the call, and serve no lamp: they are left out.
        return _Side(account, Direction.INITIATOR, (), self._remote(account, number))

    def _called(self, running: RunningCall, account: Account) -> _Side:
        decision = running.decision
        number = ""
        early: frozenset[DialogId] = frozenset()
        if decision is not None and account == decision.called_account:
            number = "" if decision.is_number_hidden else decision.calling_number or ""
        if running.phase is Phase.RINGING:
            early = running.dialogs - {leg.dialog.id for leg in running.call.legs()}
        remote = self._remote(account, number)
        return _Side(account, Direction.RECIPIENT, tuple(sorted(early)), remote)

    def _remote(self, account: Account, number: str) -> str:
        """Return the other party as the account's watchers see it: mostly not at all."""
        if not number or not self._site.directory.watching.settings(account.id).shows_remote:
            return ""
        return str(SipUri(account.domain, user=number))

    def _account_at(self, leg: Leg, decision: Connect | None) -> Account | None:
        """Return who is on a leg: as it says, as was routed, or after a restart as is named."""
        kind, _, rest = leg.party.partition("/")
        if kind == _ACCOUNT:
            return self._site.directory.account(int(rest.partition("/")[0]))
        if leg.party:
            return None
        if decision is None:
            return self._account_of(leg.dialog)
        return decision.caller if leg.number <= CALLER_LEG else decision.called_account

    def _account_of(self, dialog: Dialog) -> Account | None:
        try:
            uri = NameAddress.parse(dialog.remote).uri
        except RemoteError:
            return None
        if not isinstance(uri, SipUri):
            return None
        return self._site.directory.account_by_aor(uri.user or "", uri.host)


def _elements(call_id: str, side: _Side, state: DialogState) -> list[DialogElement]:
    """Return a side's dialogs: one, or while it rings one for each phone that does."""
    name = f"{call_id}-{side.direction.value[0]}"
    if not side.dialogs:
        return [DialogElement(name, side.direction, state, remote=side.remote)]
    # Seen from the phone: our tag is its remote one. That is what its Replaces names (RFC 3891).
    return [
        DialogElement(
            name if place == 0 else f"{name}{place}",
            side.direction,
            state,
            call_id=dialog.call_id,
            local_tag=dialog.remote_tag,
            remote_tag=dialog.local_tag,
            remote=side.remote,
        )
        for place, dialog in enumerate(side.dialogs)
    ]


def _ended(dialog: DialogElement) -> DialogElement:
    return DialogElement(dialog.id, dialog.direction, DialogState.TERMINATED)
