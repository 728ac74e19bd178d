"""Server transactions: what the actions of their two machines do (RFC 3261 §17.2)."""

from __future__ import annotations

from sipcore.message.derive import respond
from sipcore.message.message import Request, Response, serialize
from sipcore.message.parse import parse_message
from sipcore.transaction.counters import count_status
from sipcore.transaction.events import (
    AckMissing,
    AckReceived,
    RequestReceived,
    TransactionId,
)
from sipcore.transaction.invite_server import INVITE_SERVER
from sipcore.transaction.non_invite_server import NON_INVITE_SERVER
from sipcore.transaction.outputs import Outputs
from sipcore.transaction.table import Action, Input
from sipcore.transaction.transaction import Transaction
from sipcore.transport.flow import Flow, Outgoing
from sipcore.transport.response_path import reopened_flow, response_flow


class ServerTransaction(Transaction):
    """A request of a peer, answered as often as it is repeated.

    The request itself is kept only until something was answered.
    """

    __slots__ = ("_data", "_reopened", "_request")

    def __init__(self, transaction: TransactionId, request: Request, flow: Flow) -> None:
        machine = INVITE_SERVER if request.method == "INVITE" else NON_INVITE_SERVER
        super().__init__(transaction, machine, response_flow(request, flow))
        self._request: Request | None = request
        self._reopened = reopened_flow(request, flow) if flow.is_reliable else None
        self._data = b""

    @property
    def to_tag(self) -> str | None:
        """The To tag of the last response; read only when a CANCEL comes."""
        return parse_message(self._data).to.tag if self._data else None

    def start(self, request: Request, flow: Flow, outputs: Outputs, *, now: float) -> None:
        """Pass the request, which came over ``flow``, to the user."""
        for action in self.machine.start.actions:
            if action is Action.PASS_REQUEST:
                outputs.events.append(RequestReceived(self.id, request, flow))
            else:
                self._perform(action, outputs, now)

    def acknowledge(self, ack: Request, flow: Flow, outputs: Outputs, *, now: float) -> None:
        """Take an ACK with the branch of this INVITE."""
        arrow = self._advance(Input.ACK, outputs)
        if arrow is None:
            return
        for action in arrow.actions:
            if action is Action.PASS_ACK:
                outputs.events.append(AckReceived(ack, flow))
            else:
                self._perform(action, outputs, now)

    def respond(self, response: Response, outputs: Outputs, *, now: float) -> bool:
        """Take a response of the user; False when it comes too late to be sent."""
        arrow = self._advance(self._input_of(response.status), outputs)
        if arrow is None:
            return False
        for action in arrow.actions:
            if action is Action.SEND_RESPONSE:
                self._send(response, outputs)
            else:
                self._perform(action, outputs, now)
        return True

    @property
    def can_reopen(self) -> bool:
        """Whether the responses still go over the connection of the request."""
        return self._reopened is not None

    def reopen(self) -> None:
        """Turn to a new connection, since the one of the request is gone (§18.2.2)."""
        if self._reopened is not None:
            self.flow, self._reopened = self._reopened, None

    def _input_of(self, status: int) -> Input:
        if status < 200:
            return Input.PROVISIONAL
        if self.machine is NON_INVITE_SERVER:
            return Input.FINAL
        return Input.SUCCESS if status < 300 else Input.FAILURE

    def _perform(self, action: Action, outputs: Outputs, now: float) -> None:
        match action:
            case Action.SEND_RESPONSE_AGAIN:
                self._send_again(outputs)
            case Action.START_TRYING:
                self._repeat_after(
                    outputs.timers.trying_delay, Input.TIMER_TRYING, outputs, now=now
                )
            case Action.SEND_TRYING:
                self._send_trying(outputs)
            case Action.TELL_ACK_MISSING:
                outputs.counters.timeouts += 1
                outputs.events.append(AckMissing(self.id))
            case _:
                super()._perform(action, outputs, now)

    def _send(self, response: Response, outputs: Outputs) -> None:
        self._request = None
        self._data = serialize(response)
        count_status(outputs.counters.responses_sent, response.status)
        outputs.outgoing.append(Outgoing(self._data, self.flow))

    def _send_again(self, outputs: Outputs) -> None:
        if not self._data:
            self._send_trying(outputs)
            return
        outputs.counters.retransmissions_sent += 1
        outputs.outgoing.append(Outgoing(self._data, self.flow))

    def _send_trying(self, outputs: Outputs) -> None:
        if self._request is not None:
            self._send(respond(self._request, 100), outputs)
