"""Offers and answers within one dialog (RFC 3264 §4, RFC 3262 §5, RFC 3311 §5, RFC 6337 §2).

The table decides what may be said next: whether an offer from the peer is taken, crosses one of
ours (491) or comes while its last one is still open (500 with Retry-After). It is the same for all
six patterns of RFC 6337 table 1; an unreliable provisional response is in none of them and changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from sipcore.errors import LocalError


class State(IntEnum):
    """Whose offer is open."""

    STABLE = 1
    OFFER_SENT = 2
    OFFER_RECEIVED = 3
    ANSWER_SENT = 4
    """Our answer stands in a reliable provisional response that has no PRACK yet: the peer may
    offer again, we may not (RFC 3311 §5.1).
    """


class Input(IntEnum):
    """What crosses the dialog.

    A rejection is a failure response to the request with the offer, or an ACK that owed the
    answer to the offer of a 2xx and has none.
    """

    SEND_OFFER = 1
    RECEIVE_OFFER = 2
    SEND_ANSWER = 3
    RECEIVE_ANSWER = 4
    SEND_REJECTION = 5
    RECEIVE_REJECTION = 6
    SEND_RELIABLE_ANSWER = 7
    """An answer in a reliable provisional response (RFC 3262 §5)."""
    RECEIVE_PRACK = 8


class Verdict(IntEnum):
    """What becomes of it."""

    TAKEN = 1
    GLARE = 2
    """An offer met ours on its way: 491 (RFC 3311 §5.2)."""
    TOO_EARLY = 3
    """The peer's last offer is not answered yet: 500 with Retry-After (RFC 3311 §5.2)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow."""

    state: State
    verdict: Verdict = Verdict.TAKEN


TABLE: Final = MappingProxyType(
    {
        (State.STABLE, Input.SEND_OFFER): Step(State.OFFER_SENT),
        (State.STABLE, Input.RECEIVE_OFFER): Step(State.OFFER_RECEIVED),
        (State.OFFER_SENT, Input.RECEIVE_ANSWER): Step(State.STABLE),
        (State.OFFER_SENT, Input.RECEIVE_REJECTION): Step(State.STABLE),
        (State.OFFER_SENT, Input.RECEIVE_OFFER): Step(State.OFFER_SENT, Verdict.GLARE),
        (State.OFFER_RECEIVED, Input.SEND_ANSWER): Step(State.STABLE),
        (State.OFFER_RECEIVED, Input.SEND_REJECTION): Step(State.STABLE),
        (State.OFFER_RECEIVED, Input.RECEIVE_OFFER): Step(State.OFFER_RECEIVED, Verdict.TOO_EARLY),
        (State.OFFER_RECEIVED, Input.SEND_RELIABLE_ANSWER): Step(State.ANSWER_SENT),
        (State.ANSWER_SENT, Input.RECEIVE_PRACK): Step(State.STABLE),
        # An UPDATE that overtook its PRACK: who offers again has the answer.
        (State.ANSWER_SENT, Input.RECEIVE_OFFER): Step(State.OFFER_RECEIVED),
    }
)

ABSORBED: Final = frozenset(
    {
        # An answer without an offer, or a second one: RFC 3261 §13.2.1 has it ignored.
        (State.STABLE, Input.RECEIVE_ANSWER),
        (State.OFFER_RECEIVED, Input.RECEIVE_ANSWER),
        # A request without an offer failed.
        (State.STABLE, Input.RECEIVE_REJECTION),
        (State.STABLE, Input.SEND_REJECTION),
        (State.OFFER_RECEIVED, Input.RECEIVE_REJECTION),
        # A repeat of an answer that was sent, as the 2xx repeats the SDP of a 183.
        (State.STABLE, Input.SEND_ANSWER),
        (State.ANSWER_SENT, Input.RECEIVE_ANSWER),
        (State.ANSWER_SENT, Input.RECEIVE_REJECTION),
        # A PRACK for a response that carried no answer, or one that came behind an UPDATE.
        (State.STABLE, Input.RECEIVE_PRACK),
        (State.OFFER_SENT, Input.RECEIVE_PRACK),
        (State.OFFER_RECEIVED, Input.RECEIVE_PRACK),
    }
)
"""Pairs that happen and change nothing; every other pair that is no row is a fault of ours."""


class OfferAnswer:
    """The offer/answer state of one dialog."""

    __slots__ = ("state",)

    def __init__(self, state: State = State.STABLE) -> None:
        self.state = state

    @property
    def is_stable(self) -> bool:
        """Whether no offer is open, so that either side may make one."""
        return self.state is State.STABLE

    def step(self, given: Input) -> Verdict:
        """Take an input; LocalError when we would break the rules ourselves."""
        pair = (self.state, given)
        step = TABLE.get(pair)
        if step is None:
            if pair in ABSORBED:
                return Verdict.TAKEN
            raise LocalError(f"{given.name} while {self.state.name}")
        self.state = step.state
        return step.verdict
