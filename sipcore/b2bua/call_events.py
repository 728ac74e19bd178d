"""The border of a call: what goes into ``Call.step`` and what comes out.

Events of the wire are those of ``sipcore.transaction.events`` that belong to the call; the types
here are what call control says to a call, and the commands that a call answers with, to be
performed in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sipcore.auth.client import DigestClient
from sipcore.dialog.dialog import DialogId
from sipcore.message.message import Response
from sipcore.message.refer_to import ReferTo
from sipcore.transaction import commands
from sipcore.transaction.events import (
    AckMissing,
    AckReceived,
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
)
from sipcore.transport.flow import Flow, Listener

if TYPE_CHECKING:
    from sipcore.b2bua.leg import Leg

Fields = tuple[tuple[str, str], ...]
"""Header fields as (key, raw value); a key is the long name in lower case."""

Side = Literal["caller", "callee", "switch"]
"""Who ended a call; as it stands in a call detail record."""


class Target:
    """One place to ring: a device of an account, or a trunk.

    ``from_value`` and ``to_value`` are whole header values without a tag. ``fields`` are headers
    that we built (P-Asserted-Identity, Privacy); nothing else tells the target who calls.
    ``credentials`` answer a challenge of just their realm. ``ring_s`` counts from the INVITE.
    ``dialog_listeners`` are ours over which the requests of the dialog may go where its Route or
    Contact says; with none they stay on ``flow``, as a phone behind a NAT needs it.
    ``hides_caller`` keeps names out of what the caller's bodies tell the target. ``party`` says who
    is there in words that only call control reads. ``fallback`` is the same place by another way,
    for when nobody answers over this one. ``session_expires_s`` is the session interval to ask it
    for (RFC 4028), None for that of the settings; ``offers_reliable`` whether its provisional
    responses may come reliably (RFC 3262).
    """

    __slots__ = (
        "credentials",
        "dialog_listeners",
        "fallback",
        "fields",
        "flow",
        "from_value",
        "hides_caller",
        "name",
        "offers_reliable",
        "party",
        "request_uri",
        "ring_s",
        "route",
        "session_expires_s",
        "to_value",
    )

    def __init__(
        self,
        name: str,
        request_uri: str,
        flow: Flow,
        *,
        from_value: str,
        to_value: str,
        ring_s: float,
        route: tuple[str, ...] = (),
        fields: Fields = (),
        credentials: DigestClient | None = None,
        dialog_listeners: tuple[Listener, ...] = (),
        hides_caller: bool = False,
        party: str = "",
        fallback: Target | None = None,
        session_expires_s: int | None = None,
        offers_reliable: bool = True,
    ) -> None:
        self.name = name
        self.request_uri = request_uri
        self.flow = flow
        self.from_value = from_value
        self.to_value = to_value
        self.ring_s = ring_s
        self.route = route
        self.fields = fields
        self.credentials = credentials
        self.dialog_listeners = dialog_listeners
        self.hides_caller = hides_caller
        self.party = party
        self.fallback = fallback
        self.session_expires_s = session_expires_s
        self.offers_reliable = offers_reliable

    def __repr__(self) -> str:
        return f"<Target {self.name} {self.request_uri}>"


# What call control says.


class Dial:
    """Ring all targets of one group at once; the first 2xx wins.

    Without ``confirm`` the caller's 200 does not wait for ``Appended`` (emergency calls, D14).
    Ignored when the caller is gone by now.
    """

    __slots__ = ("confirm", "targets")

    def __init__(self, targets: tuple[Target, ...], *, confirm: bool) -> None:
        self.targets = targets
        self.confirm = confirm


class Refuse:
    """The final answer to the caller; ``status`` is 300 to 699."""

    __slots__ = ("fields", "reason", "status")

    def __init__(self, status: int, reason: str | None = None, fields: Fields = ()) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields


class Appended:
    """The record that ``Append`` asked for is durable."""

    __slots__ = ()


class AppendFailed:
    """The record that ``Append`` asked for is lost: the call ends, the caller gets a 503."""

    __slots__ = ()


class Hangup:
    """The switch ends the call at once: BYE on both legs, or CANCEL and ``status`` to the caller.

    ``status`` is 300 to 699; for an answered call it only stands in ``Released``. ``reason`` is
    the value of the Reason header on both legs (RFC 3326), empty for none.
    """

    __slots__ = ("reason", "status")

    def __init__(self, reason: str = "", status: int = 480) -> None:
        self.reason = reason
        self.status = status


class Probe:
    """Ask both legs of an answered call whether they live; ``Proven`` is the answer.

    ``limit_s`` is how long silence is no answer yet; None for the short limit of the settings,
    which is for those with somebody waiting. A probe on its way takes the shorter of two limits.
    """

    __slots__ = ("limit_s",)

    def __init__(self, limit_s: float | None = None) -> None:
        self.limit_s = limit_s


class AnswerRefer:
    """The answer to ``Referred``: 202 accepts, and what becomes of it tells ``ReportRefer``."""

    __slots__ = ("fields", "reason", "status")

    def __init__(self, status: int, reason: str | None = None, fields: Fields = ()) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields


class ReportRefer:
    """How far an accepted transfer has come; from 300 on it has failed and the call goes on."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str = "") -> None:
        self.status = status
        self.reason = reason


