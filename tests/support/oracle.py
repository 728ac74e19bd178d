"""Two ends of calls that know the truth: a phone and a carrier of our own, on real sockets.

They share no line with the service: own parser, own timers, own clock readings. Of every call
they write down between which instants the callee's answer and the first BYE must have reached
the switch; what the switch measured has to lie between the bounds that follow from it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Address = tuple[str, int]
Headers = list[tuple[str, str]]

HOST = "127.0.0.1"
T1_S = 0.5
T2_S = 4.0
GIVE_UP_S = 32.0
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"  # noqa: E501 - one body


class Text:
    """A SIP message as text: a start line, header fields, a body."""

    def __init__(self, start: str, fields: Headers, body: str = "") -> None:
        self.start = start
        self.fields = fields
        self.body = body

    @classmethod
    def read(cls, data: bytes) -> Text:
        head, _, body = data.decode().partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        return cls(start, [(name.strip().lower(), value.strip()) for name, value in pairs], body)

    def write(self) -> bytes:
        lines = [f"{name}: {value}" for name, value in self.fields]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join((self.start, *lines, "", self.body)).encode()

    def get(self, name: str) -> str:
        return next((value for key, value in self.fields if key == name), "")

    @property
    def method(self) -> str:
        return self.get("cseq").split()[1]

    @property
    def number(self) -> int:
        return int(self.get("cseq").split()[0])

    @property
    def status(self) -> int:
        """The status of a response, 0 of a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def branch(self) -> str:
        found = re.search(r"branch=([^;,\s]+)", self.get("via"))
        return found[1] if found else ""

    def tag(self, name: str) -> str:
        found = re.search(r";tag=([^;,\s]+)", self.get(name))
        return found[1] if found else ""


@dataclass
class Leg:
    """One side of one call."""

    call_id: str
    local: str
    remote: str
    target: str
    dialled: str
    cseq: int = 1
    is_connected: bool = False
    is_over: bool = False
    last_status: int = 0


@dataclass
class Truth:
    """What is known of one answered callee leg; instants are this process's monotonic clock."""

    dialled: str
    answer_after: float
    """The callee's 200 was sent not before this instant, so it arrived later."""
    answer_before: float | None = None
    """Its ACK was here, so it had arrived."""
    bye_after: float | None = None
    """The first BYE of either side was sent not before this instant."""
    bye_before: float | None = None
    """Its 200 was here, so it had arrived."""
    bye_status: int = 0
    was_connected: bool = False
    """The caller got its 200."""
    outlived: int = 0
    """How many deaths of the switch the connected call saw."""


@dataclass
class Book:
    """The truth about all calls, by the number that was dialled."""

    callers: dict[str, Leg] = field(default_factory=dict)
    answers: dict[str, list[Truth]] = field(default_factory=dict)
    deaths: list[float] = field(default_factory=list)

    def answered(self, dialled: str) -> Truth | None:
        """Give the last answer to a number."""
        answers = self.answers.get(dialled)
        return answers[-1] if answers else None

    def died(self) -> None:
        """Note that the switch is dead from here on."""
        self.deaths.append(time.monotonic())
        for answers in self.answers.values():
            for one in answers:
                one.outlived += one.was_connected and one.bye_after is None


