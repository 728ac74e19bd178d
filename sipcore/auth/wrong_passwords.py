"""How many wrong passwords were checked of late: a bound on guessing."""

from __future__ import annotations


class WrongPasswords:
    """A sliding window of failed checks for each key, in bounded memory.

    Keys are names that exist (accounts, devices), never what a stranger made up: else a flood of
    invented names would push the counted ones out.
    """

    __slots__ = ("_checks_max", "_keys_max", "_times", "_window_s")

    def __init__(
        self, *, checks_max: int = 10, window_s: float = 900.0, keys_max: int = 50_000
    ) -> None:
        self._checks_max = checks_max
        self._window_s = window_s
        self._keys_max = keys_max
        self._times: dict[str, list[float]] = {}

    def may_check(self, key: str, *, now: float) -> bool:
        """Tell whether one more password may be looked at."""
        times = self._times.get(key)
        if times is None or len(times) < self._checks_max:
            return True
        return times[-self._checks_max] <= now - self._window_s

    def add(self, key: str, *, now: float) -> None:
        """Count a password that was checked and wrong."""
        times = self._times.pop(key, [])
        del times[: max(0, len(times) - self._checks_max + 1)]
        times.append(now)
        self._times[key] = times  # last in order: the one that failed longest ago goes first
        if len(self._times) > self._keys_max:
            del self._times[next(iter(self._times))]