class Join:
    """Let a leg of another call take the transferor's place; ``Joined`` or ``JoinFailed`` answers.

    ``calls`` are the ids of the calls that end when the newcomer leaves, ``others`` of those that
    end when the leg leaves that stays. Whoever says this has made it durable.
    """

    __slots__ = ("calls", "leg", "others")

    def __init__(self, leg: Leg, *, calls: tuple[str, ...], others: tuple[str, ...]) -> None:
        self.leg = leg
        self.calls = calls
        self.others = others


class Replace:
    """Let who sent this INVITE take the place of the peer in a dialog; the call answers him."""

    __slots__ = ("dialog_id", "party", "received")

    def __init__(self, received: RequestReceived, dialog_id: DialogId, party: str) -> None:
        self.received = received
        self.dialog_id = dialog_id
        self.party = party


class DeadlineReached:
    """The instant of ``Call.next_deadline`` has come."""

    __slots__ = ()


CallEvent = (
    RequestReceived
    | AckReceived
    | CancelReceived
    | ResponseReceived
    | TransactionFailed
    | AckMissing
    | Dial
    | Refuse
    | Appended
    | AppendFailed
    | Hangup
    | Probe
    | AnswerRefer
    | ReportRefer
    | Join
    | Replace
    | DeadlineReached
)


# What a call asks for.

SendRequest = commands.SendRequest
SendResponse = commands.SendResponse
SendCancel = commands.SendCancel
SendAck = commands.SendAck


class Append:
    """A callee answered at this ``now``: make it durable, then say ``Appended``.

    ``resume`` is what ``Call.resume`` needs to speak on both legs again; no price, no account.
    """

    __slots__ = ("resume",)

    def __init__(self, resume: bytes) -> None:
        self.resume = resume


class Rang:
    """A target rings; once per target."""

    __slots__ = ("target",)

    def __init__(self, target: Target) -> None:
        self.target = target


class Progressed:
    """A target sent a 183, perhaps with early media; once per target."""

    __slots__ = ("target",)

    def __init__(self, target: Target) -> None:
        self.target = target


Failure = tuple[Target, int | None, bool]
"""Target, its final status (None: no answer in time), whether the transport failed."""


class PassedOver:
    """A way to a target failed before anybody answered there; its ``fallback`` is tried now."""

    __slots__ = ("target",)

    def __init__(self, target: Target) -> None:
        self.target = target


