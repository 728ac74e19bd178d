"""One admitted call as the charging log knows it: its grant, its answer and how long it talks."""

from __future__ import annotations

from freiton.accounting.charging_events import CallAdmitted, PersonalFields
from freiton.accounting.instants import MICROSECONDS, Instant
from rating.charging import ChargingSession
from rating.engine import Quote

NOBODY = PersonalFields()


class ChargedCall:
    """Facts of one open call.

    Talk time is counted from an anchor on the monotonic clock of one boot, plus what was
    talked before that anchor in an earlier boot. The wall clock only says when.
    """

    __slots__ = (
        "admitted",
        "anchor",
        "answered",
        "changes",
        "joined",
        "joined_to",
        "last_proof",
        "personal",
        "restarts",
        "session",
        "talked_us",
        "trunk_id",
    )

    def __init__(
        self, admitted: CallAdmitted, session: ChargingSession, personal: PersonalFields
    ) -> None:
        self.admitted = admitted
        self.session = session
        self.personal = personal
        self.trunk_id = admitted.trunk_id
        self.answered: Instant | None = None
        self.anchor: Instant | None = None
        self.talked_us = 0
        # Numbers the events that a call can have many of.
        self.changes = 0
        # The call whose conversation this one is part of now, and all that ever shared one.
        self.joined_to = ""
        self.joined: tuple[str, ...] = ()
        # Set when the process that held the call is gone; None while its holder lives.
        self.last_proof: Instant | None = None
        # How many processes have begun since the call did.
        self.restarts = 0

    def price_as_promised(self) -> None:
        """Read the quote of the admission, so that the call can be charged and extended."""
        if self.admitted.quote is not None:
            self.session.quote = Quote.from_record(self.admitted.quote)

    @property
    def is_answered(self) -> bool:
        """Whether the callee's 200 has arrived."""
        return self.answered is not None

    def talk_us(self, mono_us: int) -> int:
        """Give the talk time at an instant of the anchor's boot, in microseconds."""
        if self.anchor is None:
            return 0
        return self.talked_us + max(0, mono_us - self.anchor.mono_us)

    def talk_us_at(self, proof: Instant) -> int:
        """Give the talk time proven by a proof of life; another boot's clock proves nothing."""
        if self.anchor is None or proof.boot_id != self.anchor.boot_id:
            return self.talked_us
        return self.talk_us(proof.mono_us)

    def deadline_us(self, granted_s: int) -> int:
        """Give the instant, on the anchor's clock, at which a number of seconds is used up."""
        if self.anchor is None:
            raise ValueError("an unanswered call uses nothing up")
        return self.anchor.mono_us + granted_s * MICROSECONDS - self.talked_us
