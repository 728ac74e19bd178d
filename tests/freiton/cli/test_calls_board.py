"""The calls of a running switch: how many, and what stands on their board."""

from __future__ import annotations

from typing import Any

import pytest

from freiton.cli.calls import Board
from tests.freiton.cli.conftest import Freiton, RunningSwitch


def prices(*reports: dict[str, Any]) -> list[object]:
    board = Board(with_numbers=True)
    for report in reports:
        board.take({"call_id": "c1", "account": "paula", "cause": None, **report})
    return list(board.table().columns[-1].cells)


def test_price_plan_and_seconds_of_allowances_are_shown() -> None:
    admitted = {"kind": "admit", "price": "12.2 cents net per minute", "plan": "plusnet/sip-trunk"}
    assert prices(admitted) == ["12.2 cents net per minute, plusnet/sip-trunk"]
    told = prices(admitted, {"kind": "tick", "talk_s": 5.0, "cost_micros": 0, "allowance_s": 5})
    assert told == ["12.2 cents net per minute, plusnet/sip-trunk, 5 s by allowance"]
    assert prices({"kind": "admit"}) == [""]


def test_the_heading_of_the_cost_says_that_it_is_gross() -> None:
    board = Board(with_numbers=True)
    board.take({"kind": "tick", "call_id": "c1", "talk_s": 5.0, "cost_micros": 14_280})
    cells = {str(column.header): list(column.cells) for column in board.table().columns}
    assert cells["Cost, gross"] == ["0.01428 €"]


@pytest.mark.parametrize(("count", "words"), [(0, "0 calls."), (1, "1 call."), (2, "2 calls.")])
def test_calls_are_counted(freiton: Freiton, switch: RunningSwitch, count: int, words: str) -> None:
    switch.told = {"calls": count}
    assert freiton("calls").out.startswith(words)
