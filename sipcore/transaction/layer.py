"""The transaction layer: one object that keeps every transaction of a process (RFC 3261 §17)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sipcore.errors import LocalError
from sipcore.identifiers import Identifiers
from sipcore.limits import DEFAULT_LIMITS, RETRY_AFTER_S, Limits
from sipcore.message.check import check_request, check_response
from sipcore.message.derive import cancel as cancel_of
from sipcore.message.message import Request, Response, serialize
from sipcore.transaction.client_transaction import ClientTransaction, Fields, via_over
from sipcore.transaction.counters import Counters, count_method, count_status
from sipcore.transaction.events import (
    AckReceived,
    CancelReceived,
    Owner,
    TransactionEvent,
    TransactionId,
)
from sipcore.transaction.key import client_key, server_key
from sipcore.transaction.large_requests import LargeRequests
from sipcore.transaction.outputs import Outputs
from sipcore.transaction.server_transaction import ServerTransaction
from sipcore.transaction.table import Input, State
from sipcore.transaction.timers import Timers
from sipcore.transaction.transaction import Transaction
from sipcore.transport.flow import Address, Flow, Outgoing
from sipcore.transport.response_path import note_source
from sipcore.transport.stateless import answer, outgoing_response

FlowKey = tuple[str, Address, int]

_NONE: Final[frozenset[TransactionId]] = frozenset()


class TransactionLayer:
    """Takes messages and moments, puts out bytes and events; keeps no object of its user."""

    def __init__(
        self,
        *,
        identifiers: Identifiers,
        timers: Timers | None = None,
        limits: Limits = DEFAULT_LIMITS,
        is_emergency: Callable[[Request], bool] | None = None,
    ) -> None:
        self.large_requests: LargeRequests | None = None
        """How large requests find another way than UDP; without it they find none."""
        self.is_expected: Callable[[Request, Flow], bool] | None = None
        """Whether a request is no stranger's; without it nobody is one."""
        self._identifiers = identifiers
        self._limits = limits
        self._is_emergency = is_emergency
        self._outputs = Outputs(Timers() if timers is None else timers)
        self._clients: dict[TransactionId, ClientTransaction] = {}
        self._servers: dict[TransactionId, ServerTransaction] = {}
        self._invites: dict[Owner, TransactionId] = {}
        self._by_flow: dict[FlowKey, set[TransactionId]] = {}

    @property
    def counters(self) -> Counters:
        """What happened so far, in numbers."""
        return self._outputs.counters

    @property
    def client_transactions(self) -> int:
        """How many client transactions run."""
        return len(self._clients)

    @property
    def server_transactions(self) -> int:
        """How many server transactions run."""
        return len(self._servers)

    def receive(self, message: Request | Response, flow: Flow, *, now: float) -> None:
        """Take a message that arrived over ``flow``.

        A request gets ``received`` and ``rport`` into its top Via (§18.2.1, RFC 3581 §4). Raises
        RemoteError when a header is malformed that every message needs: a request is then to be
        refused statelessly, a response to be dropped.
        """
        if isinstance(message, Response):
            self._receive_response(message, flow, now=now)
        else:
            self._receive_request(message, flow, now=now)

    def request(
        self, request: Request, flow: Flow, *, owner: Owner, mark: str = "", now: float
    ) -> TransactionId:
        """Start a client transaction; our Via with a new branch is put on top of ``request``.

        The branch ends in ``mark`` when there is one, behind a dot.
        ``owner`` must be unique among the client transactions of INVITEs that have no final
        response yet.
        """
        method = request.method
        if method in ("ACK", "CANCEL"):
            raise LocalError(f"{method} has its own way to be sent")
        if method == "INVITE" and owner in self._invites:
            raise LocalError(f"{owner} has an unfinished INVITE")
        branch = self._identifiers.branch()
        if mark:
            branch = f"{branch}.{mark}"
        request.add_first("via", via_over(flow, branch))
        client = ClientTransaction(branch, request, flow, owner=owner)
        self._choose_way(client, now=now)
        if method == "INVITE":
            self._invites[owner] = client.id
        self._start(client, now=now)
        return client.id

    def cancel(self, owner: Owner, *, fields: Fields | None = None, now: float) -> None:
        """Send CANCEL for the INVITE of ``owner``, after its first provisional response (§9.1).

        Nothing happens when there is none or it has a final response. When none comes within
        64·T1 of the CANCEL, TransactionFailed is told.
        """
        invite = self._invites.get(owner)
        if invite is None:
            return
        transaction = self._clients[invite]
        transaction.cancel([] if fields is None else fields, self._outputs, now=now)
        self._settle_client(transaction, now=now)

    def send_ack(
        self,
        ack: Request,
        flow: Flow,
        *,
        branch: str | None = None,
        now: float,  # noqa: ARG002 - as all that sends
    ) -> None:
        """Send the ACK for a 2xx: a branch of its own and no transaction (§13.2.2.4)."""
        ack.add_first("via", via_over(flow, branch or self._identifiers.branch()))
        count_method(self._outputs.counters.requests_sent, "ACK")
        self._outputs.outgoing.append(Outgoing(serialize(ack), flow))

    def respond(self, transaction: TransactionId, response: Response, *, now: float) -> None:
        """Send a response of a server transaction.

        A 2xx to an INVITE is repeated by the user until its ACK comes, for which the transaction
        stands 64·T1 long (RFC 6026 §8.5). A response to a transaction that has ended or has its
        final response is dropped and counted.
        """
        server = self._servers.get(transaction)
        if server is None or not server.respond(response, self._outputs, now=now):
            self._outputs.counters.responses_too_late += 1
        if server is not None:
            self._settle_server(server)

    def respond_statelessly(self, request: Request, response: Response, flow: Flow) -> None:
        """Send a response without keeping anything (§8.2.7); an ACK gets none."""
        if request.method == "ACK":
            return
        count_status(self._outputs.counters.responses_sent, response.status)
        self._outputs.outgoing.append(outgoing_response(request, response, flow))

    def flow_failed(self, flow: Flow, *, now: float) -> None:
        """Learn that a connection closed or that an ICMP error came back.

        An ICMP error is easily forged. It ends only what has had no answer at all, since a peer
        that answered is there.
        """
        for transaction in sorted(self._by_flow.get(flow.key, _NONE)):
            self.fail(transaction, now=now)

    def handle_deadlines(self, *, now: float) -> None:
        """Fire every timer that is due."""
        for transaction, timer in self._outputs.deadlines.due(now):
            self.fire(transaction, timer, now=now)

    def fire(self, transaction: TransactionId, timer: Input, *, now: float) -> None:
        """Fire one timer of a transaction, whatever its deadline was."""
        client = self._clients.get(transaction)
        if client is not None:
            client.step(timer, self._outputs, now=now)
            self._settle_client(client, now=now)
        elif (server := self._servers.get(transaction)) is not None:
            server.step(timer, self._outputs, now=now)
            self._settle_server(server)

    def fail(self, transaction: TransactionId, *, now: float) -> None:
        """End a transaction, as far as it may be, whose flow failed."""
        client = self._clients.get(transaction)
        if client is not None:
            self._fail_client(client, now=now)
        elif (server := self._servers.get(transaction)) is not None:
            self._fail_server(server, now=now)

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        return self._outputs.deadlines.next()

    def outgoing(self) -> list[Outgoing]:
        """Take the bytes to be sent, in order."""
        taken, self._outputs.outgoing = self._outputs.outgoing, []
        return taken

    def events(self) -> list[TransactionEvent]:
        """Take what happened, in order."""
        taken, self._outputs.events = self._outputs.events, []
        return taken

    def _receive_response(self, response: Response, flow: Flow, *, now: float) -> None:
        counters = self._outputs.counters
        count_status(counters.responses_received, response.status)
        client = self._clients.get(client_key(response))
        # Strays are dropped: forwarding them would make us a mirror (RFC 6026 §8.9).
        if client is None or response.via.sent_by != client.sent_by:
            counters.responses_unmatched += 1
            return
        check_response(response)
        client.receive(response, flow, self._outputs, now=now)
        self._settle_client(client, now=now)

    def _receive_request(self, request: Request, flow: Flow, *, now: float) -> None:
        method = request.method
        counters = self._outputs.counters
        count_method(counters.requests_received, method)
        if method == "ACK":
            self._receive_ack(request, flow, now=now)
            return
        key = server_key(request, method)
        server = self._servers.get(key)
        if server is not None:
            counters.retransmissions_absorbed += 1
            server.step(Input.REQUEST, self._outputs, now=now)
            return
        note_source(request, flow)
        check_request(request)
        if self._is_overloaded_for(request, flow):
            self._refuse_overload(request, flow)
            return
        server = ServerTransaction(key, request, flow)
        self._servers[key] = server
        self._index(server)
        if method == "CANCEL":
            self._answer_cancel(server, request, now=now)
        else:
            server.start(request, flow, self._outputs, now=now)

    def _receive_ack(self, ack: Request, flow: Flow, *, now: float) -> None:
        check_request(ack)
        invite = self._servers.get(server_key(ack, "INVITE"))
        if invite is None:
            self._outputs.events.append(AckReceived(ack, flow))
            return
        invite.acknowledge(ack, flow, self._outputs, now=now)
        self._settle_server(invite)

    def _answer_cancel(self, server: ServerTransaction, request: Request, *, now: float) -> None:
        """Answer a CANCEL and tell the user if its INVITE is still open (§9.2)."""
        key = server_key(request, "INVITE")
        invite = self._servers.get(key)
        status = 481 if invite is None else 200
        to_tag = None if invite is None else invite.to_tag
        server.respond(answer(request, status, to_tag=to_tag), self._outputs, now=now)
        self._settle_server(server)
        if invite is not None and invite.state is State.PROCEEDING:
            self._outputs.events.append(CancelReceived(key, request))

    def _is_overloaded_for(self, request: Request, flow: Flow) -> bool:
        """Tell whether this request is too much: calls that stand and emergencies go first.

        Strangers have a part of the places, their calls for help all but the reserve.
        """
        running = len(self._servers)
        limits = self._limits
        most = limits.server_transactions_max
        if running < min(most, limits.server_transactions_strangers_max):
            return False
        is_emergency = self._is_emergency is not None and self._is_emergency(request)
        if not self._is_expected(request, flow):
            return running >= most or not is_emergency
        if running < most:
            return False
        if running >= most + limits.server_transactions_reserve:
            return True
        return not (is_emergency or request.method == "CANCEL" or request.to.tag is not None)

    def _is_expected(self, request: Request, flow: Flow) -> bool:
        if self.is_expected is None or self.is_expected(request, flow):
            return True
        return request.method == "CANCEL" and server_key(request, "INVITE") in self._servers

    def _refuse_overload(self, request: Request, flow: Flow) -> None:
        self._outputs.counters.overload_refusals += 1
        wait_s = round(self._identifiers.spread(*RETRY_AFTER_S))
        self.respond_statelessly(request, answer(request, 503, retry_after_s=wait_s), flow)

    def _start(self, client: ClientTransaction, *, now: float) -> None:
        self._clients[client.id] = client
        self._index(client)
        client.start(self._outputs, now=now)

    def _settle_client(self, client: ClientTransaction, *, now: float) -> None:
        """Do what a step of this transaction leaves to the layer."""
        if client.is_cancel_due:
            client.expect_end(self._outputs, now=now)
            request = cancel_of(client.request, fields=client.cancel_fields)
            self._start(ClientTransaction(client.id[0], request, client.flow, owner=None), now=now)
        if client.is_invite and client.has_final and client.owner is not None:
            self._invites.pop(client.owner, None)
        if client.is_terminated:
            del self._clients[client.id]
            self._unindex(client)

    def _settle_server(self, server: ServerTransaction) -> None:
        if server.is_terminated and self._servers.pop(server.id, None) is not None:
            self._unindex(server)

    def _choose_way(self, client: ClientTransaction, *, now: float) -> None:
        """Turn a large request to TCP; an emergency call does not wait for what may not answer."""
        if self.large_requests is None:
            return
        way = self.large_requests.way(client.data, client.flow, now=now)
        if way is None or (self._is_emergency is not None and self._is_emergency(client.request)):
            return
        client.turn_to(way, fallback=client.flow)

    def _fail_client(self, client: ClientTransaction, *, now: float) -> None:
        fallback = client.fallback
        if fallback is not None and self.large_requests is not None:
            self.large_requests.failed(fallback, now=now)
            self._unindex(client)
            client.fall_back(fallback, self._outputs, now=now)
            self._index(client)
            return
        if client.flow.is_reliable or client.state in (State.CALLING, State.TRYING):
            client.step(Input.TRANSPORT_ERROR, self._outputs, now=now)
            self._settle_client(client, now=now)

    def _fail_server(self, server: ServerTransaction, *, now: float) -> None:
        if not server.flow.is_reliable:
            return
        if server.can_reopen:
            self._unindex(server)
            server.reopen()
            self._index(server)
            return
        server.step(Input.TRANSPORT_ERROR, self._outputs, now=now)
        self._settle_server(server)

    def _index(self, transaction: Transaction) -> None:
        self._by_flow.setdefault(transaction.flow.key, set()).add(transaction.id)

    def _unindex(self, transaction: Transaction) -> None:
        ids = self._by_flow.get(transaction.flow.key)
        if ids is not None:
            ids.discard(transaction.id)
            if not ids:
                del self._by_flow[transaction.flow.key]
