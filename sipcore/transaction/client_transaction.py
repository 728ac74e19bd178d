"""Client transactions: what the actions of their two machines do (RFC 3261 §17.1)."""

from __future__ import annotations

from sipcore.message.derive import acknowledge
from sipcore.message.message import Request, Response, serialize
from sipcore.message.via import OVERLOAD_CONTROL
from sipcore.transaction.counters import count_method
from sipcore.transaction.events import (
    Owner,
    ResponseReceived,
    TransactionFailed,
)
from sipcore.transaction.invite_client import INVITE_CLIENT
from sipcore.transaction.non_invite_client import NON_INVITE_CLIENT
from sipcore.transaction.outputs import Outputs
from sipcore.transaction.table import Action, Input, State
from sipcore.transaction.transaction import Transaction
from sipcore.transport.flow import Flow, Outgoing

Fields = list[tuple[str, str]]


def via_over(flow: Flow, branch: str) -> str:
    """Return our Via for a request over ``flow``, asking for the symmetric way (RFC 3581 §3)."""
    listener = flow.listener
    via = f"SIP/2.0/{listener.transport.name} {listener.sent_by};rport;branch={branch}"
    return via + OVERLOAD_CONTROL if flow.hears_load else via


class ClientTransaction(Transaction):
    """A request of ours, repeated until it is answered.

    ``owner`` is None for the CANCELs of the layer itself, whose fate nobody needs to know.
    """

    __slots__ = (
        "_ack",
        "_data",
        "_fallback",
        "cancel_fields",
        "is_cancel_due",
        "owner",
        "request",
        "sent_by",
    )

    def __init__(self, branch: str, request: Request, flow: Flow, *, owner: Owner | None) -> None:
        method = request.method
        machine = INVITE_CLIENT if method == "INVITE" else NON_INVITE_CLIENT
        super().__init__((branch, method), machine, flow)
        self.request = request
        self.owner = owner
        self.sent_by = flow.listener.sent_by.lower()
        self.cancel_fields: Fields | None = None
        self.is_cancel_due = False
        """Whether the layer is to send the CANCEL now."""
        self._data = serialize(request)
        self._fallback: Flow | None = None
        self._ack = b""

    @property
    def is_invite(self) -> bool:
        """Whether this is the machine of an INVITE."""
        return self.machine is INVITE_CLIENT

    @property
    def has_final(self) -> bool:
        """Whether a final response came, or never will."""
        return self.state not in (State.CALLING, State.TRYING, State.PROCEEDING)

    @property
    def data(self) -> bytes:
        """The request as it goes out."""
        return self._data

    @property
    def fallback(self) -> Flow | None:
        """The flow to be tried next when this one fails before there was any answer."""
        return self._fallback if self.state is self.machine.start.state else None

    def turn_to(self, flow: Flow, *, fallback: Flow | None = None) -> None:
        """Change the way before the request is sent; its Via says so (§18.1.1)."""
        self.flow, self._fallback = flow, fallback
        self.sent_by = flow.listener.sent_by.lower()
        self.request.replace_first("via", via_over(flow, self.id[0]))
        self._data = serialize(self.request)

    def fall_back(self, flow: Flow, outputs: Outputs, *, now: float) -> None:
        """Begin anew over a flow, since nobody has answered over the one before."""
        self._stop(outputs)
        self.turn_to(flow)
        self.start(outputs, now=now)

    def start(self, outputs: Outputs, *, now: float) -> None:
        """Send the request for the first time."""
        count_method(outputs.counters.requests_sent, self.request.method)
        for action in self.machine.start.actions:
            self._perform(action, outputs, now)

    def receive(self, response: Response, flow: Flow, outputs: Outputs, *, now: float) -> None:
        """Take a response that arrived over ``flow``."""
        arrow = self._advance(self._input_of(response.status), outputs)
        if arrow is None:
            return
        for action in arrow.actions:
            if action is Action.PASS_RESPONSE:
                self._pass_response(response, flow, outputs)
            elif action is Action.SEND_ACK:
                self._send_ack(response, outputs)
            else:
                self._perform(action, outputs, now)

    def cancel(self, fields: Fields, outputs: Outputs, *, now: float) -> None:
        """Take the user's wish to cancel; the first wish counts."""
        if self.cancel_fields is None:
            self.cancel_fields = fields
            self.step(Input.CANCEL, outputs, now=now)

    def expect_end(self, outputs: Outputs, *, now: float) -> None:
        """Give a cancelled INVITE its last 64·T1 (§9.1)."""
        self.is_cancel_due = False
        self._end_state_at(now + outputs.timers.timeout, Input.TIMER_ABANDON, outputs)

    def _input_of(self, status: int) -> Input:
        if status < 200:
            return Input.PROVISIONAL
        if self.machine is NON_INVITE_CLIENT:
            return Input.FINAL
        return Input.SUCCESS if status < 300 else Input.FAILURE

    def _perform(self, action: Action, outputs: Outputs, now: float) -> None:
        match action:
            case Action.SEND_REQUEST:
                if self._interval:
                    outputs.counters.retransmissions_sent += 1
                outputs.outgoing.append(Outgoing(self._data, self.flow))
            case Action.TELL_TIMEOUT:
                outputs.counters.timeouts += 1
                self._tell_failure(outputs, is_transport_failure=False)
            case Action.TELL_TRANSPORT_FAILURE:
                outputs.counters.transport_failures += 1
                self._tell_failure(outputs, is_transport_failure=True)
            case Action.SEND_CANCEL:
                self.is_cancel_due = True
            case Action.SEND_REMEMBERED_CANCEL:
                self.is_cancel_due = self.cancel_fields is not None
            case _:
                super()._perform(action, outputs, now)

    def _pass_response(self, response: Response, flow: Flow, outputs: Outputs) -> None:
        if self.owner is not None:
            outputs.events.append(
                ResponseReceived(self.id, self.owner, self.request, response, flow)
            )

    def _send_ack(self, response: Response, outputs: Outputs) -> None:
        if not self._ack:
            self._ack = serialize(acknowledge(self.request, response))
        count_method(outputs.counters.requests_sent, "ACK")
        # To where the INVITE went, over whatever the response came (§17.1.1.2).
        outputs.outgoing.append(Outgoing(self._ack, self.flow))

    def _tell_failure(self, outputs: Outputs, *, is_transport_failure: bool) -> None:
        if self.owner is not None:
            outputs.events.append(
                TransactionFailed(
                    self.id, self.owner, self.request, is_transport_failure=is_transport_failure
                )
            )
