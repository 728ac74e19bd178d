"""What a call is told once: its times and bounds, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from sipcore.transaction.timers import Timers


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Times in seconds and bounds of one call."""

    timers: Timers = field(default_factory=Timers)

    session_expires_s: int = 1800
    """The session interval we ask for; RFC 4028 §4 recommends half an hour."""

    min_se_s: int = 90
    """The shortest session interval we accept; RFC 4028 §4 allows none below 90."""

    append_timeout_s: float = 0.5
    """An answer that is not durable by then is no answer: the caller waits in silence."""

    probe_timeout_s: float = 2.0
    """For a probe that somebody waits for, to get the slot that the probed call holds."""

    provisional_interval_s: float = 60.0
    """A ringing caller hears from us every minute, else proxies give up (RFC 3261 §13.3.1.1)."""

    reinvite_timeout_s: float = 60.0
    """A re-INVITE may ask a person, yet it blocks every other change of the session."""

    silence_s: float = 4.0
    """A way over which not even a 100 came by then is left for the next one, if there is one: it
    had four INVITEs (RFC 3261 §17.1.1.2), and the caller hears nothing meanwhile.
    """

    decision_timeout_s: float = 32.0
    """A caller whose call nobody decides about is refused, so that no fault leaves it hanging."""

    body_bytes_max: int = 32_768
    """A body that we pass must fit a datagram together with our own head."""

    relayed_max: int = 16
    """Requests of one side on their way to the other at once; a peer sends them one by one."""

    early_dialogs_max: int = 8
    """Session descriptions that a caller is shown before the answer, each as a dialog."""

    reliable_ringing: bool = False
    """Whether a caller that can hear it reliably gets so what has no session description too: two
    more messages for each 180 (RFC 3262). One that requires it always does.
    """

    dialogs_per_target_max: int = 8
    """Dialogs that one INVITE may make by forking below us; each 2xx costs an ACK and a BYE."""

    challenges_max: int = 4
    """Times that one INVITE is sent again for 401, 407 or 422."""

    join_retry_s: float = 0.5
    """Before a transfer joins two legs one of which is just changing its session by itself."""

    join_timeout_s: float = 15.0
    """A leg that is still busy changing its session after that cannot be transferred."""

    cseq_gap: int = 1_000
    """With every restart our requests start so far above those of the process before, whose last
    CSeq is not recorded.
    """


DEFAULT_SETTINGS = CallSettings()
