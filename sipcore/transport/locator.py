"""What is known of the name service by now, and who waits for more of it.

The name service itself is outside: questions are put out, answers come in, and both are kept
within bounds here, on the time that is handed in. So a request waits for a name without a task,
and a test answers as it likes.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from sipcore.limits import (
    DNS_FAILURE_TTL_S,
    DNS_KEPT_MAX,
    DNS_NEGATIVE_TTL_S,
    DNS_OUTSTANDING_MAX,
    DNS_RECORDS_MAX,
    DNS_ROUNDS_MAX,
    DNS_TTL_S,
)
from sipcore.transport.dns_records import Question, Record
from sipcore.transport.locate import Capabilities, Draw, Located, Wanted, locate

Owner = tuple[str | int, ...]
"""Who waits: the name of a room, and whatever leads it back to what waits there."""


class NameService(Protocol):
    """Whoever asks the name service; each answer comes back as ``Locator.learn``."""

    def ask(self, questions: list[Question]) -> None:
        """Ask all of these; must not wait."""
        ...


class _Search:
    """Somebody who waits for a place."""

    __slots__ = ("capabilities", "missing", "owner", "rounds", "wanted")

    def __init__(self, wanted: Wanted, capabilities: Capabilities, owner: Owner) -> None:
        self.wanted = wanted
        self.capabilities = capabilities
        self.owner = owner
        self.missing: set[Question] = set()
        self.rounds = 0


class Locator:
    """Finds the servers of a URI; ``draw`` is the chance that spreads load over equal ones."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._known: dict[Question, tuple[float, tuple[Record, ...]]] = {}
        self._waiting: dict[Question, list[_Search]] = {}
        self._unasked: list[Question] = []
        self._located: list[tuple[Owner, Located]] = []
        self.asked = 0
        self.unanswered = 0
        """Questions that the name service could not answer, or not in time."""
        self.refused = 0
        """Searches that found too many questions under way."""

    @property
    def kept(self) -> int:
        """How many answers are kept."""
        return len(self._known)

    @property
    def outstanding(self) -> int:
        """How many questions are under way."""
        return len(self._waiting)

    def locate(
        self, wanted: Wanted, capabilities: Capabilities, *, owner: Owner, now: float
    ) -> Located | None:
        """Return where to send, or None when the name service must be asked first.

        Then ``located`` gives the place later, once, under ``owner``; without any hop when the
        name leads nowhere or nobody answers.
        """
        return self._go_on(_Search(wanted, capabilities, owner), now=now)

    def questions(self) -> list[Question]:
        """Give what the name service is to be asked, each question once while it is under way."""
        questions, self._unasked = self._unasked, []
        self.asked += len(questions)
        return questions

    def learn(
        self, question: Question, records: tuple[Record, ...] | None, ttl_s: float, *, now: float
    ) -> None:
        """Take an answer; no records when there are none, None when nobody could tell."""
        if records is None:
            self.unanswered += 1
            lifetime = DNS_FAILURE_TTL_S
        elif not records:
            lifetime = DNS_NEGATIVE_TTL_S
        else:
            lifetime = min(max(ttl_s, DNS_TTL_S[0]), DNS_TTL_S[1])
        if len(self._known) >= DNS_KEPT_MAX:
            self._forget(now=now)
        self._known[question] = (now + lifetime, (records or ())[:DNS_RECORDS_MAX])
        for search in self._waiting.pop(question, ()):
            search.missing.discard(question)
            if not search.missing:
                located = self._go_on(search, now=now)
                if located is not None:
                    self._located.append((search.owner, located))

    def located(self) -> list[tuple[Owner, Located]]:
        """Give the places that searches have found, in the order they did."""
        located, self._located = self._located, []
        return located

    def _go_on(self, search: _Search, *, now: float) -> Located | None:
        outcome = locate(
            search.wanted, partial(self._answer, now=now), search.capabilities, draw=self._draw
        )
        if isinstance(outcome, Located):
            return outcome
        search.rounds += 1
        new = [one for one in outcome.questions if one not in self._waiting]
        if search.rounds > DNS_ROUNDS_MAX or len(self._waiting) + len(new) > DNS_OUTSTANDING_MAX:
            self.refused += 1
            return Located(())
        for question in outcome.questions:
            search.missing.add(question)
            self._waiting.setdefault(question, []).append(search)
        self._unasked += new
        return None

    def _answer(self, question: Question, *, now: float) -> tuple[Record, ...] | None:
        kept = self._known.get(question)
        return None if kept is None or kept[0] <= now else kept[1]

    def _forget(self, *, now: float) -> None:
        """Make room: what is old, and if nothing is, the half that was learned first."""
        valid = {one: kept for one, kept in self._known.items() if kept[0] > now}
        if len(valid) >= DNS_KEPT_MAX:
            valid = dict(list(valid.items())[len(valid) // 2 :])
        self._known = valid
