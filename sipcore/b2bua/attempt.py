"""One target of a fork: its INVITE, what it said so far, the dialogs that it made."""

from __future__ import annotations

from sipcore.b2bua.call_events import Failure, Target
from sipcore.b2bua.leg import Leg
from sipcore.dialog.dialog import DialogId
from sipcore.dialog.session_timer import SessionTimer
from sipcore.message.message import Request, Response
from sipcore.transaction.events import Owner


class Attempt:
    """One INVITE to one target; ``legs`` are the early dialogs of its reliable 18x, by To tag.

    ``is_open`` until its transaction has a final response; ``failure`` is set when it cannot win
    any more, which may be earlier: a target that rang too long is cancelled and still open.
    ``is_silent`` until a provisional response has come; ``patience`` is when it has rung for long
    enough. ``answers`` are the legs made by its 2xx, by To tag.
    """

    __slots__ = (
        "answers",
        "call_id",
        "deadline",
        "early_dialogs",
        "failure",
        "has_progressed",
        "has_rung",
        "is_cancelled",
        "is_open",
        "is_silent",
        "legs",
        "local_tag",
        "number",
        "patience",
        "request",
        "resent",
        "response",
        "sequence",
        "target",
        "timer",
    )

    def __init__(
        self, number: int, target: Target, *, call_id: str, local_tag: str, timer: SessionTimer
    ) -> None:
        self.number = number
        self.target = target
        self.call_id = call_id
        self.local_tag = local_tag
        self.timer = timer
        self.sequence = 0
        self.resent = 0
        self.request = Request("INVITE", target.request_uri)
        self.deadline: float | None = None
        self.patience = 0.0
        self.is_open = True
        self.is_cancelled = False
        self.is_silent = True
        self.has_rung = False
        self.has_progressed = False
        self.failure: Failure | None = None
        self.response: Response | None = None
        self.early_dialogs: set[DialogId] = set()
        self.legs: dict[str, Leg] = {}
        self.answers: dict[str, int] = {}

    def end_early(self) -> None:
        """End the dialogs that its reliable provisional responses made."""
        for leg in self.legs.values():
            if leg.is_early:
                leg.end_early()

    def wait(self, *, silence_s: float, now: float) -> None:
        """Start the clocks of the INVITE that goes out now."""
        self.patience = self.deadline = now + self.target.ring_s
        if self.target.fallback is not None:
            self.deadline = min(self.patience, now + silence_s)

    def hear(self) -> None:
        """Learn that somebody is there and tries."""
        if self.is_silent:
            self.is_silent = False
            if not self.is_cancelled:
                self.deadline = self.patience

    def owner(self, call_id: str) -> Owner:
        """Return the owner of the INVITE that is on its way now."""
        return (call_id, self.number, self.sequence)