class Exhausted:
    """Every target of the group failed: call control says ``Dial`` again or ``Refuse``.

    ``status`` is what the caller deserves, chosen of all failures; ``response`` is the message
    that it came from, None when we made it.
    """

    __slots__ = ("failures", "response", "status")

    def __init__(
        self, status: int, response: Response | None, failures: tuple[Failure, ...]
    ) -> None:
        self.status = status
        self.response = response
        self.failures = failures


class Answered:
    """One target won; directly behind its ``Append``, so charging starts at this ``now``."""

    __slots__ = ("target",)

    def __init__(self, target: Target) -> None:
        self.target = target


class Abandoned:
    """The call ended before any target answered, and not by ``Refuse``.

    By the caller's CANCEL or early BYE (487), or by ``Hangup``; said once, at that instant, so
    that a slot is free again before the targets have heard of it.
    """

    __slots__ = ("abandoned_by", "reason", "status")

    def __init__(self, abandoned_by: Side, reason: str, status: int) -> None:
        self.abandoned_by = abandoned_by
        self.reason = reason
        self.status = status


class Released:
    """An answered call ended: at the first BYE or cut, once; charging ends at this ``now``.

    ``reason`` is the Reason header that came with it or that we send, empty for none. ``status``
    is 200 for a BYE, 487 for a CANCEL that crossed the answer, else why the switch cut. ``calls``
    are those of the leg that ended it. ``is_told`` is False when the caller never got the 200.
    """

    __slots__ = ("calls", "is_told", "reason", "released_by", "status")

    def __init__(
        self,
        released_by: Side,
        reason: str,
        status: int,
        calls: tuple[str, ...] = (),
        *,
        is_told: bool = True,
    ) -> None:
        self.is_told = is_told
        self.released_by = released_by
        self.reason = reason
        self.status = status
        self.calls = calls


class Updated:
    """The media session or a remote target of an answered call changed (hold, other codec).

    Informative. ``resume`` is what ``Append`` would carry now, for those who want to keep it.
    """

    __slots__ = ("resume",)

    def __init__(self, resume: bytes) -> None:
        self.resume = resume


class Proven:
    """The answer to ``Probe``: alive only if both legs answered."""

    __slots__ = ("is_alive",)

    def __init__(self, *, is_alive: bool) -> None:
        self.is_alive = is_alive


class Referred:
    """A peer asks for a transfer; ``AnswerRefer`` must come before anything else does.

    ``party`` is the transferor's, ``hops`` the Max-Forwards of what is sent on its behalf.
    """

    __slots__ = ("hops", "party", "refer_to")

    def __init__(self, party: str, refer_to: ReferTo, hops: int) -> None:
        self.party = party
        self.refer_to = refer_to
        self.hops = hops


class NotReached:
    """A call without a caller has failed; what its caller would have been told."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str = "") -> None:
        self.status = status
        self.reason = reason


class Reached:
    """A call without a caller was answered, and that is durable: its leg may be taken."""

    __slots__ = ()


class Joined:
    """The newcomer has taken the transferor's place.

    ``calls`` are those of ``Join``, ``ended`` the calls that left with the transferor.
    """

    __slots__ = ("calls", "ended")

    def __init__(self, calls: tuple[str, ...], ended: tuple[str, ...]) -> None:
        self.calls = calls
        self.ended = ended


class JoinFailed:
    """The newcomer is hung up on, the call goes on as it was; ``calls`` are those of ``Join``."""

    __slots__ = ("calls", "status")

    def __init__(self, status: int, calls: tuple[str, ...]) -> None:
        self.status = status
        self.calls = calls


class Ended:
    """Nothing is left to say or to wait for: forget the call."""

    __slots__ = ()


CallCommand = (
    SendRequest
    | SendCancel
    | SendAck
    | SendResponse
    | Append
    | Rang
    | Progressed
    | PassedOver
    | Exhausted
    | Answered
    | Abandoned
    | Released
    | Updated
    | Proven
    | Referred
    | NotReached
    | Reached
    | Joined
    | JoinFailed
    | Ended
)
