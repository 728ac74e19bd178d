"""How commands write amounts of things."""

from __future__ import annotations

import pytest

from freiton.cli.output import counted


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls"), (1000, "1000 calls")]
)
def test_one_is_singular(count: int, words: str) -> None:
    assert counted(count, "call") == words
