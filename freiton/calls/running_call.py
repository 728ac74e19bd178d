"""One call in the hands of call control: the SIP side, the decision, and what is awaited."""

from __future__ import annotations

from enum import IntEnum

from freiton.calls.admission_request import channels_owner
from freiton.calls.call_conditions import CallConditions
from freiton.routing.decision import CallKind, Connect, Group, TrunkGroup
from freiton.routing.directory import Device
from freiton.routing.refusals import RefusalCause
from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import Target
from sipcore.b2bua.referred_call import ReferredCall
from sipcore.b2bua.silent_call import SilentCall
from sipcore.dialog.dialog import DialogId
from sipcore.message import Request
from sipcore.transaction.deadlines import Deadline
from sipcore.transaction.events import RequestReceived, TransactionId

MergeKey = tuple[str, str, int]
"""Call-ID, From tag and CSeq: equal ones on two ways are one request (RFC 3261 §8.2.2.2)."""

Due = tuple[str, str]
"""Call id, and what is due of it: its own deadline, a wait, or a probe."""


class Phase(IntEnum):
    """How far a call has come."""

    ADMITTING = 1
    """Waits for its place: for the probes of others, or for its admission to be durable."""
    DIALLING = 2
    RINGING = 3
    TALKING = 4
    OVER = 5
    """Freed and recorded; only messages are left to be exchanged."""


class RunningCall:
    """What call control keeps of a call; money and slots are the accounting's.

    ``decision`` and ``invite`` are None for a call from before a restart, which ``is_unproven``
    until both legs have answered.

    ``referred_from`` is the call whose party asked for this one. ``host`` is that which speaks for
    it, as its *guest*, and ``is_silent`` once its own legs are gone; one that ``is_forward`` never
    had any. ``forward`` is the newest such guest after ``redirections`` of them. ``joining`` is the
    host and the transferor's dialog while the log is awaited, ``leaving`` the guests that go when
    the join is done, and ``has_record`` says that what a restart needs stands with this call.
    """

    __slots__ = (
        "admitted_seq", "answered_seq", "call", "conditions", "cut_reason", "deadline", "decision",
        "device", "dialogs", "forward", "group", "groups_left", "has_probed_holders", "has_record",
        "host", "id", "invite_transaction", "is_admitted", "is_emergency", "is_forward",
        "is_silent", "is_unproven", "join_seq", "joining", "leaving", "merge_key", "phase",
        "probe_deadline", "redirections", "referred_from", "refused_by", "talking_since",
        "targets", "wait_deadline",
    )  # fmt: skip

    def __init__(
        self,
        call_id: str,
        call: Call | ReferredCall | SilentCall,
        *,
        received: RequestReceived | None = None,
        decision: Connect | None = None,
        device: Device | None = None,
        conditions: CallConditions | None = None,
        referred_from: str = "",
    ) -> None:
        self.referred_from = referred_from
        self.host = ""
        self.is_silent = False
        self.is_forward = False
        self.forward = ""
        self.redirections = 0
        self.join_seq: int | None = None
        self.joining: tuple[str, DialogId] | None = None
        self.leaving: tuple[str, ...] = ()
        self.has_record = False
        self.id = call_id
        self.call = call
        self.decision = decision
        self.device = device
        self.conditions = conditions or CallConditions()
        self.invite_transaction: TransactionId | None = None
        self.merge_key: MergeKey | None = None
        if received is not None:
            self.invite_transaction = received.transaction
            self.merge_key = merge_key(received.request)
        self.phase = Phase.ADMITTING
        self.group: Group | None = None
        self.groups_left: list[Group] = [] if decision is None else list(decision.groups)
        # Whom the present group rings; empty again when each of their legs has been told of.
        self.targets: tuple[Target, ...] = ()
        self.is_emergency = decision is not None and decision.kind is CallKind.EMERGENCY
        self.is_admitted = False
        # Whose slots were full, as the accounting names owners.
        self.refused_by: str | None = None
        self.admitted_seq: int | None = None
        self.answered_seq: int | None = None
        self.cut_reason = ""
        self.dialogs: frozenset[DialogId] = frozenset()
        self.deadline: Deadline[Due] | None = None
        self.wait_deadline: Deadline[Due] | None = None
        self.probe_deadline: Deadline[Due] | None = None
        self.has_probed_holders = False
        self.talking_since: float | None = None
        self.is_unproven = False

    @property
    def trunk_ids(self) -> tuple[int, ...]:
        """The trunks that the call runs over now: the one it came from, the one it goes to."""
        incoming = () if self.decision is None else (self.decision.incoming_trunk,)
        outgoing = (self.group.trunk,) if isinstance(self.group, TrunkGroup) else ()
        return tuple(trunk.id for trunk in (*incoming, *outgoing) if trunk is not None)

    @property
    def language(self) -> str:
        """The language in which the caller is told why not."""
        caller = None if self.decision is None else self.decision.caller
        return "de" if caller is None else caller.language

    def chosen_status(self, cause: RefusalCause) -> int | None:
        """Return the status that the account or its carrier wants instead of the table's."""
        decision = self.decision
        account = None if decision is None else decision.caller or decision.called_account
        if cause is RefusalCause.TRUNK_LIMIT and isinstance(self.groups_left[0], TrunkGroup):
            return self.groups_left[0].trunk.limit_refusal_status
        if account is None or decision is None:
            return None
        if cause is RefusalCause.CHANNEL_LIMIT:
            called = decision.called_account
            if called is not None and self.refused_by == channels_owner(called.id):
                return called.channel_refusal_status
            return account.channel_refusal_status
        return account.credit_refusal_status


def merge_key(request: Request) -> MergeKey:
    """Return what two copies of one INVITE have in common."""
    return (request.call_id, request.from_.tag or "", request.cseq.number)