class Peer(asyncio.DatagramProtocol):
    """What phone and carrier have in common: sending again, answering again, one dialog a leg."""

    def __init__(self, name: str, switch: Address, book: Book) -> None:
        self.name = name
        self.switch = switch
        self.book = book
        self.port = 0
        self.legs: dict[str, Leg] = {}
        self.faults: list[str] = []
        self.waiting: dict[tuple[str, str], Callable[[Text], None]] = {}
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._said: dict[tuple[str, str], bytes] = {}
        self._serial = 0
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(HOST, port)
        )
        self.port = self._transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = Text.read(data)
        if message.status:
            self.stop((message.branch, message.method), is_final=message.status >= 200)
            wait = self.waiting.get((message.branch, message.method))
            if wait is not None:
                wait(message)
            return
        method = message.method
        if method == "ACK":
            self.stop(("2xx", message.get("call-id")))
            self.acknowledged(message)
            return
        said = self._said.get((message.branch, method))
        if said is not None:
            self.send(said, addr)
        elif not message.tag("to"):
            self.invited(message, addr)
        else:
            self.asked(message, addr)

    def error_received(self, exc: Exception) -> None:
        """Take it that the switch is not there; what matters is sent again."""

    # For phone and carrier.

    def invited(self, message: Text, addr: Address) -> None:
        raise NotImplementedError

    def acknowledged(self, message: Text) -> None:
        """An ACK came."""

    def ended(self, leg: Leg, *, began: float) -> None:
        """The other side said BYE; it was sent not before `began`, as far as this leg knows."""

    def asked(self, message: Text, addr: Address) -> None:
        leg = self.legs.get(message.get("call-id"))
        method = message.method
        if leg is None or (leg.is_over and method != "BYE"):
            self.reply(message, addr, 481)
        elif method == "BYE":
            leg.is_over = True
            self.stop(("2xx", leg.call_id))
            self.reply(message, addr, 200)
        else:
            self.reply(message, addr, 200)

    def bye(self, leg: Leg) -> None:
        """End a call, and note what that proves."""
        truth = self.book.answered(leg.dialled)
        leg.is_over = True
        leg.cseq += 1
        if truth is not None and truth.bye_after is None:
            truth.bye_after = time.monotonic()
            self.request(leg, "BYE", leg.cseq, lambda reply: _note_bye(truth, reply))
        else:
            self.request(leg, "BYE", leg.cseq, lambda _reply: None)

    def request(
        self, leg: Leg, method: str, cseq: int, wait: Callable[[Text], None], *fields: str
    ) -> None:
        """Send a request of a leg again and again until it is answered."""
        message = Text(
            f"{method} {leg.target} SIP/2.0",
            [
                ("Via", self.via()),
                ("Max-Forwards", "70"),
                ("From", leg.local),
                ("To", leg.remote),
                ("Call-ID", leg.call_id),
                ("CSeq", f"{cseq} {method}"),
            ],
        )
        if method == "INVITE":
            message.fields += [
                ("Contact", f"<sip:{self.name}@{HOST}:{self.port}>"),
                ("Content-Type", "application/sdp"),
            ]
            message.fields += [("Authorization", one) for one in fields]
            message.body = SDP
        sent = Text.read(message.write())
        key = (sent.branch, method)
        self.waiting[key] = wait
        if method == "ACK":
            self.send(message.write(), self.switch)
        else:
            self.repeat(key, message.write(), self.switch)

    def reply(
        self, message: Text, addr: Address, status: int, *, tag: str = "", body: str = ""
    ) -> bytes:
        """Answer a request, and the same again if it is repeated."""
        fields = [(key, value) for key, value in message.fields if key == "via"]
        fields += [(key, message.get(key)) for key in ("from", "call-id", "cseq")]
        to = message.get("to")
        fields.append(("to", f"{to};tag={tag}" if tag and status > 100 else to))
        if body:
            fields.append(("contact", f"<sip:{self.name}@{HOST}:{self.port}>"))
            fields.append(("content-type", "application/sdp"))
        data = Text(f"SIP/2.0 {status} Oracle", fields, body).write()
        self._said[message.branch, message.method] = data
        self.send(data, addr)
        return data

    def repeat(self, key: tuple[str, str], data: bytes, addr: Address) -> None:
        """Send until stopped, at the intervals of RFC 3261."""
        loop = asyncio.get_running_loop()
        give_up = time.monotonic() + GIVE_UP_S

        def once(interval_s: float) -> None:
            if time.monotonic() < give_up:
                self.send(data, addr)
                again_s = min(2 * interval_s, T2_S)
                self._timers[key] = loop.call_later(interval_s, once, again_s)
            else:
                self.stop(key)

        once(T1_S)

    def stop(self, key: tuple[str, str], *, is_final: bool = True) -> None:
        if key[1] != "INVITE" and not is_final:
            return
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def send(self, data: bytes, addr: Address) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, addr)

    def via(self) -> str:
        return f"SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bK{self.name}{self.next()}"

    def next(self) -> int:
        self._serial += 1
        return self._serial


