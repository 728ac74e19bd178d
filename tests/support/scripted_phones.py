"""Phones and carriers on virtual time that share with the switch nothing but reading messages.

They have no transaction layer and no dialog of the switch's: what a peer must do by itself (send
again what nobody answered, repeat an answer, acknowledge, sign) is written here a second time, so
that it can judge the first. Every party keeps the truth about its calls: when it answered, when
the first BYE was said or heard.
"""

from __future__ import annotations

from collections.abc import Callable

from sipcore.message import Request, Response, parse_message
from sipcore.message.message import serialize
from sipcore.transport.flow import Address
from tests.support.scripted_digest import answer_challenge, is_stale, signature_of
from tests.support.scripted_side import GIVE_UP_S, Repeat, Side
from tests.support.virtual_wire import Wire

Fields = tuple[tuple[str, str], ...]

SDP = b"v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"  # noqa: E501 - one body


class ScriptedPhone:
    """A phone or a carrier: says what the test wants, and by itself what every peer must.

    ``answers`` gives the status for in-dialog requests by method. A dead phone hears nothing and
    says nothing.
    """

    def __init__(
        self,
        wire: Wire,
        name: str,
        address: Address,
        *,
        switch: Address,
        domain: str = "example.org",
        user: str = "",
        password: str = "",
    ) -> None:
        self.wire = wire
        self.name = name
        self.address = address
        self.switch = switch
        self.domain = domain
        self.user = user or name
        self.shown_as = ""
        """Another name to stand in From."""
        self.password = password
        self.sides: list[Side] = []
        self.answers: dict[str, int] = {}
        self.is_dead = False
        self.may_hear_late = False
        """Whether an old CSeq is a packet that came late, to be refused with 500, and no fault."""
        self.refuses_offerless = False
        """Whether it answers 488 to a re-INVITE that asks for an offer."""
        self.sdp = SDP
        """What this phone offers and answers."""
        self.challenges: dict[str, str] = {}
        self.statuses: dict[str, list[int]] = {}
        self.replies: list[Response] = []
        self.heard: list[Request] = []
        """Requests outside of any dialog."""
        self.registrar: Callable[[Request], tuple[int, Fields]] = lambda _request: (200, ())
        self._count = 0
        self._nonce_count = 0
        self._outgoing: list[tuple[Address, bytes]] = []
        self._repeats: dict[tuple[str, str], Repeat] = {}
        self._said: dict[tuple[str, str], bytes] = {}
        self._asked: dict[str, Request] = {}
        self._side_of_branch: dict[str, Side] = {}
        wire.parties[address] = self

    @property
    def now(self) -> float:
        return self.wire.now

    @property
    def contact(self) -> str:
        host, port = self.address
        return f"<sip:{self.user}@{host}:{port}>"

    # What a user does.

    def register(
        self,
        expires: int = 3600,
        *,
        contact: str = "",
        user: str = "",
        call_id: str = "",
        fields: Fields = (),
    ) -> None:
        request = self._request(
            "REGISTER",
            f"sip:{self.domain}",
            to=f"<sip:{user or self.user}@{self.domain}>",
            call_id=call_id,
        )
        request.add("contact", contact or self.contact)
        request.add("expires", str(expires))
        for key, value in fields:
            request.add(key, value)
        self._ask(request)
        self.wire.settle()

    def ask(self, method: str, uri: str, *, fields: Fields = (), body: bytes = b"") -> None:
        """Send a request outside of any dialog; a challenge is answered."""
        request = self._request(method, uri, to=f"<{uri}>")
        for key, value in fields:
            request.add(key, value)
        if body:
            request.add("content-type", "text/plain")
            request.body = body
        self._ask(request)
        self.wire.settle()

    def call(self, dialled: str, *, fields: Fields = (), settle: bool = True) -> Side:
        uri = dialled if ":" in dialled else f"sip:{dialled}@{self.domain}"
        request = self._request("INVITE", uri, to=f"<{uri}>")
        request.add("contact", self.contact)
        request.add("allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE")
        for key, value in fields:
            request.add(key, value)
        request.add("content-type", "application/sdp")
        request.body = self.sdp
        return self.send_invite(request, settle=settle)

    def send_invite(self, request: Request, *, settle: bool = True) -> Side:
        """Begin a call with an INVITE made elsewhere."""
        side = Side(
            request.call_id,
            local=request.required("from"),
            remote=request.required("to"),
            uri=request.uri_text,
            cseq=request.cseq.number,
        )
        self.sides.append(side)
        self._invite(side, request)
        if settle:
            self.wire.settle()
        return side

    def cancel(self, side: Side) -> None:
        assert side.invite is not None
        side.is_cancelled = True
        cancel = Request("CANCEL", side.invite.uri_text)
        for key in ("via", "max-forwards", "from", "to", "call-id"):
            cancel.add(key, side.invite.required(key))
        cancel.add("cseq", f"{side.invite.cseq.number} CANCEL")
        self._send_request(cancel)
        self.wire.settle()

    def ring(
        self, side: Side, status: int = 180, *, body: bytes = b"", fields: Fields = ()
    ) -> None:
        self._respond_invite(side, status, body=body, fields=fields)
        self.wire.settle()

    def answer(self, side: Side, *, settle: bool = True) -> None:
        side.accepted_at = self.now
        self._respond_invite(side, 200)
        if settle:
            self.wire.settle()

    def refuse(self, side: Side, status: int, *, fields: Fields = ()) -> None:
        self._respond_invite(side, status, fields=fields)
        self.wire.settle()

    def bye(self, side: Side, *, settle: bool = True) -> None:
        self.send_in_dialog(side, "BYE")
        if side.ended_at is None:
            side.ended_at = self.now
        if settle:
            self.wire.settle()

    def send_in_dialog(self, side: Side, method: str, *, fields: Fields = ()) -> Request:
        side.cseq += 1
        request = Request(method, side.target)
        request.add("via", self._via())
        request.add("max-forwards", "70")
        request.add("from", side.local)
        request.add("to", side.remote)
        request.add("call-id", side.call_id)
        request.add("cseq", f"{side.cseq} {method}")
        for route in side.route_set:
            request.add("route", route)
        for key, value in fields:
            request.add(key, value)
        self._side_of_branch[request.via.branch or ""] = side
        self._send_request(request)
        return request

    # Party.

    def take_packets(self) -> list[tuple[Address, bytes]]:
        outgoing, self._outgoing = self._outgoing, []
        return [] if self.is_dead else outgoing

    def next_deadline(self) -> float | None:
        if self.is_dead:
            return None
        return min((one.due for one in self._repeats.values()), default=None)

    def fire(self) -> None:
        for key, one in list(self._repeats.items()):
            if one.due > self.now:
                continue
            if self.now >= one.until:
                del self._repeats[key]
                self._give_up(key)
                continue
            self._outgoing.append((one.target, one.data))
            one.interval = min(2 * one.interval, one.longest_s)
            one.due = self.now + one.interval

    def _give_up(self, key: tuple[str, str]) -> None:
        """End a call whose answer nobody acknowledged (RFC 3261 §13.3.1.4)."""
        what, call_id = key
        if what == "2xx":
            for side in self.sides:
                if side.call_id == call_id and side.is_talking:
                    self.bye(side, settle=False)

    def receive(self, data: bytes, source: Address) -> None:
        if self.is_dead:
            return
        message = parse_message(data)
        if isinstance(message, Response):
            self._take_response(message, source)
        elif message.method == "ACK":
            self._take_ack(message)
        else:
            self._take_request(message, source)

    # Requests of the switch.

    def _take_request(self, request: Request, source: Address) -> None:
        key = (request.via.branch or "", request.method)
        if key in self._said:
            self._outgoing.append((source, self._said[key]))
            return
        if request.method == "CANCEL":
            self._take_cancel(request, source)
        elif request.to.tag is not None:
            self._take_in_dialog(request, source)
        elif request.method == "INVITE":
            self._take_invite(request, source)
        else:
            self.heard.append(request)
            status = self.answers.get(request.method, 200)
            fields: Fields = ()
            if request.method == "REGISTER":
                status, fields = self.registrar(request)
            self._reply(request, source, status, fields=fields)

    def _take_invite(self, request: Request, source: Address) -> None:
        if not request.contacts:
            # As a proxy may hand it on (RFC 3261 §8.1.1.8).
            self._reply(request, source, 400)
            return
        side = Side(
            request.call_id,
            local=f"{request.required('to')};tag={self.name}{self._next()}",
            remote=request.required("from"),
            uri=request.uri_text,
            cseq=0,
        )
        side.invite, side.invite_from = request, source
        side.remote_cseq = request.cseq.number
        side.target = str(request.contacts[0].uri)
        side.route_set = request.entries("record-route")
        side.received.append(request)
        side.heard_sdp = request.body
        self.sides.append(side)
        self._reply(request, source, 100)

    def _take_cancel(self, request: Request, source: Address) -> None:
        self._reply(request, source, 200)
        branch = request.via.branch
        for side in self.sides:
            if side.invite is not None and side.invite.via.branch == branch:
                side.is_cancelled = True
                side.received.append(request)
                if not side.is_closed:
                    self._respond_invite(side, 487)

    def _take_in_dialog(self, request: Request, source: Address) -> None:
        side = self._side_of(request)
        if side is None:
            self._reply(request, source, 481)
            return
        if request.cseq.number < side.remote_cseq and self.may_hear_late:
            self._reply(request, source, 500)
            return
        assert request.cseq.number >= side.remote_cseq, f"{self.name} got an old CSeq"
        side.remote_cseq = request.cseq.number
        side.received.append(request)
        if request.method == "BYE":
            side.byes_received += 1
            if side.ended_at is None:
                side.ended_at = self.now
            self._repeats.pop(("2xx", side.call_id), None)
        is_gone = side.ended_at is not None and request.method != "BYE"
        status = 481 if is_gone else self.answers.get(request.method, 200)
        if request.method == "INVITE" and not request.body and self.refuses_offerless:
            status = 488
        if request.method != "INVITE" or status != 200:
            self._reply(request, source, status)
            return
        side.heard_sdp = request.body or side.heard_sdp
        fields: Fields = (("contact", self.contact), ("content-type", "application/sdp"))
        data = self._reply(request, source, 200, fields=fields, body=self.sdp)
        self._repeat(("2xx", side.call_id), source, data, longest_s=4.0)

    def _side_of(self, request: Request) -> Side | None:
        for side in self.sides:
            is_local = side.local.endswith(f";tag={request.to.tag}")
            is_remote = side.remote.endswith(f";tag={request.from_.tag}")
            if side.call_id == request.call_id and is_local and is_remote:
                return side
        return None

    def _take_ack(self, request: Request) -> None:
        side = self._side_of(request)
        if side is not None:
            side.acks.append(request)
        self._repeats.pop(("2xx", request.call_id), None)
        for side in self.sides:
            if side.call_id == request.call_id and request.body:
                side.heard_sdp = request.body
        self._repeats.pop((request.via.branch or "", "final"), None)

    def _respond_invite(
        self, side: Side, status: int, *, fields: Fields = (), body: bytes = b""
    ) -> None:
        assert side.invite is not None, f"{self.name} was not called"
        assert side.invite_from is not None, f"{self.name} is the caller"
        assert not side.is_closed, f"{self.name} has answered before"
        side.is_closed = status >= 200
        if 101 <= status < 300:
            fields += tuple(("record-route", one) for one in side.invite.values("record-route"))
            fields += (("contact", self.contact), ("allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"))
        body = self.sdp if status == 200 else body
        if body:
            fields += (("content-type", "application/sdp"),)
        data = self._reply(
            side.invite, side.invite_from, status, to=side.local, fields=fields, body=body
        )
        if status == 200:
            self._repeat(("2xx", side.call_id), side.invite_from, data, longest_s=4.0)
        elif status > 200:
            branch = side.invite.via.branch or ""
            self._repeat((branch, "final"), side.invite_from, data, longest_s=4.0)

    def _reply(
        self,
        request: Request,
        target: Address,
        status: int,
        *,
        to: str = "",
        fields: Fields = (),
        body: bytes = b"",
    ) -> bytes:
        response = Response(status, "Scripted", body=body)
        for value in request.values("via"):
            response.add("via", value)
        for key in ("from", "call-id", "cseq"):
            response.add(key, request.required(key))
        response.add("to", to if to and status > 100 else request.required("to"))
        for key, value in fields:
            response.add(key, value)
        data = serialize(response)
        self._said[request.via.branch or "", request.method] = data
        self._outgoing.append((target, data))
        return data

    # Responses of the switch.

    def _take_response(self, response: Response, source: Address) -> None:
        branch, method = response.via.branch or "", response.cseq.method
        if method == "INVITE":
            self._repeats.pop((branch, method), None)
            side = self._side_of_branch.get(branch)
            if side is not None:
                self._take_invite_response(side, response, source)
            return
        if response.is_provisional:
            return
        is_new = self._repeats.pop((branch, method), None) is not None
        side = self._side_of_branch.get(branch)
        if side is not None:
            if method == "BYE" and is_new:
                side.bye_statuses.append(response.status)
            elif is_new:
                self.statuses.setdefault(method, []).append(response.status)
            return
        request = self._asked.pop(branch, None)
        if request is None:
            return
        if response.status in (401, 407) and not request.has(signature_of(response)):
            self._learn(response)
            self._ask(self.again(request))
            return
        self.replies.append(response)
        self.statuses.setdefault(method, []).append(response.status)

    def _take_invite_response(self, side: Side, response: Response, source: Address) -> None:
        assert side.invite is not None
        if response.is_provisional:
            if not side.is_closed:
                side.responses.append(response)
            return
        is_own = response.via.branch == side.invite.via.branch
        if response.is_success:
            if is_own and not side.is_closed:
                side.is_closed = True
                side.responses.append(response)
                side.remote = response.required("to")
                side.target = str(response.contacts[0].uri) if response.contacts else side.uri
                side.route_set = response.entries("record-route")[::-1]
                side.connected_at = self.now
                side.heard_sdp = response.body
            self._acknowledge(side, response)
            return
        self._acknowledge_failure(side.invite, response, source)
        if not is_own or side.is_closed:
            return
        if response.status in (401, 407) and (
            not side.invite.has(signature_of(response)) or is_stale(response)
        ):
            self._learn(response)
            self._invite(side, self.again(side.invite))
            return
        side.is_closed = True
        side.responses.append(response)

    def _acknowledge(self, side: Side, response: Response) -> None:
        ack = Request("ACK", side.target)
        ack.add("via", self._via())
        ack.add("max-forwards", "70")
        ack.add("from", side.local)
        ack.add("to", response.required("to"))
        ack.add("call-id", side.call_id)
        ack.add("cseq", f"{response.cseq.number} ACK")
        for route in side.route_set:
            ack.add("route", route)
        self._outgoing.append((self.switch, serialize(ack)))

    def _acknowledge_failure(self, invite: Request, response: Response, source: Address) -> None:
        ack = Request("ACK", invite.uri_text)
        ack.add("via", response.required("via"))
        ack.add("max-forwards", "70")
        ack.add("from", invite.required("from"))
        ack.add("to", response.required("to"))
        ack.add("call-id", invite.call_id)
        ack.add("cseq", f"{response.cseq.number} ACK")
        self._outgoing.append((source, serialize(ack)))

    # Building and sending.

    def _request(self, method: str, uri: str, *, to: str, call_id: str = "") -> Request:
        self._count += 1
        request = Request(method, uri)
        request.add("via", self._via())
        request.add("max-forwards", "70")
        shown = self.shown_as or self.user
        request.add("from", f"<sip:{shown}@{self.domain}>;tag={self.name}{self._next()}")
        request.add("to", to)
        request.add("call-id", call_id or f"{self.name}-{self._next()}")
        request.add("cseq", f"{self._count} {method}")
        self._sign(request)
        return request

    def again(self, request: Request) -> Request:
        """Build the request anew: with credentials, a new branch and a higher CSeq."""
        self._count += 1
        again = Request(request.method, request.uri_text, body=request.body)
        dropped = {"via", "cseq", "authorization", "proxy-authorization", "content-length"}
        again.add("via", self._via())
        for key in (
            "max-forwards", "from", "to", "call-id", "contact", "expires", "allow", "supported",
            "privacy", "p-preferred-identity", "require", "proxy-require", "path",
            "event", "accept", "sip-if-match", "record-route", "content-type", "replaces",
        ):  # fmt: skip
            if key not in dropped and request.has(key):
                again.add(key, request.required(key))
        again.add("cseq", f"{request.cseq.number + 1} {request.method}")
        self._sign(again)
        return again

    def _invite(self, side: Side, request: Request) -> None:
        side.invite = request
        side.cseq = request.cseq.number
        self._side_of_branch[request.via.branch or ""] = side
        self._send_request(request)

    def _ask(self, request: Request) -> None:
        self._asked[request.via.branch or ""] = request
        self._send_request(request)

    def _send_request(self, request: Request) -> None:
        data = serialize(request)
        self._outgoing.append((self.switch, data))
        longest_s = GIVE_UP_S if request.method == "INVITE" else 4.0
        self._repeat(
            (request.via.branch or "", request.method), self.switch, data, longest_s=longest_s
        )

    def _repeat(
        self, key: tuple[str, str], target: Address, data: bytes, *, longest_s: float
    ) -> None:
        self._repeats[key] = Repeat(target, data, self.now, longest_s=longest_s)

    def _learn(self, response: Response) -> None:
        for key in ("www-authenticate", "proxy-authenticate"):
            if response.has(key):
                self.challenges[signature_of(response)] = response.required(key)
                self._nonce_count = 0

    def _sign(self, request: Request) -> None:
        """Answer the last challenge at once, as phones do (RFC 7616, by hand)."""
        for key, challenge in self.challenges.items():
            self._nonce_count += 1
            answer = answer_challenge(
                challenge,
                method=request.method,
                uri=request.uri_text,
                user=self.user,
                password=self.password,
                count=self._nonce_count,
            )
            request.add(key, answer)

    def _via(self) -> str:
        host, port = self.address
        return f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{self.name}{self._next()}"

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    _serial = 0
