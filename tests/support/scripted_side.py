"""What a phone keeps of one call, and of what it sends until it is answered."""

from __future__ import annotations

from sipcore.message import Request, Response
from sipcore.transport.flow import Address

T1 = 0.5
GIVE_UP_S = 32.0


class Side:
    """One phone's view of one call, and the truth about it.

    ``accepted_at`` is when a called phone sent its 200, ``connected_at`` when a caller got one;
    ``ended_at`` when the first BYE was said or heard.
    """

    def __init__(self, call_id: str, *, local: str, remote: str, uri: str, cseq: int) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.target = uri
        self.route_set: list[str] = []
        """From the Record-Route, as this side sends it (RFC 3261 §12.1)."""
        self.uri = uri
        self.cseq = cseq
        self.remote_cseq = 0
        self.invite: Request | None = None
        self.invite_from: Address | None = None
        self.responses: list[Response] = []
        self.is_cancelled = False
        self.is_closed = False
        """A final response to the INVITE was sent or received."""
        self.accepted_at: float | None = None
        self.connected_at: float | None = None
        self.ended_at: float | None = None
        self.byes_received = 0
        self.bye_statuses: list[int] = []
        self.received: list[Request] = []
        self.heard_sdp = b""
        """The newest session description of whoever is at the other end."""
        self.acks: list[Request] = []
        """ACKs with the tags of this dialog."""

    @property
    def statuses(self) -> list[int]:
        return [response.status for response in self.responses]

    @property
    def finals(self) -> list[int]:
        return [status for status in self.statuses if status >= 200]

    @property
    def final(self) -> Response:
        return next(one for one in self.responses if one.status >= 200)

    @property
    def is_talking(self) -> bool:
        is_up = self.accepted_at is not None or self.connected_at is not None
        return is_up and self.ended_at is None


class Repeat:
    """Something that is sent until it is answered."""

    def __init__(self, target: Address, data: bytes, now: float, *, longest_s: float) -> None:
        self.target = target
        self.data = data
        self.interval = T1
        self.longest_s = longest_s
        self.due = now + T1
        self.until = now + GIVE_UP_S
