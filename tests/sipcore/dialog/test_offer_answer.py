"""The offer/answer table."""

from __future__ import annotations

import itertools

import pytest

from sipcore.dialog.offer_answer import ABSORBED, TABLE, Input, OfferAnswer, State, Verdict
from sipcore.errors import LocalError

OURS = {
    (State.OFFER_SENT, Input.SEND_OFFER),
    (State.OFFER_RECEIVED, Input.SEND_OFFER),
    (State.OFFER_SENT, Input.SEND_ANSWER),
    (State.OFFER_SENT, Input.SEND_REJECTION),
    (State.STABLE, Input.SEND_RELIABLE_ANSWER),
    (State.OFFER_SENT, Input.SEND_RELIABLE_ANSWER),
    (State.ANSWER_SENT, Input.SEND_RELIABLE_ANSWER),
    (State.ANSWER_SENT, Input.SEND_OFFER),
    (State.ANSWER_SENT, Input.SEND_ANSWER),
    (State.ANSWER_SENT, Input.SEND_REJECTION),
}


def test_every_pair_has_its_place() -> None:
    for pair in itertools.product(State, Input):
        assert (pair in TABLE) + (pair in ABSORBED) + (pair in OURS) == 1, pair


@pytest.mark.parametrize("pair", sorted(OURS))
def test_what_only_we_could_do_wrong_is_our_fault(pair: tuple[State, Input]) -> None:
    with pytest.raises(LocalError):
        OfferAnswer(pair[0]).step(pair[1])


@pytest.mark.parametrize("pair", sorted(ABSORBED))
def test_what_is_absorbed_changes_nothing(pair: tuple[State, Input]) -> None:
    media = OfferAnswer(pair[0])
    assert media.step(pair[1]) is Verdict.TAKEN
    assert media.state is pair[0]


def test_offers_that_cross_are_glare() -> None:
    media = OfferAnswer()
    media.step(Input.SEND_OFFER)
    assert media.step(Input.RECEIVE_OFFER) is Verdict.GLARE
    media.step(Input.RECEIVE_ANSWER)
    assert media.step(Input.RECEIVE_OFFER) is Verdict.TAKEN


def test_a_second_offer_before_the_answer_is_too_early() -> None:
    media = OfferAnswer()
    media.step(Input.RECEIVE_OFFER)
    assert media.step(Input.RECEIVE_OFFER) is Verdict.TOO_EARLY
    media.step(Input.SEND_REJECTION)
    assert media.is_stable


def test_an_answer_in_a_reliable_provisional_waits_for_its_prack() -> None:
    media = OfferAnswer(State.OFFER_RECEIVED)
    media.step(Input.SEND_RELIABLE_ANSWER)
    assert not media.is_stable
    media.step(Input.RECEIVE_PRACK)
    assert media.is_stable


def test_an_offer_may_come_with_the_prack_or_overtake_it() -> None:
    for inputs in (
        (Input.RECEIVE_PRACK, Input.RECEIVE_OFFER),
        (Input.RECEIVE_OFFER, Input.RECEIVE_PRACK),
    ):
        media = OfferAnswer(State.ANSWER_SENT)
        assert [media.step(one) for one in inputs] == [Verdict.TAKEN] * 2
        assert media.state is State.OFFER_RECEIVED