class Caller(Peer):
    """The phone of one account, with as many calls as it likes."""

    def __init__(self, name: str, password: str, domain: str, switch: Address, book: Book) -> None:
        super().__init__(name, switch, book)
        self.password = password
        self.domain = domain
        self.challenge = ""
        self._count = 0

    def call(self, dialled: str) -> Leg:
        leg = Leg(
            f"{self.name}-{self.next()}-{time.monotonic_ns()}",
            f"<sip:{self.name}@{self.domain}>;tag=c{self.next()}",
            f"<sip:{dialled}@{self.domain}>",
            f"sip:{dialled}@{self.domain}",
            dialled,
        )
        self.legs[leg.call_id] = leg
        self.book.callers[dialled] = leg
        self._invite(leg)
        return leg

    def cancel(self, leg: Leg) -> None:
        """Give a call up that nobody answered; what still comes of it is ended at once."""
        leg.is_over = True

    def invited(self, message: Text, addr: Address) -> None:
        self.reply(message, addr, 486, tag="none")

    def asked(self, message: Text, addr: Address) -> None:
        leg = self.legs.get(message.get("call-id"))
        if leg is not None and not leg.is_connected and message.method != "BYE":
            # Its 200 is not here yet, and so no dialog.
            self.reply(message, addr, 481)
            return
        super().asked(message, addr)

    def _invite(self, leg: Leg) -> None:
        leg.cseq += 1
        cseq = leg.cseq
        credentials = (self._sign(leg.target),) if self.challenge else ()
        self.request(leg, "INVITE", cseq, lambda reply: self._hear(leg, cseq, reply), *credentials)

    def _hear(self, leg: Leg, cseq: int, reply: Text) -> None:
        status = reply.status
        if status < 200:
            return
        if status >= 300:
            self._acknowledge_failure(leg, cseq, reply)
        if cseq != leg.cseq and not leg.is_connected:
            return
        if status == 401:
            self.challenge = reply.get("www-authenticate")
            self._count = 0
            self._invite(leg)
            return
        leg.last_status = status
        if status != 200:
            leg.is_over = True
            return
        is_unwanted = leg.is_over and not leg.is_connected
        if not leg.is_connected:
            leg.is_connected = True
            leg.remote = reply.get("to")
            leg.target = reply.get("contact").strip("<>")
            truth = self.book.answered(leg.dialled)
            if truth is not None:
                truth.was_connected = True
        self.request(leg, "ACK", cseq, lambda _reply: None)
        if is_unwanted:
            self.bye(leg)

    def _acknowledge_failure(self, leg: Leg, cseq: int, reply: Text) -> None:
        fields = [
            ("Via", reply.get("via")),
            ("Max-Forwards", "70"),
            ("From", leg.local),
            ("To", reply.get("to")),
            ("Call-ID", leg.call_id),
            ("CSeq", f"{cseq} ACK"),
        ]
        self.send(Text(f"ACK {leg.target} SIP/2.0", fields).write(), self.switch)

    def _sign(self, uri: str) -> str:
        realm, nonce = (
            re.findall(rf'{name}="([^"]*)"', self.challenge)[0] for name in ("realm", "nonce")
        )
        self._count += 1
        count = f"{self._count:08x}"
        ha1 = _md5(f"{self.name}:{realm}:{self.password}")
        answer = _md5(f"{ha1}:{nonce}:{count}:c:auth:{_md5(f'INVITE:{uri}')}")
        return (
            f'Digest username="{self.name}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{answer}", algorithm=MD5, qop=auth, nc={count}, cnonce="c"'
        )


class Callee(Peer):
    """A carrier that answers every call after the pause that `pause_s` gives."""

    def __init__(
        self, name: str, switch: Address, book: Book, *, pause_s: Callable[[], float]
    ) -> None:
        super().__init__(name, switch, book)
        self.pause_s = pause_s

    def invited(self, message: Text, addr: Address) -> None:
        if message.method != "INVITE":
            self.reply(message, addr, 481)
            return
        tag = f"n{self.next()}"
        contact = re.search(r"<([^>]*)>", message.get("contact"))
        leg = Leg(
            message.get("call-id"),
            f"{message.get('to')};tag={tag}",
            message.get("from"),
            contact[1] if contact else "",
            _national(message.start),
        )
        self.legs[leg.call_id] = leg
        self.reply(message, addr, 100)
        asyncio.get_running_loop().call_later(self.pause_s(), self._answer, leg, message, tag)

    def asked(self, message: Text, addr: Address) -> None:
        if message.method == "CANCEL":
            self.reply(message, addr, 200)
            return
        super().asked(message, addr)

    def acknowledged(self, message: Text) -> None:
        leg = self.legs.get(message.get("call-id"))
        if leg is None or leg.is_connected:
            return
        leg.is_connected = True
        for truth in self.book.answers.get(leg.dialled, ()):
            if truth.answer_before is None:
                truth.answer_before = time.monotonic()

    def _answer(self, leg: Leg, invite: Text, tag: str) -> None:
        if leg.is_over:
            return
        self.book.answers.setdefault(leg.dialled, []).append(Truth(leg.dialled, time.monotonic()))
        data = self.reply(invite, self.switch, 200, tag=tag, body=SDP)
        self.repeat(("2xx", leg.call_id), data, self.switch)


def _note_bye(truth: Truth, reply: Text) -> None:
    if truth.bye_before is None:
        truth.bye_before = time.monotonic()
        truth.bye_status = reply.status


def _national(start: str) -> str:
    """Give the number of a request line as it was dialled in Germany."""
    found = re.search(r"sip:\+49(\d+)@", start)
    return f"0{found[1]}" if found else start


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
