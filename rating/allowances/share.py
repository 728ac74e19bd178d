"""One call's part of its account's allowances.

An allowance pays charged seconds: those that are left of a duration after free seconds and whole
increments. Which of a call's charged seconds are paid so is kept as spans in the order in which
they were reserved, so that a second once paid by an allowance or in money stays paid that way,
whatever other calls take or give back later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rating.allowances.book import AllowanceBook, AllowanceKey
from rating.allowances.terms import AllowanceTerms

# A span ends where an allowance does; more of them only arise while parallel calls take and give
# back by turns. Every extension of a grant repeats them all, so they have a bound: a call that
# reaches it goes on in money alone.
SPANS_MAX: Final = 64


class AllowanceSpan(NamedTuple):
    """Charged seconds from `start_s` on, paid by the call's allowance of a number from 0 on."""

    number: int
    start_s: int
    seconds: int

    @property
    def end_s(self) -> int:
        """The first charged second after the span."""
        return self.start_s + self.seconds


class AllowanceShare:
    """What one call has taken of the allowances that its quote names, in their order."""

    __slots__ = ("_book", "_keys", "_session_id", "spans", "terms")

    def __init__(
        self,
        session_id: str,
        book: AllowanceBook,
        *,
        account_id: str,
        terms: Sequence[AllowanceTerms] = (),
    ) -> None:
        self._session_id = session_id
        self._book = book
        self._keys = tuple(AllowanceKey(account_id, one.option_id, one.period) for one in terms)
        self.terms = tuple(terms)
        self.spans: tuple[AllowanceSpan, ...] = ()

    @property
    def reserved_s(self) -> int:
        """All seconds that the call has taken."""
        return sum(span.seconds for span in self.spans)

    def free_s(self) -> tuple[int, ...]:
        """Give what the call could still take of each allowance, by its own terms."""
        if len(self.spans) >= SPANS_MAX:
            return (0,) * len(self.terms)
        return tuple(
            max(0, terms.granted_s - self._book.taken_s(key))
            for terms, key in zip(self.terms, self._keys, strict=True)
        )

    def spans_up_to(self, charged_s: int, *, from_s: int) -> tuple[AllowanceSpan, ...]:
        """Give the spans as they would stand once the charged seconds `from_s` … are paid too.

        Allowances pay in their order and first; what they leave of the seconds is money's.
        """
        spans = list(self.spans)
        for number, free_s in enumerate(self.free_s()):
            seconds = min(free_s, charged_s - from_s)
            if seconds > 0:
                _append(spans, AllowanceSpan(number, from_s, seconds))
                from_s += seconds
        return tuple(spans)

    def used_s(self, charged_s: int, spans: Sequence[AllowanceSpan]) -> tuple[int, ...]:
        """Give what so many charged seconds of a call with such spans use of each allowance."""
        used = [0] * len(self.terms)
        for span in spans:
            used[span.number] += max(0, min(charged_s - span.start_s, span.seconds))
        return tuple(used)

    def grant(self) -> None:
        """Enter the terms into the book."""
        for terms, key in zip(self.terms, self._keys, strict=True):
            self._book.grant(key, terms.granted_s)

    def reserve(self, spans: Sequence[AllowanceSpan]) -> None:
        """Enter decided spans in place of the former ones."""
        self.spans = tuple(AllowanceSpan(*span) for span in spans)
        last_s = max((span.end_s for span in self.spans), default=0)
        for key, seconds in zip(self._keys, self.used_s(last_s, self.spans), strict=True):
            self._book.reserve(self._session_id, key, seconds)

    def use(self, used_s: Mapping[str, int]) -> None:
        """Count what was used for good, by option; the rest goes back."""
        for key in self._keys:
            self._book.use(self._session_id, key, used_s.get(key.option_id, 0))

    def give_back(self) -> None:
        """Return all that the call has not used for good."""
        self._book.give_back(self._session_id)


def _append(spans: list[AllowanceSpan], span: AllowanceSpan) -> None:
    last = spans[-1] if spans else None
    if last is not None and (last.number, last.end_s) == (span.number, span.start_s):
        spans[-1] = last._replace(seconds=last.seconds + span.seconds)
    else:
        spans.append(span)
