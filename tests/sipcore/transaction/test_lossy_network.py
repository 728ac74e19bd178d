"""Two layers over a network that loses, repeats and reorders: what holds for every seed.

A caller's INVITE and OPTIONS and their answers cross the network; the user of the called side
repeats its 2xx until an ACK comes, as RFC 3261 §13.3.1.4 wants of it.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcore.message import Request, parse_message
from sipcore.message.derive import respond
from sipcore.transaction.events import (
    AckMissing,
    AckReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
    TransactionId,
)
from sipcore.transaction.layer import TransactionLayer
from sipcore.transport.flow import Flow, Listener, Transport
from tests.sipcore.transaction.bench_top import CountingIdentifiers

DELAY_MAX_S = 0.45
"""The last retransmission leaves after 31.5 s. With more delay it could come after the 64·T1 for
which a server remembers, and be taken for a new request, as the RFC has it."""

CALLER = Listener("caller", Transport.UDP, ("192.0.2.1", 5060))
CALLED = Listener("called", Transport.UDP, ("192.0.2.2", 5060))
TO_CALLED = Flow(CALLER, CALLED.bound)
FROM_CALLER = Flow(CALLED, CALLER.bound)


class Network:
    """Two ends, and datagrams on their way between them."""

    def __init__(
        self, seed: int, *, loss: float, repeats: float, status: int, delay_max: float = DELAY_MAX_S
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a network's bad luck is no secret
        self.loss = loss
        self.delay_max = delay_max
        self.repeats = repeats
        self.status = status
        self.now = 0.0
        self.caller = TransactionLayer(identifiers=CountingIdentifiers("a"))
        self.called = TransactionLayer(identifiers=CountingIdentifiers("b"))
        self.under_way: list[tuple[float, int, bool, bytes]] = []
        self.count = 0
        self.offered: Counter[str] = Counter()
        self.finals: Counter[tuple[str, int]] = Counter()
        self.failures: Counter[str] = Counter()
        self.acks_missing = 0
        self.unacknowledged: list[tuple[TransactionId, Request, float]] = []

    def start(self, method: str) -> None:
        request = Request(
            method,
            "sip:bob@192.0.2.2",
            [
                ("from", "<sip:alice@192.0.2.1>;tag=a"),
                ("to", "<sip:bob@192.0.2.2>"),
                ("call-id", method),
                ("cseq", f"1 {method}"),
            ],
        )
        self.caller.request(request, TO_CALLED, owner=(method,), now=self.now)

    def run(self, until: float) -> None:
        while True:
            self.act()
            due = [
                moment
                for moment in (
                    self.caller.next_deadline(),
                    self.called.next_deadline(),
                    self.under_way[0][0] if self.under_way else None,
                    min((when for _, _, when in self.unacknowledged), default=None),
                )
                if moment is not None
            ]
            if not due or min(due) > until:
                return
            self.now = max(self.now, min(due))
            self.arrive()
            self.caller.handle_deadlines(now=self.now)
            self.called.handle_deadlines(now=self.now)
            self.repeat_2xx()

    def act(self) -> None:
        for event in self.called.events():
            self.called_user(event)
        for event in self.caller.events():
            self.caller_user(event)
        for layer, is_to_called in ((self.caller, True), (self.called, False)):
            for outgoing in layer.outgoing():
                self.post(outgoing.data, is_to_called=is_to_called)

    def called_user(self, event: object) -> None:
        if isinstance(event, RequestReceived):
            self.offered[event.request.method] += 1
            answer = respond(event.request, self.status, to_tag="b")
            self.called.respond(event.transaction, answer, now=self.now)
            if event.request.method == "INVITE" and self.status == 200:
                self.unacknowledged.append((event.transaction, event.request, self.now + 0.5))
        elif isinstance(event, AckReceived):
            self.unacknowledged.clear()
        elif isinstance(event, AckMissing):
            self.acks_missing += 1

    def caller_user(self, event: object) -> None:
        if isinstance(event, TransactionFailed):
            self.failures[event.request.method] += 1
        elif isinstance(event, ResponseReceived) and not event.response.is_provisional:
            self.finals[event.request.method, event.response.status] += 1
            if event.request.method == "INVITE" and event.response.is_success:
                ack = Request("ACK", "sip:bob@192.0.2.2", acknowledging(event))
                self.caller.send_ack(ack, TO_CALLED, now=self.now)

    def repeat_2xx(self) -> None:
        for index, (transaction, request, when) in enumerate(self.unacknowledged):
            if when <= self.now:
                answer = respond(request, 200, to_tag="b")
                self.called.respond(transaction, answer, now=self.now)
                self.unacknowledged[index] = (transaction, request, self.now + 2.0)

    def post(self, data: bytes, *, is_to_called: bool) -> None:
        copies = 2 if self.random.random() < self.repeats else 1
        for _ in range(copies):
            if self.random.random() >= self.loss:
                self.count += 1
                arrival = self.now + self.random.uniform(0.001, self.delay_max)
                heapq.heappush(self.under_way, (arrival, self.count, is_to_called, data))

    def arrive(self) -> None:
        while self.under_way and self.under_way[0][0] <= self.now:
            _, _, is_to_called, data = heapq.heappop(self.under_way)
            message = parse_message(data)
            if is_to_called:
                self.called.receive(message, FROM_CALLER, now=self.now)
            else:
                self.caller.receive(message, TO_CALLED, now=self.now)


def acknowledging(event: ResponseReceived) -> list[tuple[str, str]]:
    return [
        ("from", event.request.required("from")),
        ("to", event.response.required("to")),
        ("call-id", event.request.call_id),
        ("cseq", "1 ACK"),
    ]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0]),
    repeats=st.sampled_from([0.0, 0.3, 1.0]),
    status=st.sampled_from([200, 486]),
)
def test_whatever_the_network_does(seed: int, loss: float, repeats: float, status: int) -> None:
    network = Network(seed, loss=loss, repeats=repeats, status=status)
    for method in ("INVITE", "OPTIONS"):
        network.start(method)
    network.run(300.0)
    for method in ("INVITE", "OPTIONS"):
        # The called user is asked at most once, however often a request arrives.
        assert network.offered[method] <= 1
        told = network.finals[method, status]
        # The caller's user hears one end: a final response or a failure, never both or none.
        assert (told > 0) != (network.failures[method] == 1)
        if (method, status) != ("INVITE", 200):
            assert told <= 1
    # Whatever ends where, nothing stays.
    for layer in (network.caller, network.called):
        assert layer.client_transactions == layer.server_transactions == 0
    assert network.acks_missing <= 1


@pytest.mark.parametrize("status", [200, 486])
def test_a_good_network_needs_no_repeats(status: int) -> None:
    network = Network(1, loss=0.0, repeats=0.0, status=status, delay_max=0.01)
    for method in ("INVITE", "OPTIONS"):
        network.start(method)
    network.run(100.0)
    assert network.failures == {}
    assert network.caller.counters.retransmissions_sent == 0
    assert network.called.counters.retransmissions_sent == 0
    assert network.acks_missing == 0
