"""Who may watch whom, what a watcher is shown, and which lamps an account keeps together.

The rule is the site's, the question is asked with every SUBSCRIBE and again with every change of
the site. A stranger must not find out who there is: to somebody of another customer whom nobody
allowed, an account that may not be watched is one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final


class WatchedBy(StrEnum):
    """Who may watch an account when nothing was said about the watcher."""

    COLLEAGUES = "colleagues"  # every account of the same customer
    ALLOWED = "allowed"  # nobody; a colleague who asks waits for `freiton watcher allow`


class Verdict(IntEnum):
    """What becomes of a watcher."""

    ALLOWED = 1
    UNDECIDED = 2
    DENIED = 3
    """A colleague, who knows that there is somebody."""
    UNKNOWN = 4
    """A stranger, who must not learn it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """What an account says of those who watch it."""

    watched_by: WatchedBy = WatchedBy.COLLEAGUES
    shows_remote: bool = False
    """Whether watchers see with whom the account speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LampList:
    """Accounts that one phone watches in a single subscription (RFC 4662), in their order."""

    id: int
    account_id: int
    name: str
    members: tuple[int, ...]


DEFAULT_SETTINGS: Final = WatchSettings()


class Watching:
    """The site's rules about watching; immutable like the directory it belongs to."""

    __slots__ = ("_lists", "_settings", "_verdicts", "lists")

    def __init__(
        self,
        *,
        settings: Mapping[int, WatchSettings] = MappingProxyType({}),
        verdicts: Mapping[tuple[int, int], bool] = MappingProxyType({}),
        lists: Iterable[LampList] = (),
    ) -> None:
        """``verdicts`` are by watched and watching account."""
        self._settings = dict(settings)
        self._verdicts = dict(verdicts)
        self.lists: Final = tuple(lists)
        self._lists = {(one.account_id, one.name): one for one in self.lists}

    def settings(self, account_id: int) -> WatchSettings:
        """Return what an account says of those who watch it."""
        return self._settings.get(account_id, DEFAULT_SETTINGS)

    def verdicts(self) -> Iterable[tuple[int, int, bool]]:
        """Give every decision about one watcher: watched, watching, allowed."""
        return ((watched, watcher, allowed) for (watched, watcher), allowed in self._said())

    def verdict(self, watched: int, watcher: int, *, are_colleagues: bool) -> Verdict:
        """Return what becomes of a watcher; an account may always watch itself."""
        if watched == watcher:
            return Verdict.ALLOWED
        said = self._verdicts.get((watched, watcher))
        if said is not None:
            refused = Verdict.DENIED if are_colleagues else Verdict.UNKNOWN
            return Verdict.ALLOWED if said else refused
        if not are_colleagues:
            return Verdict.UNKNOWN
        is_open = self.settings(watched).watched_by is WatchedBy.COLLEAGUES
        return Verdict.ALLOWED if is_open else Verdict.UNDECIDED

    def lamp_list(self, account_id: int, name: str) -> LampList | None:
        """Return a list of an account by its name."""
        return self._lists.get((account_id, name))

    def _said(self) -> Iterable[tuple[tuple[int, int], bool]]:
        return sorted(self._verdicts.items())


NOTHING_SAID: Final = Watching()
