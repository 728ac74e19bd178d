"""What a server lets us offer: RFC 7339 as its client."""

from __future__ import annotations

import pytest

from sipcore.defence.offered_load import LoadReport, OfferedLoad
from sipcore.limits import OVERLOAD_VALIDITY_MAX_S
from sipcore.message.parameters import parse_parameters


def report(text: str) -> LoadReport | None:
    return LoadReport.of(parse_parameters(text))


def told(text: str) -> OfferedLoad:
    load = OfferedLoad()
    learn(load, text)
    return load


def learn(load: OfferedLoad, text: str, *, now: float = 0.0) -> None:
    one = report(text)
    assert one is not None
    load.learn(one, now=now)


def test_a_share_is_held_back_while_it_is_valid() -> None:
    load = told(';oc=20;oc-algo="loss";oc-validity=1000;oc-seq=1282321615.782')
    assert [load.is_withheld(chance, now=0.5) for chance in (0.0, 19.9, 20.0, 99.9)] == [
        True,
        True,
        False,
        False,
    ]
    assert load.loss(now=0.999) == 20
    assert load.loss(now=1.0) == 0
    assert not load.is_withheld(0.0, now=1.0)


def test_without_a_validity_it_is_half_a_second() -> None:
    load = told(";oc=100;oc-algo=loss;oc-seq=1")
    assert load.is_withheld(99.999, now=0.499)
    assert not load.is_withheld(0.0, now=0.5)


def test_a_validity_out_of_all_measure_is_bounded() -> None:
    load = told(';oc=50;oc-algo="loss";oc-validity=4294967295;oc-seq=1')
    assert load.loss(now=OVERLOAD_VALIDITY_MAX_S - 1) == 50
    assert load.loss(now=OVERLOAD_VALIDITY_MAX_S) == 0


def test_a_validity_of_zero_ends_it() -> None:
    load = told(';oc=50;oc-algo="loss";oc-validity=9000;oc-seq=1.1')
    learn(load, ';oc=0;oc-algo="loss";oc-validity=0;oc-seq=1.2', now=1.0)
    assert load.loss(now=1.0) == 0


@pytest.mark.parametrize(
    ("newer", "older"), [("1282321615.782", "1282321615.781"), ("10", "9.9"), ("1.5", "1.49")]
)
def test_a_response_that_was_overtaken_changes_nothing(newer: str, older: str) -> None:
    load = told(f';oc=10;oc-algo="loss";oc-validity=9000;oc-seq={newer}')
    learn(load, f';oc=90;oc-algo="loss";oc-validity=9000;oc-seq={older}')
    assert load.loss(now=1.0) == 10


def test_the_same_decision_said_again_lasts_longer() -> None:
    load = told(';oc=10;oc-algo="loss";oc-validity=1000;oc-seq=7')
    learn(load, ';oc=10;oc-algo="loss";oc-validity=1000;oc-seq=7', now=0.9)
    assert load.loss(now=1.5) == 10


@pytest.mark.parametrize(
    "text",
    [
        ';oc;oc-algo="loss"',
        ';oc-algo="loss";oc-seq=1',
        ';oc=101;oc-algo="loss";oc-seq=1',
        ';oc=-1;oc-algo="loss";oc-seq=1',
        ';oc=1.5;oc-algo="loss";oc-seq=1',
        ';oc=20;oc-algo="rate";oc-seq=1',
        ';oc=20;oc-algo="loss"',
        ';oc=20;oc-algo="loss";oc-seq=later',
        ';oc=20;oc-algo="loss";oc-seq=1;oc-validity=long',
        ';oc=20;oc-algo="loss";oc-seq=99999999999',
        ';oc=٢٠;oc-algo="loss";oc-seq=1',
    ],
)
def test_what_is_none_of_it_holds_nothing_back(text: str) -> None:
    assert report(text) is None
