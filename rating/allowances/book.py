"""The balances of all allowances: granted, used, and reserved for calls that run.

A balance belongs to one account, option and local month. A call reserves while it runs, and at
its end uses what it used and gives the rest back; reserving is absolute, so that saying it twice
changes nothing. Unused seconds lapse with their month: another month is another balance. Here
stand facts only; how much a call may take is decided by its `AllowanceShare`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from rating.errors import LocalError

# A call outlives its month by hours, and the wall clock may be set back; older months are in the
# call records.
PERIODS_KEPT: Final = 3


class AllowanceKey(NamedTuple):
    """Whose seconds, of which option, in which local month."""

    account_id: str
    option_id: str
    period: str


class AllowanceState(NamedTuple):
    """One balance as it stands, in seconds."""

    key: AllowanceKey
    granted_s: int
    used_s: int
    reserved_s: int

    @property
    def available_s(self) -> int:
        """What nobody has taken; never below zero, even where less is granted than was."""
        return max(0, self.granted_s - self.used_s - self.reserved_s)


class AllowanceBook:
    """All allowances of one owner. Not shared between threads or processes."""

    __slots__ = ("_balances", "_reserved")

    def __init__(self) -> None:
        # By account and option, then by period.
        self._balances: dict[tuple[str, str], dict[str, _Balance]] = {}
        # By session, then by balance.
        self._reserved: dict[str, dict[AllowanceKey, int]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever granted."""
        return not self._balances

    def grant(self, key: AllowanceKey, granted_s: int) -> None:
        """Say how much there is of an allowance in a month; what is taken of it stays taken."""
        if granted_s < 0:
            raise LocalError(f"an allowance cannot be {granted_s} s")
        balance = self._find(key) or self._open(key)
        balance.granted_s = granted_s

    def taken_s(self, key: AllowanceKey) -> int:
        """Give the seconds that are used, or reserved for any call."""
        balance = self._find(key)
        return 0 if balance is None else balance.used_s + balance.reserved_s

    def reserve(self, session_id: str, key: AllowanceKey, seconds: int) -> None:
        """Let a session hold so many seconds in all, whatever it held before."""
        if seconds < 0:
            raise LocalError(f"{session_id} cannot reserve {seconds} s")
        balance = self._balance(key)
        of_session = self._reserved.setdefault(session_id, {})
        balance.reserved_s += seconds - of_session.pop(key, 0)
        if seconds:
            of_session[key] = seconds
        elif not of_session:
            del self._reserved[session_id]

    def use(self, session_id: str, key: AllowanceKey, used_s: int) -> None:
        """Count what a session has used for good, and give back the rest of what it held."""
        if used_s < 0:
            raise LocalError(f"{session_id} cannot use {used_s} s")
        self.reserve(session_id, key, 0)
        self._balance(key).used_s += used_s

    def give_back(self, session_id: str) -> None:
        """Return all that a session holds; a second time there is nothing to return."""
        for key, seconds in self._reserved.pop(session_id, {}).items():
            self._balance(key).reserved_s -= seconds

    def correct(self, key: AllowanceKey, *, refund_s: int, used_s: int) -> None:
        """Return what a closed session had used and count what it uses by a later rating.

        A month that was dropped stays so; one that came back may know less than that call had
        used. The caller recognises a repeat.
        """
        if refund_s < 0 or used_s < 0:
            raise LocalError(f"{refund_s} s used cannot become {used_s} s")
        balance = self._find(key)
        if balance is None:
            if self._has_lapsed(key):
                return
            balance = self._open(key)
        balance.used_s = max(0, balance.used_s - refund_s) + used_s

    def reserved_s(self, session_id: str, key: AllowanceKey) -> int:
        """Give what one session holds of a balance."""
        return self._reserved.get(session_id, {}).get(key, 0)

    def state(self, key: AllowanceKey) -> AllowanceState:
        """Give one balance; all zero where nothing was ever granted."""
        balance = self._find(key) or _Balance()
        return AllowanceState(key, balance.granted_s, balance.used_s, balance.reserved_s)

    def states(self) -> Iterator[AllowanceState]:
        """Give every balance that is kept, in the order of their keys."""
        for account_id, option_id in sorted(self._balances):
            for period in sorted(self._balances[account_id, option_id]):
                yield self.state(AllowanceKey(account_id, option_id, period))

    def to_record(self) -> dict[str, Any]:
        """Give the whole book as plain values, in an order that depends on nothing but them."""
        return {
            "balances": [[*state.key, state.granted_s, state.used_s] for state in self.states()],
            "reserved": [
                [session_id, *key, seconds]
                for session_id, of_session in sorted(self._reserved.items())
                for key, seconds in sorted(of_session.items())
            ],
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> AllowanceBook:
        """Read what `to_record` gave."""
        book = cls()
        for account_id, option_id, period, granted_s, used_s in record["balances"]:
            periods = book._balances.setdefault((account_id, option_id), {})
            periods[period] = _Balance(granted_s, used_s)
        for session_id, account_id, option_id, period, seconds in record["reserved"]:
            book.reserve(session_id, AllowanceKey(account_id, option_id, period), seconds)
        return book

    def _find(self, key: AllowanceKey) -> _Balance | None:
        return self._balances.get((key.account_id, key.option_id), {}).get(key.period)

    def _balance(self, key: AllowanceKey) -> _Balance:
        balance = self._find(key)
        if balance is None:
            raise LocalError(f"nothing was ever granted of {key}")
        return balance

    def _open(self, key: AllowanceKey) -> _Balance:
        """Begin a month, and drop the oldest ones that no call runs in any more."""
        periods = self._balances.setdefault((key.account_id, key.option_id), {})
        former = sorted(
            period
            for period, balance in periods.items()
            if period < key.period and not balance.reserved_s
        )
        for period in former[: max(0, len(periods) + 1 - PERIODS_KEPT)]:
            del periods[period]
        balance = periods[key.period] = _Balance()
        return balance

    def _has_lapsed(self, key: AllowanceKey) -> bool:
        periods = self._balances.get((key.account_id, key.option_id), {})
        return len(periods) >= PERIODS_KEPT and key.period < min(periods)


class _Balance:
    __slots__ = ("granted_s", "reserved_s", "used_s")

    def __init__(self, granted_s: int = 0, used_s: int = 0) -> None:
        self.granted_s = granted_s
        self.used_s = used_s
        self.reserved_s = 0
