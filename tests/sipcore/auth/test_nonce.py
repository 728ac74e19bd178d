from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.auth.nonce import Nonces, NonceState, NonceUse
from sipcore.errors import LocalError

KEY = b"0123456789abcdef"


def nonces(run: bytes = b"run", **options: float) -> Nonces:
    return Nonces(
        KEY,
        run,
        lifetime_s=options.get("lifetime_s", 300.0),
        uses_max=int(options.get("uses_max", 100)),
    )


def test_a_nonce_lives_as_long_as_it_should() -> None:
    ours = nonces()
    nonce = ours.issue(now=1000.0)
    assert ours.state(nonce, now=1000.0) is NonceState.FRESH
    assert ours.state(nonce, now=1299.9) is NonceState.FRESH
    assert ours.state(nonce, now=1300.0) is NonceState.STALE


def test_nonces_of_one_instant_differ() -> None:
    ours = nonces()
    assert len({ours.issue(now=5.0) for _ in range(1000)}) == 1000


def test_a_nonce_of_another_key_is_foreign() -> None:
    theirs = Nonces(b"another key 1234", b"run")
    assert nonces().state(theirs.issue(now=1.0), now=1.0) is NonceState.FOREIGN


def test_a_nonce_of_an_earlier_run_is_stale() -> None:
    before = nonces(b"old").issue(now=1.0)
    assert nonces(b"new").state(before, now=2.0) is NonceState.STALE


def test_a_nonce_from_the_future_is_stale() -> None:
    ours = nonces()
    assert ours.state(ours.issue(now=100.0), now=99.0) is NonceState.STALE


def test_a_nonce_knows_the_address_that_it_was_sent_to() -> None:
    ours = nonces()
    nonce = ours.issue(now=1.0, source="192.0.2.66")
    assert ours.was_given_to("192.0.2.66", nonce, now=2.0)
    assert not ours.was_given_to("192.0.2.67", nonce, now=2.0)
    assert not ours.was_given_to("192.0.2.66", nonce, now=302.0)
    assert not ours.was_given_to("192.0.2.66", "made up", now=2.0)
    assert not nonces(b"new").was_given_to("192.0.2.66", nonce, now=2.0)
    # A phone whose address has changed is not asked again.
    assert ours.state(nonce, now=2.0) is NonceState.FRESH


def test_weak_keys_are_refused() -> None:
    with pytest.raises(LocalError):
        Nonces(b"short", b"run")
    with pytest.raises(LocalError):
        Nonces(KEY, b"")


@given(st.text(max_size=60))
def test_no_text_is_a_nonce(text: str) -> None:
    assert nonces().state(text, now=1.0) is NonceState.FOREIGN


@given(st.integers(0, 43), st.characters())
def test_no_changed_nonce_counts(position: int, mark: str) -> None:
    ours = nonces()
    nonce = ours.issue(now=1.0)
    changed = nonce[:position] + mark + nonce[position + 1 :]
    # Base64 has two alphabets, and both spell the same nonce.
    same = changed.replace("+", "-").replace("/", "_") == nonce
    assert (ours.state(changed, now=1.0) is NonceState.FRESH) == same


def test_uses() -> None:
    ours = nonces()
    nonce = ours.issue(now=0.0)
    assert ours.use(nonce, 1, b"register", now=1.0) is NonceUse.NEW
    assert ours.use(nonce, 1, b"register", now=2.0) is NonceUse.REPEATED
    assert ours.use(nonce, 1, b"invite", now=2.0) is NonceUse.REUSED
    assert ours.use(nonce, 3, b"invite", now=2.0) is NonceUse.NEW
    assert ours.use(nonce, 2, b"late", now=2.0) is NonceUse.NEW
    assert ours.use(ours.issue(now=0.0), 1, b"invite", now=2.0) is NonceUse.NEW


def test_a_use_is_known_as_long_as_its_nonce_lives() -> None:
    ours = nonces(lifetime_s=10.0)
    nonce = ours.issue(now=100.0)
    ours.use(nonce, 1, b"first", now=100.5)
    for tick in range(1, 90):
        now = 100.5 + tick / 10
        assert ours.use(nonce, 1, b"second", now=now) is NonceUse.REUSED
        ours.use(ours.issue(now=now), 1, b"x", now=now)


def test_memory_is_bounded_and_forgets_nothing_that_counts() -> None:
    ours = nonces(uses_max=50)
    used = []
    for number in range(1_000):
        now = number / 100
        nonce = ours.issue(now=now)
        assert ours.use(nonce, 1, b"first", now=now) is NonceUse.NEW
        used.append(nonce)
        assert ours.remembered <= 100
    now = 10.0
    for nonce in used:
        if ours.state(nonce, now=now) is NonceState.FRESH:
            assert ours.use(nonce, 1, b"second", now=now) is NonceUse.REUSED
    assert ours.state(used[-1], now=now) is NonceState.FRESH
    assert ours.state(used[0], now=now) is NonceState.STALE


@given(
    st.lists(
        st.tuples(
            st.floats(0, 3), st.integers(0, 5), st.integers(1, 3), st.sampled_from([b"a", b"b"])
        ),
        max_size=60,
    )
)
def test_no_count_of_a_fresh_nonce_is_taken_for_two_requests(
    steps: list[tuple[float, int, int, bytes]],
) -> None:
    ours = nonces(lifetime_s=5.0, uses_max=4)
    now = 0.0
    issued = [ours.issue(now=now)]
    taken: dict[tuple[str, int], bytes] = {}
    for wait, which, count, request in steps:
        now += wait
        issued.append(ours.issue(now=now))
        nonce = issued[-1 - which % len(issued)]
        if ours.state(nonce, now=now) is not NonceState.FRESH:
            continue
        use = ours.use(nonce, count, request, now=now)
        before = taken.setdefault((nonce, count), request)
        assert (use is NonceUse.REUSED) == (before != request)
