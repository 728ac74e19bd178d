"""The best of several failures (RFC 3261 §16.7 step 6)."""

from __future__ import annotations

import pytest

from sipcore.b2bua.best_response import choose_best_response
from sipcore.b2bua.response_mapping import status_for_caller


@pytest.mark.parametrize(
    ("statuses", "best"),
    [
        ([486, 603, 404], 603),
        ([503, 404], 404),
        ([501, 503], 503),
        ([480, 486], 486),
        ([408, 480], 480),
        ([408, 404], 404),
        ([486, 484], 484),
        ([486, 488], 488),
        ([404, 403], 403),
        ([302, 486], 486),
        ([302, 503], 302),
        ([408], 408),
    ],
)
def test_the_best_is_chosen_in_any_order(statuses: list[int], best: int) -> None:
    assert statuses[choose_best_response(statuses)] == best
    turned = statuses[::-1]
    assert turned[choose_best_response(turned)] == best


def test_of_equals_the_first_is_chosen() -> None:
    assert choose_best_response([486, 486]) == 0


@pytest.mark.parametrize(
    ("status", "spoken"),
    [
        (302, 480), (401, 480), (407, 480), (481, 480), (487, 480), (491, 480), (422, 480),
        (503, 500), (486, 486), (404, 404), (408, 408), (500, 500), (603, 603),
    ],
)  # fmt: skip
def test_what_the_caller_hears(status: int, spoken: int) -> None:
    assert status_for_caller(status) == spoken
