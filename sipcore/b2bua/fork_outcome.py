"""What a response to an INVITE of a fork means to the call."""

from __future__ import annotations

from sipcore.b2bua.attempt import Attempt
from sipcore.b2bua.body import Body
from sipcore.b2bua.call_events import Target
from sipcore.b2bua.leg import Leg
from sipcore.dialog.dialog import DialogId
from sipcore.message.message import Request, Response


class Early:
    """A provisional response that the caller may hear of, and the dialog it came from.

    ``body`` is the session description that it brings, if that is new; ``leg`` is its dialog where
    it is reliable, with a PRACK that is still to be sent.
    """

    __slots__ = ("attempt", "body", "leg", "response", "source")

    def __init__(
        self,
        attempt: Attempt,
        response: Response,
        source: DialogId,
        body: Body,
        leg: Leg | None = None,
    ) -> None:
        self.attempt = attempt
        self.response = response
        self.source = source
        self.body = body
        self.leg = leg


class Winner:
    """The first 2xx: the callee's leg and the body of the answer."""

    __slots__ = ("body", "leg", "source", "target")

    def __init__(self, target: Target, leg: Leg, body: Body) -> None:
        self.target = target
        self.leg = leg
        self.body = body
        self.source = leg.dialog.id


class Stray:
    """A 2xx that came too late or twice: a leg to be acknowledged and ended."""

    __slots__ = ("invite", "leg")

    def __init__(self, leg: Leg, invite: Request) -> None:
        self.leg = leg
        self.invite = invite
