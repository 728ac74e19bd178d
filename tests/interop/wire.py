"""SIP agents written for the wire alone: no line of the switch's own libraries, so they can judge.

Blocking sockets and text. An agent says one thing after the other, as its test tells it, and keeps
every message that it received.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Self

Address = tuple[str, int]
Headers = tuple[tuple[str, str], ...]

WAIT_S = 5.0
CRLF = "\r\n"
_NUMBERS: Iterator[int] = itertools.count(1)


class Message:
    """A message as it came, read without mercy: anything odd fails the test."""

    def __init__(self, text: str) -> None:
        self.text = text
        head, blank, self.body = text.partition(CRLF * 2)
        assert blank, text
        self.start, *lines = head.split(CRLF)
        pairs = [line.split(":", 1) for line in lines]
        self.headers = [(name.strip().lower(), value.strip()) for name, value in pairs]

    @property
    def status(self) -> int:
        """The status of a response, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of what a response answers."""
        return self["cseq"].split()[1]

    @property
    def uri(self) -> str:
        """The Request-URI."""
        return self.start.split()[1]

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in wire order."""
        return [value for key, value in self.headers if key == name]

    def uri_in(self, name: str) -> str:
        """Return the URI between the angle brackets of a header."""
        found = re.search(r"<([^>]*)>", self[name])
        assert found is not None, self.text
        return found[1]

    def tag_in(self, name: str) -> str:
        """Return the tag of From or To."""
        found = re.search(r";tag=([^;]+)", self[name])
        return "" if found is None else found[1]


