"""The session timer of one dialog (RFC 4028): who refreshes, when, and when it is over.

The table is the life of the timer; ``answer`` and ``accept`` are what the two sides of a refresh
agree on (§9 table 2, §7.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final, TypeVar

from sipcore.errors import LocalError, RemoteError
from sipcore.message.message import Message, Request, Response
from sipcore.message.session_expires import MIN_SE_DEFAULT, SessionExpires, min_se

_T = TypeVar("_T")

OPTION_TAG: Final = "timer"

INTERVAL_MAX_S: Final = 86_400
"""A Min-SE above a day asks for no session timer at all; it is not followed."""

_MARGIN_S: Final = 32.0
"""§10: a session is ended this long before its interval is over, or a third of it if shorter."""


class State(IntEnum):
    """What this end does for the session."""

    OFF = 1
    REFRESHER = 2
    """We refresh at half of the interval."""
    REFRESHING = 3
    """Our refresh is on its way."""
    WAITING = 4
    """The peer refreshes."""
    EXPIRED = 5


class Input(IntEnum):
    """What happens to the timer."""

    AGREED_OURS = 1
    """A 2xx to an INVITE or UPDATE made us the refresher."""
    AGREED_THEIRS = 2
    """A 2xx to an INVITE or UPDATE made the peer the refresher."""
    AGREED_NONE = 3
    """A 2xx had no Session-Expires (§7.2)."""
    REFRESH_DUE = 4
    REFRESH_FAILED = 5
    """Refused, but the dialog lives: it is tried again until the session expires."""
    EXPIRY_DUE = 6


class Action(IntEnum):
    """What the timer wants done."""

    START_REFRESH = 1
    START_RETRY = 2
    START_EXPIRY = 3
    STOP_REFRESH = 4
    STOP = 5
    SEND_REFRESH = 6
    END_SESSION = 7


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow."""

    state: State
    actions: tuple[Action, ...] = ()


_OURS: Final = Step(State.REFRESHER, (Action.START_REFRESH, Action.START_EXPIRY))
_THEIRS: Final = Step(State.WAITING, (Action.STOP_REFRESH, Action.START_EXPIRY))
_NONE: Final = Step(State.OFF, (Action.STOP,))
_EXPIRED: Final = Step(State.EXPIRED, (Action.STOP, Action.END_SESSION))

TABLE: Final = MappingProxyType(
    {
        (State.OFF, Input.AGREED_OURS): _OURS,
        (State.OFF, Input.AGREED_THEIRS): _THEIRS,
        (State.REFRESHER, Input.AGREED_OURS): _OURS,
        (State.REFRESHER, Input.AGREED_THEIRS): _THEIRS,
        (State.REFRESHER, Input.AGREED_NONE): _NONE,
        (State.REFRESHER, Input.REFRESH_DUE): Step(
            State.REFRESHING, (Action.STOP_REFRESH, Action.SEND_REFRESH)
        ),
        (State.REFRESHER, Input.EXPIRY_DUE): _EXPIRED,
        (State.REFRESHING, Input.AGREED_OURS): _OURS,
        (State.REFRESHING, Input.AGREED_THEIRS): _THEIRS,
        (State.REFRESHING, Input.AGREED_NONE): _NONE,
        (State.REFRESHING, Input.REFRESH_FAILED): Step(State.REFRESHER, (Action.START_RETRY,)),
        (State.REFRESHING, Input.EXPIRY_DUE): _EXPIRED,
        (State.WAITING, Input.AGREED_OURS): _OURS,
        (State.WAITING, Input.AGREED_THEIRS): _THEIRS,
        (State.WAITING, Input.AGREED_NONE): _NONE,
        (State.WAITING, Input.EXPIRY_DUE): _EXPIRED,
    }
)

ABSORBED: Final = frozenset(
    {
        (State.OFF, Input.AGREED_NONE),
        # The answer to a refresh of ours crossed one of the peer's, which changed the roles.
        (State.OFF, Input.REFRESH_FAILED),
        (State.REFRESHER, Input.REFRESH_FAILED),
        (State.WAITING, Input.REFRESH_FAILED),
        # The session is over; what still crosses the wire changes nothing.
        (State.EXPIRED, Input.AGREED_OURS),
        (State.EXPIRED, Input.AGREED_THEIRS),
        (State.EXPIRED, Input.AGREED_NONE),
        (State.EXPIRED, Input.REFRESH_FAILED),
    }
)
"""Pairs that happen and change nothing; every other pair that is no row is a fault of ours."""


def is_interval_too_brief(request: Request, *, min_se_s: int) -> bool:
    """Tell whether an INVITE or UPDATE deserves a 422 with our Min-SE (§9).

    Who does not know the extension could not make use of a 422.
    """
    asked = SessionExpires.of(request)
    return asked is not None and asked.interval_s < min_se_s and _is_timer_supported(request)


