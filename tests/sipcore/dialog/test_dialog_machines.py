"""Both ends of one dialog and a network that delays, doubles and loses, as machines of rules."""

from __future__ import annotations

from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sipcore.dialog import offer_answer, reliable
from sipcore.dialog.offer_answer import OfferAnswer
from sipcore.dialog.reliable import Action, ReliableClient, ReliableServer

T1: Final = 0.5
STEPS: Final = settings(max_examples=150, stateful_step_count=30, deadline=None)
ends = st.sampled_from((0, 1))
places = st.integers(0, 5)


class Exchanges(RuleBasedStateMachine):
    """Two ends that offer whenever they may; requests and responses overtake each other.

    The table never lets them break its own rules, and both see the same sessions agreed on in
    the same order, however offers meet (RFC 3264 §4, RFC 3311 §5).
    """

    def __init__(self) -> None:
        super().__init__()
        self.ends = (OfferAnswer(), OfferAnswer())
        self.agreed: tuple[list[int], list[int]] = ([], [])
        self.offers = 0
        self.open: list[tuple[int, int]] = []
        """Offers taken and not answered yet: who is to answer, and which."""
        self.requests: list[tuple[int, int]] = []
        self.responses: list[tuple[int, int, bool]] = []

    @rule(who=ends)
    def offer(self, who: int) -> None:
        if self.ends[who].is_stable:
            self.offers += 1
            self.ends[who].step(offer_answer.Input.SEND_OFFER)
            self.requests.append((1 - who, self.offers))

    @precondition(lambda self: self.requests)
    @rule(place=places)
    def offer_arrives(self, place: int) -> None:
        who, number = self.requests.pop(place % len(self.requests))
        verdict = self.ends[who].step(offer_answer.Input.RECEIVE_OFFER)
        if verdict is offer_answer.Verdict.TAKEN:
            self.open.append((who, number))
        else:
            self.responses.append((1 - who, number, False))

    @precondition(lambda self: self.open)
    @rule(is_accepted=st.booleans())
    def answer(self, *, is_accepted: bool) -> None:
        who, number = self.open.pop()
        if is_accepted:
            self.ends[who].step(offer_answer.Input.SEND_ANSWER)
            self.agreed[who].append(number)
        else:
            self.ends[who].step(offer_answer.Input.SEND_REJECTION)
        self.responses.append((1 - who, number, is_accepted))

    @precondition(lambda self: self.responses)
    @rule(place=places)
    def answer_arrives(self, place: int) -> None:
        who, number, is_accepted = self.responses.pop(place % len(self.responses))
        if is_accepted:
            self.ends[who].step(offer_answer.Input.RECEIVE_ANSWER)
            self.agreed[who].append(number)
        else:
            self.ends[who].step(offer_answer.Input.RECEIVE_REJECTION)

    @invariant()
    def nobody_owes_two_answers(self) -> None:
        assert len(self.open) == len({who for who, _ in self.open})

    def teardown(self) -> None:
        while self.requests or self.open or self.responses:
            if self.requests:
                self.offer_arrives(0)
            elif self.open:
                self.answer(is_accepted=True)
            else:
                self.answer_arrives(0)
        assert all(end.is_stable for end in self.ends)
        assert self.agreed[0] == self.agreed[1]


class ReliableRinging(RuleBasedStateMachine):
    """A server that rings reliably and a client that acknowledges, over a network that is none.

    The client acts on every response once and in order; one is unacknowledged at a time; it is
    repeated at T1, doubled, until 64·T1 (RFC 3262 §3, §4).
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.server = ReliableServer(first_number=7, t1=T1)
        self.client = ReliableClient()
        self.sent: list[int] = []
        self.sent_at = 0.0
        self.repeats: list[float] = []
        self.wire: list[int] = []
        self.pracks: list[int] = []
        self.heard: list[int] = []
        self.is_given_up = False

    @precondition(lambda self: self.server.state is reliable.State.IDLE)
    @rule()
    def ring(self) -> None:
        self.sent.append(self.server.send(now=self.now))
        self.sent_at, self.repeats = self.now, []
        self.wire.append(self.sent[-1])

    @precondition(lambda self: self.wire)
    @rule(place=places, fate=st.sampled_from(("arrives", "arrives", "stays", "lost")))
    def response(self, place: int, fate: str) -> None:
        at = place % len(self.wire)
        number = self.wire[at] if fate == "stays" else self.wire.pop(at)
        if fate == "lost":
            return
        verdict = self.client.take(number)
        if verdict is reliable.Verdict.NEXT:
            self.heard.append(number)
        if verdict is not reliable.Verdict.OUT_OF_ORDER:
            self.pracks.append(number)

    @precondition(lambda self: self.pracks)
    @rule(place=places, fate=st.sampled_from(("arrives", "arrives", "stays", "lost")))
    def prack(self, place: int, fate: str) -> None:
        at = place % len(self.pracks)
        number = self.pracks[at] if fate == "stays" else self.pracks.pop(at)
        if fate == "lost":
            return
        waits = self.server.is_unacknowledged and number == self.sent[-1]
        is_known = self.server.acknowledge(number, now=self.now)
        is_ended = self.server.state in (reliable.State.EXPIRED, reliable.State.CLOSED)
        assert is_known is (waits or (is_ended and number == self.sent[-1]))

    @rule(seconds=st.sampled_from((0.1, 0.5, 1.0, 4.0, 33.0)))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.server.next_deadline()) is not None and due <= until:
            self.now = due
            action = self.server.fire(now=due)
            if action is Action.REPEAT:
                self.repeats.append(due - self.sent_at)
                self.wire.append(self.sent[-1])
            elif action is Action.GIVE_UP:
                self.is_given_up = True
                assert due - self.sent_at == 64 * T1
        self.now = until

    @rule()
    def final_response(self) -> None:
        self.server.close(now=self.now)
        assert self.server.next_deadline() is None

    @invariant()
    def client_hears_each_once_in_order(self) -> None:
        # Nothing follows before the PRACK, so not even the first can be missed.
        assert self.heard == self.sent[: len(self.heard)]

    @invariant()
    def repeats_come_at_doubled_intervals(self) -> None:
        assert self.repeats == [T1 * (2**n - 1) for n in range(1, len(self.repeats) + 1)]


def test_offers_that_meet_are_agreed_on_alike() -> None:
    run_state_machine_as_test(Exchanges, settings=STEPS)


def test_reliable_ringing_over_a_bad_network() -> None:
    run_state_machine_as_test(ReliableRinging, settings=STEPS)