class Agent:
    """What UDP and TCP agents share; `contact` may name another address than the real one."""

    transport = ""

    def __init__(
        self,
        bound: Address,
        *,
        user: str = "",
        device: str = "",
        password: str = "",
        domain: str = "",
        contact: Address | None = None,
    ) -> None:
        self.bound = bound
        self.user = user
        self.device = device
        self.password = password
        self.domain = domain
        self.shown = bound if contact is None else contact
        self.received: list[Message] = []
        self._waiting: list[Message] = []
        self._seen: set[str] = set()
        self._challenge = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    # What the transport does.

    def close(self) -> None:
        raise NotImplementedError

    def send(self, text: str) -> None:
        raise NotImplementedError

    def _receive(self, timeout_s: float) -> str | None:
        raise NotImplementedError

    # What is waited for.

    def wait_for(
        self, what: str, wanted: Callable[[Message], bool], *, timeout_s: float = WAIT_S
    ) -> Message:
        """Return the first message of that kind; others wait for their turn."""
        deadline = time.monotonic() + timeout_s
        while True:
            for message in self._waiting:
                if wanted(message):
                    self._waiting.remove(message)
                    return message
            left = deadline - time.monotonic()
            got = [one.start for one in self.received]
            assert left > 0, f"{self.user}: no {what} within {timeout_s} s; received {got}"
            self._take(self._receive(left))

    def wait_for_request(self, method: str, *, timeout_s: float = WAIT_S) -> Message:
        return self.wait_for(
            method, lambda one: not one.status and one.method == method, timeout_s=timeout_s
        )

    def wait_for_final(self, method: str, *, timeout_s: float = WAIT_S) -> Message:
        return self.wait_for(
            f"answer to {method}",
            lambda one: one.status >= 200 and one.method == method,
            timeout_s=timeout_s,
        )

    def hear_nothing(self, seconds: float) -> None:
        """Require silence."""
        text = self._receive(seconds)
        assert text is None, text

    def forget(self) -> None:
        """Drop all that was received so far."""
        self.received.clear()
        self._waiting.clear()

    # What is said.

    @property
    def contact(self) -> str:
        host, port = self.shown
        host = f"[{host}]" if ":" in host else host
        transport = ";transport=tcp" if self.transport == "TCP" else ""
        return f"<sip:{self.user}@{host}:{port}{transport}>"

    @property
    def via(self) -> str:
        host, port = self.shown
        host = f"[{host}]" if ":" in host else host
        return f"SIP/2.0/{self.transport} {host}:{port};rport;branch=z9hG4bK-{next(_NUMBERS)}"

    @property
    def sdp(self) -> str:
        lines = (
            "v=0", f"o={self.user} 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
            "m=audio 40000 RTP/AVP 8", "",
        )  # fmt: skip
        return CRLF.join(lines)

    def request(
        self,
        method: str,
        uri: str,
        *,
        from_: str = "",
        to: str = "",
        call_id: str = "",
        cseq: int = 1,
        headers: Headers = (),
        body: str = "",
    ) -> str:
        """Send a request and return its text."""
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: {self.via}",
            "Max-Forwards: 70",
            f"From: {from_ or f'<sip:{self.user}@{self.domain}>;tag=t{next(_NUMBERS)}'}",
            f"To: {to or f'<{uri}>'}",
            f"Call-ID: {call_id or f'wire-{next(_NUMBERS)}'}",
            f"CSeq: {cseq} {method}",
            f"Contact: {self.contact}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        text = _with_body(lines, body)
        self.send(text)
        return text

    def ask(
        self, method: str, uri: str, *, to: str = "", headers: Headers = (), body: str = ""
    ) -> tuple[Message, Message]:
        """Send a request outside of a dialog, answer one challenge; return it and its answer."""
        from_ = f"<sip:{self.user}@{self.domain}>;tag=t{next(_NUMBERS)}"
        call_id = f"wire-{next(_NUMBERS)}"
        fields, cseq = headers, 1
        while True:
            sent = self.request(
                method, uri,
                from_=from_, to=to, call_id=call_id, cseq=cseq, headers=fields, body=body,
            )  # fmt: skip
            answer = self.wait_for_final(method)
            if method == "INVITE" and answer.status >= 300:
                self._acknowledge_refusal(Message(sent), answer)
            if answer.status not in (401, 407) or cseq == 2:
                return Message(sent), answer
            fields, cseq = (*headers, self._credentials(answer, method, uri)), 2

    def register(self, *, expires: int = 300) -> Message:
        """Register the contact and return the 200."""
        aor = f"<sip:{self.user}@{self.domain}>"
        _, answer = self.ask(
            "REGISTER", f"sip:{self.domain}", to=aor, headers=(("Expires", str(expires)),)
        )
        assert answer.status == 200, answer.text
        return answer

    def respond(
        self, request: Message, status: int, *, headers: Headers = (), body: str = ""
    ) -> str:
        """Answer a request; the To tag is the same for every answer."""
        to = request["to"]
        if status > 100 and ";tag=" not in to:
            to += f";tag={self.user}-tag"
        lines = [
            f"SIP/2.0 {status} Whatever",
            *(f"Via: {via}" for via in request.all("via")),
            *(f"Record-Route: {route}" for route in request.all("record-route")),
            f"From: {request['from']}",
            f"To: {to}",
            f"Call-ID: {request['call-id']}",
            f"CSeq: {request['cseq']}",
            f"Contact: {self.contact}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        text = _with_body(lines, body)
        self.send(text)
        return text

    # Calls.

    def call(self, number: str, *, headers: Headers = (), to: str = "") -> Call:
        """Call a number, which must be answered, and acknowledge."""
        uri = f"sip:{number}@{self.domain}"
        fields: Headers = (("Content-Type", "application/sdp"), *headers)
        invite, answer = self.ask("INVITE", uri, to=to, headers=fields, body=self.sdp)
        assert answer.status == 200, answer.text
        return self.take_up(invite, answer)

    def take_up(self, invite: Message, answer: Message) -> Call:
        """Acknowledge the 200 to an INVITE of ours."""
        call = Call(
            self,
            target=answer.uri_in("contact"),
            local=answer["from"],
            remote=answer["to"],
            call_id=answer["call-id"],
        )
        call.send("ACK", cseq=int(invite["cseq"].split()[0]))
        return call

    def answer(self, invite: Message) -> Call:
        """Answer an INVITE with 200 and wait for the ACK."""
        headers = (("Content-Type", "application/sdp"),)
        text = self.respond(invite, 200, headers=headers, body=self.sdp)
        self.wait_for_request("ACK")
        return Call(
            self,
            target=invite.uri_in("contact"),
            local=Message(text)["to"],
            remote=invite["from"],
            call_id=invite["call-id"],
        )

    def _take(self, text: str | None) -> None:
        if not text or not text.strip() or text in self._seen:
            return  # silence, a line end, or a repeat
        self._seen.add(text)
        message = Message(text)
        self.received.append(message)
        self._waiting.append(message)

    def _acknowledge_refusal(self, invite: Message, answer: Message) -> None:
        lines = [
            f"ACK {invite.uri} SIP/2.0",
            f"Via: {invite['via']}",
            "Max-Forwards: 70",
            f"From: {invite['from']}",
            f"To: {answer['to']}",
            f"Call-ID: {invite['call-id']}",
            f"CSeq: {invite['cseq'].split()[0]} ACK",
        ]
        self.send(_with_body(lines, ""))

    def _credentials(self, answer: Message, method: str, uri: str) -> tuple[str, str]:
        is_proxy = answer.status == 407
        challenge = answer["proxy-authenticate" if is_proxy else "www-authenticate"]
        parameters = read_parameters(challenge)
        realm, nonce = parameters["realm"], parameters["nonce"]
        response = digest_response(
            self.device, self.password, realm=realm, nonce=nonce, method=method, uri=uri
        )
        value = (
            f'Digest username="{self.device}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="wire"'
        )
        return "Proxy-Authorization" if is_proxy else "Authorization", value


class Call:
    """One end of a call that stands."""

    def __init__(self, agent: Agent, *, target: str, local: str, remote: str, call_id: str) -> None:
        self._agent = agent
        self._target = target
        self._local = local
        self._remote = remote
        self._call_id = call_id
        self._cseq = 10

    def send(self, method: str, *, cseq: int = 0, headers: Headers = (), body: str = "") -> str:
        """Send a request within the dialog."""
        self._cseq += not cseq
        return self._agent.request(
            method,
            self._target,
            from_=self._local,
            to=self._remote,
            call_id=self._call_id,
            cseq=cseq or self._cseq,
            headers=headers,
            body=body,
        )

    def hang_up(self) -> None:
        """Send BYE and wait for its 200."""
        self.send("BYE")
        assert self._agent.wait_for_final("BYE").status == 200


class UdpAgent(Agent):
    """An agent at a UDP socket; `remote` is where it sends to."""

    transport = "UDP"

    def __init__(self, remote: Address, *, host: str = "127.0.0.1", **settings: object) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.remote = remote
        super().__init__((host, self._socket.getsockname()[1]), **settings)  # type: ignore[arg-type]

    def close(self) -> None:
        self._socket.close()

    def send(self, text: str) -> None:
        self._socket.sendto(text.encode(), self.remote)

    def _receive(self, timeout_s: float) -> str | None:
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            return self._socket.recv(65_535).decode()
        except TimeoutError:
            return None


class TcpAgent(Agent):
    """An agent that has opened one connection."""

    transport = "TCP"

    def __init__(self, remote: Address, **settings: object) -> None:
        self._socket = socket.create_connection(remote, timeout=WAIT_S)
        self._read = b""
        host, port = self._socket.getsockname()[:2]
        super().__init__((host, port), **settings)  # type: ignore[arg-type]

    def close(self) -> None:
        self._socket.close()

    def send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def _receive(self, timeout_s: float) -> str | None:
        deadline = time.monotonic() + timeout_s
        while (text := self._complete()) is None:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self._socket.recv(65_535)
            except TimeoutError:
                return None
            assert data, f"{self.user}: the connection was closed"
            self._read += data
        return text

    def _complete(self) -> str | None:
        self._read = self._read.lstrip(b"\r\n")
        head, blank, rest = self._read.partition(b"\r\n\r\n")
        if not blank:
            return None
        found = re.search(rb"\r\ncontent-length:[ \t]*(\d+)", head, re.IGNORECASE)
        assert found is not None, head
        length = int(found[1])
        if len(rest) < length:
            return None
        self._read = rest[length:]
        return (head + blank + rest[:length]).decode()


def read_parameters(challenge: str) -> dict[str, str]:
    """Return the parameters of a Digest challenge or of credentials."""
    assert challenge.startswith("Digest "), challenge
    found = re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', challenge)
    return {name: quoted or plain for name, quoted, plain in found}


def digest_response(
    user: str,
    password: str,
    *,
    realm: str,
    nonce: str,
    method: str,
    uri: str,
    count: str = "00000001",
    cnonce: str = "wire",
) -> str:
    """Return the response of MD5 with qop=auth (RFC 7616 §3.4.1)."""
    ha1, ha2 = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{uri}")
    return _md5(f"{ha1}:{nonce}:{count}:{cnonce}:auth:{ha2}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _with_body(lines: list[str], body: str) -> str:
    return CRLF.join((*lines, f"Content-Length: {len(body.encode())}", "", body))
