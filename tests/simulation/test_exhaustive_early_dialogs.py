"""One call with reliable provisional responses: every order of 18x, PRACK, UPDATE, 200, Appended,
CANCEL, BYE, refusals, timers, a lost message and 18x that overtake each other.

The search goes through the states depth first, each reached by replaying its events on a fresh
network, so that a failure prints the list of its events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pytest

from sipcore.b2bua.call_events import Answered, Append, Appended, AppendFailed, Ended, Released
from sipcore.message import Response
from tests.support.phones import Line, Network, sdp

REL: Final = "100rel, timer"


class EarlyTown:
    """A caller, a callee and a switch whose log answers by hand; ``budget`` bounds each event."""

    def __init__(
        self, budget: dict[str, int], *, caller: str = REL, requires: bool = False
    ) -> None:
        self.budget = dict(budget)
        self.net = net = Network()
        net.alice.supports, net.bob.supports = caller, REL
        net.alice.pracks = False
        net.alice.prack_body = b""
        net.switch.appends = False
        net.loses = self._loses
        self.is_losing = False
        self.may_lose = "lose" in budget
        self.told = 0
        if "UPDATE answered" in budget:
            net.bob.answers["UPDATE"] = None
        self.acknowledged: set[tuple[str, str]] = set()
        net.switch.groups.append((net.target("bob", ring_s=60),))
        net.alice.call(fields=(("require", "100rel"),) if requires else ())

    # What may happen.

    def events(self) -> Iterator[str]:
        for event, (is_possible, _) in self._ACTIONS.items():
            if self.budget.get(event, 0) and is_possible(self):
                yield event

    def happen(self, event: str) -> None:
        self.budget[event] -= 1
        self._ACTIONS[event][1](self)
        self.check()

    def _may_ring(self) -> bool:
        return self.net.bob.may_answer(180)

    def _may_update(self) -> bool:
        return bool(self.net.alice.lines) and not self.net.alice.line.is_over and self._is_alive()

    def _is_alive(self) -> bool:
        return not any(status >= 300 for status in self.net.alice.finals())

    def _unacknowledged(self) -> Response | None:
        for response in self.net.alice.responses:
            number = response.value("rseq")
            key = (response.to.tag or "", number or "")
            if response.is_provisional and number and key not in self.acknowledged:
                return response
        return None

    def _prack(self, body: bytes = b"") -> None:
        response = self._unacknowledged()
        assert response is not None
        number = response.required("rseq")
        self.acknowledged.add((response.to.tag or "", number))
        line = self._line_of(response)
        fields = (("rack", f"{number} 100 INVITE"),)
        self.net.alice.say("PRACK", body=body, fields=fields, line=line)

    def _line_of(self, response: Response) -> Line:
        to = response.required("to")
        return next(line for line in self.net.alice.lines if line.remote == to)

    def _may_append(self) -> bool:
        return len(self.net.switch.said(Append)) > self.told and bool(self.net.switch.calls)

    def _append(self) -> None:
        self.told += 1
        self.net.switch.tell(Appended())

    def _fail_append(self) -> None:
        self.told += 1
        self.net.switch.tell(AppendFailed())

    def _next_deadline(self) -> float | None:
        deadlines = (end.next_deadline() for end in self.net.ends.values())
        return min((at for at in deadlines if at is not None), default=None)

    def _timer(self) -> None:
        due = self._next_deadline()
        assert due is not None
        self.net.advance(max(due - self.net.now, 0.0))

    def _answer_update(self) -> None:
        self.net.bob.respond(self.net.bob.held.pop(), 200, body=sdp("bob", 4))
        self.net.settle()

    def _lose(self) -> None:
        self.is_losing = True

    def _loses(self, _source: object, _target: object, _data: bytes) -> bool:
        was_losing, self.is_losing = self.is_losing, False
        return was_losing

    def _bob_is_talking(self) -> bool:
        return bool(self.net.bob.acks) and not self.net.bob.line.is_over

    def _alice_is_talking(self) -> bool:
        return 200 in self.net.alice.finals() and not self._line_of(self._final()).is_over

    def _final(self) -> Response:
        return next(r for r in self.net.alice.responses if r.is_success and r.cseq.number == 100)

    _ACTIONS: Final[dict[str, tuple[Callable[[EarlyTown], bool], Callable[[EarlyTown], None]]]] = {
        "183": (_may_ring, lambda t: t.net.bob.ring_reliably(183, body=sdp("bob"), rseq=1)),
        "181": (_may_ring, lambda t: t.net.bob.ring_reliably(181, rseq=2)),
        "182": (_may_ring, lambda t: t.net.bob.ring_reliably(182, rseq=3)),
        "fork": (_may_ring, lambda t: t.net.bob.ring_reliably(183, body=sdp("two"), tag="two")),
        "PRACK": (lambda t: t._unacknowledged() is not None, _prack),
        "PRACK with offer": (
            lambda t: t._unacknowledged() is not None,
            lambda t: t._prack(sdp("alice", 2)),
        ),
        "caller's UPDATE": (
            _may_update,
            lambda t: t.net.alice.say("UPDATE", body=sdp("alice", 3)),
        ),
        "callee's UPDATE": (
            lambda t: bool(t.net.bob.lines) and not t.net.bob.line.is_over,
            lambda t: t.net.bob.say("UPDATE", body=sdp("bob", 3)),
        ),
        "UPDATE answered": (lambda t: bool(t.net.bob.held), _answer_update),
        "200": (lambda t: t.net.bob.may_answer(200), lambda t: t.net.bob.answer()),
        "486": (_may_ring, lambda t: t.net.bob.refuse(486)),
        "appended": (_may_append, _append),
        "append failed": (_may_append, _fail_append),
        "CANCEL": (lambda t: not t.net.alice.finals(), lambda t: t.net.alice.cancel()),
        "caller's BYE": (
            _alice_is_talking,
            lambda t: t.net.alice.say("BYE", line=t._line_of(t._final())),
        ),
        "callee's BYE": (_bob_is_talking, lambda t: t.net.bob.say("BYE")),
        "timer": (lambda t: t._next_deadline() is not None, _timer),
        "lose": (lambda t: not t.is_losing, _lose),
    }

    # What must hold.

    def check(self) -> None:
        net = self.net
        finals = net.alice.finals()
        assert len(set(finals)) <= 1, "two final responses"
        if 200 in finals:
            assert self.told, "a 200 before its record was durable"
            tag = self._final().to.tag
            for response in net.alice.responses:
                key = (response.to.tag or "", response.value("rseq") or "")
                if response.is_provisional and response.body and response.to.tag == tag:
                    assert not key[1] or key in self.acknowledged, "a 200 before its PRACK"
        described: dict[str, set[bytes]] = {}
        for response in net.alice.responses:
            if response.cseq.method == "INVITE" and response.body:
                described.setdefault(response.to.tag or "", set()).add(response.body)
        assert all(len(bodies) == 1 for bodies in described.values()), "two answers under one tag"
        assert len(net.switch.said(Released)) <= len(net.switch.said(Answered))

    def finish(self) -> None:
        """Let the log catch up, hang up and let every timer run out; then judge."""
        self.is_losing = False
        while self._may_append():
            self._append()
        while self._unacknowledged() is not None:
            self._prack()
        if not self.net.alice.finals():
            self.net.alice.cancel()
        # What was lost comes again, a 200 that crossed the CANCEL among it.
        self.net.advance(5.0)
        if self._alice_is_talking():
            self.net.alice.say("BYE", line=self._line_of(self._final()))
        self.net.advance(250.0)
        self.check()
        net = self.net
        assert net.switch.calls == {}
        assert len(net.switch.said(Ended)) == 1
        assert len(net.switch.said(Released)) == len(net.switch.said(Answered))
        assert (net.switch.layer.client_transactions, net.switch.layer.server_transactions) == (
            0,
            0,
        )
        assert len(set(net.alice.finals())) == 1, "a caller without a final response"
        for phone in (net.alice, net.bob):
            asked = [key for key in phone.asked if key not in phone.answered]
            lost = len(phone.failed) if self.may_lose else 0
            assert len(asked) <= lost, f"{phone.name} was never answered: {asked}"

    # Which states are one.

    def fingerprint(self) -> tuple[object, ...]:
        net = self.net
        calls = [
            (
                call._phase,
                call._is_recorded,
                tuple(
                    (
                        leg.number,
                        leg.is_early,
                        leg.is_terminated,
                        leg.offer_answer.state,
                        leg.unpracked is None,
                        leg.awaits_prack,
                        leg.has_early_session,
                        leg.sent_body.content,
                        leg.received_body.content,
                        tuple((one.kind, one.request.method) for one in leg.pending.values()),
                    )
                    for leg in call._bridge.legs.values()
                ),
            )
            for call in net.switch.calls.values()
        ]
        deadlines = (end.next_deadline() for end in net.ends.values())
        return (
            tuple(sorted(self.budget.items())),
            self.is_losing,
            self.told,
            tuple(calls),
            tuple((r.status, r.cseq.method, r.to.tag) for r in net.alice.responses),
            tuple((r.status, r.cseq.method) for r in net.bob.responses),
            tuple(r.method for r in net.bob.received),
            tuple(r.method for r in net.alice.received),
            tuple(None if at is None else round(at - net.now, 1) for at in deadlines),
        )


def search(**options: object) -> int:
    """Go through all states; returns how many there are."""
    states: set[tuple[object, ...]] = set()
    open_paths: list[tuple[str, ...]] = [()]
    while open_paths:
        path = open_paths.pop()
        try:
            open_paths += follow(path, states, options)
        except Exception as error:
            raise AssertionError(f"after {path}: {error!r}") from error
    return len(states)


def follow(
    path: tuple[str, ...], states: set[tuple[object, ...]], options: dict[str, object]
) -> list[tuple[str, ...]]:
    """Replay a path, then go on to a state that is known or an end; give the turns left out."""
    town = EarlyTown(**options)  # type: ignore[arg-type]  # named as they are
    for event in path:
        town.happen(event)
    turns: list[tuple[str, ...]] = []
    while True:
        state = town.fingerprint()
        if state in states:
            return turns
        states.add(state)
        events = list(town.events())
        if not events:
            town.finish()
            return turns
        turns += [(*path, event) for event in events[1:]]
        path = (*path, events[0])
        town.happen(events[0])


BASIC: Final = {"183": 1, "PRACK": 2, "200": 1, "appended": 1, "CANCEL": 1}
SHORT: Final = {
    "in order": (BASIC | {"181": 1, "182": 1, "timer": 1}, 60),
    "overtaking": ({"183": 1, "181": 1, "182": 1, "PRACK": 3, "200": 1, "timer": 1}, 150),
    "offers": (BASIC | {"PRACK with offer": 1, "caller's UPDATE": 1, "callee's UPDATE": 1}, 250),
    "open update": (BASIC | {"caller's UPDATE": 1, "UPDATE answered": 1, "486": 1}, 100),
    "loss": ({"183": 1, "PRACK": 1, "200": 1, "appended": 1, "lose": 1, "timer": 2}, 100),
    "log fails": (BASIC | {"append failed": 1, "486": 1, "timer": 2}, 60),
    "two early dialogs": (BASIC | {"fork": 1, "caller's UPDATE": 1}, 150),
    "ends": (BASIC | {"caller's BYE": 1, "callee's BYE": 1, "caller's UPDATE": 1, "486": 1}, 90),
}
LONG: Final = {
    "everything": (
        BASIC | {"PRACK with offer": 1, "caller's UPDATE": 1, "486": 1, "lose": 1, "timer": 1},
        1_000,
    ),
    "loss in two dialogs": (BASIC | {"fork": 1, "lose": 1, "timer": 2}, 500),
}


@pytest.mark.parametrize(("budget", "states"), SHORT.values(), ids=SHORT)
def test_every_order_of_one_call(budget: dict[str, int], states: int) -> None:
    # A search that finds less has lost sight of something that may happen.
    assert search(budget=budget) >= states


@pytest.mark.parametrize("caller", ["timer", ""])
def test_every_order_where_the_caller_has_no_100rel(caller: str) -> None:
    assert search(budget=BASIC | {"181": 1, "caller's UPDATE": 1}, caller=caller) >= 40


def test_every_order_where_the_caller_requires_it() -> None:
    assert search(budget=BASIC | {"181": 1, "486": 1}, requires=True) >= 60


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(("budget", "states"), LONG.values(), ids=LONG)
def test_every_order_of_one_call_when_more_goes_wrong(budget: dict[str, int], states: int) -> None:
    assert search(budget=budget) >= states
