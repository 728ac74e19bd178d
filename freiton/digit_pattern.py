"""Which digits may follow: number patterns as position automata.

Numbering metadata describes ranges as regular expressions over digits. ``re`` can only say whether
a whole number matches; making a prefix table needs to know what a *prefix* can still become.
A position automaton (Glushkov) answers that: every digit class of the pattern is a position, a
state is the set of positions just read, and a state is alive as long as it is not empty.
"""

from dataclasses import dataclass
from typing import Final

START: Final = frozenset({-1})
"""The state before the first digit."""

State = frozenset[int]

_ALL_DIGITS: Final = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A part of a pattern: where it can begin and end, and whether it can be skipped."""

    first: State
    last: State
    nullable: bool


_NOTHING: Final = _Fragment(frozenset(), frozenset(), nullable=True)


class DigitPattern:
    r"""A pattern of digits, classes, ``\d``, groups, ``|``, ``?`` and counted repetition."""

    def __init__(self, pattern: str) -> None:
        """Raise ``ValueError`` for anything else that regular expressions may hold."""
        self._pattern = pattern
        self._at = 0
        self._digits: list[frozenset[str]] = []
        self._follow: dict[int, set[int]] = {}
        whole = self._alternatives()
        if self._at != len(pattern):
            raise ValueError(f"unexpected {pattern[self._at]!r} at {self._at} in {pattern!r}")
        self._follow[-1] = set(whole.first)
        self._steps: dict[tuple[State, str], State] = {}

    def step(self, state: State, digit: str) -> State:
        """Read one more digit; an empty state means that no number of the pattern begins so."""
        known = self._steps.get((state, digit))
        if known is None:
            known = frozenset(
                following
                for position in state
                for following in self._follow[position]
                if digit in self._digits[following]
            )
            self._steps[state, digit] = known
        return known

    def _alternatives(self) -> _Fragment:
        found = self._sequence()
        while self._next_is("|"):
            self._at += 1
            other = self._sequence()
            found = _Fragment(
                found.first | other.first,
                found.last | other.last,
                found.nullable or other.nullable,
            )
        return found

    def _sequence(self) -> _Fragment:
        found = _NOTHING
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            found = self._join(found, self._repeated())
        return found

    def _join(self, left: _Fragment, right: _Fragment) -> _Fragment:
        for position in left.last:
            self._follow[position] |= right.first
        return _Fragment(
            left.first | right.first if left.nullable else left.first,
            left.last | right.last if right.nullable else right.last,
            left.nullable and right.nullable,
        )

    def _repeated(self) -> _Fragment:
        """Read an atom and its count; every repetition gets positions of its own."""
        start = self._at
        atom = self._atom()
        end = self._at
        least, most, after = self._count(end)
        found = _NOTHING
        for number in range(most):
            if number:
                self._at = start
                atom = self._atom()
            optional = number >= least
            found = self._join(found, _Fragment(atom.first, atom.last, atom.nullable or optional))
        self._at = after
        return found

    def _count(self, at: int) -> tuple[int, int, int]:
        rest = self._pattern[at : at + 1]
        if rest == "?":
            return 0, 1, at + 1
        if rest != "{":
            return 1, 1, at
        close = self._pattern.index("}", at)
        least, _, most = self._pattern[at + 1 : close].partition(",")
        return int(least), int(most or least), close + 1

    def _atom(self) -> _Fragment:
        pattern, at = self._pattern, self._at
        if pattern[at] == "(":
            self._at += 3 if pattern.startswith("(?:", at) else 1
            group = self._alternatives()
            if not self._next_is(")"):
                raise ValueError(f"group not closed in {pattern!r}")
            self._at += 1
            return group
        if pattern[at] == "[":
            close = pattern.index("]", at)
            self._at = close + 1
            return self._position(_read_class(pattern[at + 1 : close]))
        if pattern.startswith(r"\d", at):
            self._at += 2
            return self._position(_ALL_DIGITS)
        if pattern[at] not in _ALL_DIGITS:
            raise ValueError(f"unexpected {pattern[at]!r} at {at} in {pattern!r}")
        self._at += 1
        return self._position(frozenset(pattern[at]))

    def _position(self, digits: frozenset[str]) -> _Fragment:
        position = len(self._digits)
        self._digits.append(digits)
        self._follow[position] = set()
        return _Fragment(frozenset({position}), frozenset({position}), nullable=False)

    def _next_is(self, character: str) -> bool:
        return self._pattern.startswith(character, self._at)


def _read_class(body: str) -> frozenset[str]:
    body = body.replace(r"\d", "0-9")
    digits: set[str] = set()
    at = 0
    while at < len(body):
        if body[at + 1 : at + 2] == "-":
            digits.update(str(digit) for digit in range(int(body[at]), int(body[at + 2]) + 1))
            at += 3
        else:
            digits.add(body[at])
            at += 1
    return frozenset(digits)