class SessionTimer:
    """The session timer of one dialog; ``interval_s`` is what is asked for, then what is agreed.

    ``min_se_s`` is the shortest interval that we accept, raised by every 422 of the peer.
    """

    __slots__ = ("_expires_at", "_refresh_at", "interval_s", "min_se_s", "state")

    def __init__(self, *, interval_s: int, min_se_s: int) -> None:
        self.interval_s = interval_s
        self.min_se_s = max(min_se_s, MIN_SE_DEFAULT)
        self.state = State.OFF
        self._refresh_at: float | None = None
        self._expires_at: float | None = None

    @property
    def is_running(self) -> bool:
        """Whether the session can expire."""
        return self._expires_at is not None

    @property
    def is_refresher(self) -> bool:
        """Whether this end refreshes."""
        return self.state in (State.REFRESHER, State.REFRESHING)

    def next_deadline(self) -> float | None:
        """Return when ``fire`` has something to do."""
        if self._refresh_at is None or self._expires_at is None:
            return self._expires_at
        return min(self._refresh_at, self._expires_at)

    def fire(self, *, now: float) -> tuple[Action, ...]:
        """Take the time; returns SEND_REFRESH or END_SESSION when one is due."""
        if self._expires_at is not None and self._expires_at <= now:
            return self._step(Input.EXPIRY_DUE, now=now)
        if self._refresh_at is not None and self._refresh_at <= now:
            return self._step(Input.REFRESH_DUE, now=now)
        return ()

    def request_fields(self) -> list[tuple[str, str]]:
        """Return the headers of an INVITE or UPDATE that we send (§7.1, §7.4).

        The first INVITE leaves the refresher to the peer; a later one keeps the roles.
        """
        refresher = None
        if self.state is not State.OFF:
            refresher = "uac" if self.is_refresher else "uas"
        interval_s = max(self.interval_s, self.min_se_s)
        fields = [("session-expires", str(SessionExpires(interval_s, refresher)))]
        if self.min_se_s > MIN_SE_DEFAULT:
            fields.append(("min-se", str(self.min_se_s)))
        return fields

    def answer(self, request: Request, *, now: float) -> list[tuple[str, str]]:
        """Agree as UAS; returns the headers of the 2xx (§9 table 2) and starts the timer.

        What cannot be read asks for nothing: the callee has answered, it is too late to refuse.
        """
        asked = _read(SessionExpires.of, request)
        is_known = _read(_is_timer_supported, request) or False
        if asked is None and not is_known:
            self._step(Input.AGREED_NONE, now=now)
            return []
        ceiling = self.interval_s if asked is None else asked.interval_s
        self.interval_s = max(
            min(self.interval_s, ceiling), _read(min_se, request) or 0, self.min_se_s
        )
        # Left to us, who refreshes now goes on; at first it is the caller, who knows its own NAT.
        refresher = "uas" if self.is_refresher or not is_known else "uac"
        if is_known and asked is not None and asked.refresher is not None:
            refresher = asked.refresher
        self._step(
            Input.AGREED_OURS if refresher == "uas" else Input.AGREED_THEIRS,
            now=now,
        )
        fields = [("session-expires", str(SessionExpires(self.interval_s, refresher)))]
        if is_known:
            fields.append(("require", OPTION_TAG))
        return fields

    def accept(self, response: Response, *, now: float) -> None:
        """Take the 2xx to an INVITE or UPDATE of ours (§7.2) and start the timer.

        A malformed Session-Expires agrees on nothing: a session does not fail for it.
        """
        agreed = _read(SessionExpires.of, response)
        if agreed is None:
            self._step(Input.AGREED_NONE, now=now)
            return
        # A server below our floor broke §9; the floor protects us from refreshing every second.
        self.interval_s = max(agreed.interval_s, self.min_se_s)
        is_ours = agreed.refresher != "uas"
        self._step(Input.AGREED_OURS if is_ours else Input.AGREED_THEIRS, now=now)

    def raise_to(self, response: Response) -> bool:
        """Take the Min-SE of a 422 (§7.3); False when it asks for nothing that we did not offer."""
        floor = _read(min_se, response)
        if floor is None or floor <= max(self.interval_s, self.min_se_s) or floor > INTERVAL_MAX_S:
            return False
        self.min_se_s = self.interval_s = floor
        return True

    def refresh_failed(self, *, retry_at: float, now: float) -> None:
        """Learn that our refresh was refused or had to wait; it is sent again at ``retry_at``."""
        self._step(Input.REFRESH_FAILED, now=now, retry_at=retry_at)

    def resume(self, *, is_refresher: bool, now: float) -> None:
        """Start again after a restart, with a whole interval: the last refresh is not known."""
        self._step(Input.AGREED_OURS if is_refresher else Input.AGREED_THEIRS, now=now)

    def _step(
        self, given: Input, *, now: float, retry_at: float | None = None
    ) -> tuple[Action, ...]:
        pair = (self.state, given)
        step = TABLE.get(pair)
        if step is None:
            if pair in ABSORBED:
                return ()
            raise LocalError(f"{given.name} while {self.state.name}")
        self.state = step.state
        for action in step.actions:
            if action is Action.START_REFRESH:
                self._refresh_at = now + self.interval_s / 2
            elif action is Action.START_RETRY:
                self._refresh_at = retry_at
            elif action is Action.START_EXPIRY:
                self._expires_at = now + self.interval_s - min(_MARGIN_S, self.interval_s / 3)
            elif action is Action.STOP_REFRESH:
                self._refresh_at = None
            elif action is Action.STOP:
                self._refresh_at = self._expires_at = None
        return step.actions


def _is_timer_supported(message: Message) -> bool:
    return OPTION_TAG in message.tokens("supported")


def _read(of: Callable[[Message], _T], message: Message) -> _T | None:
    try:
        return of(message)
    except RemoteError:
        return None
