"""Identifiers of a worker."""

from __future__ import annotations

import re

import pytest

from freiton.identifiers import RandomIdentifiers
from sipcore.identifiers import Identifiers
from sipcore.message.grammar import is_token


def test_every_identifier_begins_with_its_worker() -> None:
    identifiers: Identifiers = RandomIdentifiers("w7")
    assert re.fullmatch(r"z9hG4bKw7[0-9a-f]{20}", identifiers.branch())
    assert re.fullmatch(r"w7[0-9a-f]{16}", identifiers.tag())
    assert re.fullmatch(r"w7[0-9a-f]{32}", identifiers.call_id())
    assert re.fullmatch(r"w7[0-9a-f]{32}", identifiers.token())


@pytest.mark.parametrize("bits", [1, 8, 9, 64, 250])
def test_a_token_has_at_least_the_bits_asked_for(bits: int) -> None:
    token = RandomIdentifiers("w7").token(bits)
    assert token.isalnum()
    assert 4 * len(token.removeprefix("w7")) >= bits


def test_none_comes_twice_and_all_are_tokens() -> None:
    identifiers = RandomIdentifiers("aZ")
    for make in (identifiers.branch, identifiers.tag, identifiers.call_id, identifiers.token):
        made = {make() for _ in range(1_000)}
        assert len(made) == 1_000
        assert all(is_token(one) for one in made)


def test_spread_stays_between_its_bounds() -> None:
    identifiers = RandomIdentifiers("w7")
    spread = [identifiers.spread(20.0, 30.0) for _ in range(200)]
    assert all(20.0 <= one <= 30.0 for one in spread)
    assert max(spread) - min(spread) > 5.0


@pytest.mark.parametrize("worker", ["", "w", "w77", "w-", "é7", "w\n"])
def test_a_worker_id_is_two_letters_or_digits(worker: str) -> None:
    with pytest.raises(ValueError, match="worker id"):
        RandomIdentifiers(worker)
