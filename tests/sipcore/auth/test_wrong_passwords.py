from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipcore.auth.wrong_passwords import WrongPasswords


def test_ten_in_a_quarter_of_an_hour() -> None:
    window = WrongPasswords()
    for second in range(10):
        assert window.may_check("a", now=float(second))
        window.add("a", now=float(second))
    assert not window.may_check("a", now=10.0)
    assert not window.may_check("a", now=899.9)
    assert window.may_check("b", now=10.0)
    assert window.may_check("a", now=900.0)
    window.add("a", now=900.0)
    assert not window.may_check("a", now=900.5)
    assert window.may_check("a", now=901.0)


def test_memory_is_bounded_and_the_longest_quiet_key_goes_first() -> None:
    window = WrongPasswords(checks_max=1, keys_max=3)
    for now, key in enumerate("abcad"):
        window.add(key, now=float(now))
    assert [window.may_check(key, now=5.0) for key in "abcd"] == [False, True, False, False]


@given(st.lists(st.floats(0, 400), max_size=80))
def test_no_window_holds_more_than_is_allowed(waits: list[float]) -> None:
    window = WrongPasswords(checks_max=3, window_s=900.0)
    now = 0.0
    checked: list[float] = []
    for wait in waits:
        now += wait
        if window.may_check("a", now=now):
            window.add("a", now=now)
            checked.append(now)
    for first, fourth in zip(checked, checked[3:], strict=False):
        assert fourth - first >= 900.0
