"""A small sender of calls: one socket, one thread, as many calls a second as it is told.

It does what a phone does and no more: REGISTER and INVITE with digest, ACK, BYE, and repeats by
timers A and E. What it could not send in time it counts as its own drops, so that a slow sender is
not taken for a fast switch.
"""

from __future__ import annotations

import hashlib
import heapq
import re
import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench.load import DOMAIN, HOST
from bench.process_meter import ProcessMeter

STRANGERS_HOST = "127.0.0.2"
"""Another address than the phones', where nobody is registered."""

T1_S = 0.5
T2_S = 4.0
GIVE_UP_S = 8.0
"""Whoever has heard nothing for so long has hung up."""

LATE_MAX_S = 0.05
"""A call that the sender would begin later than this is not begun, and counted."""

_TALK = "talk"

_STATUS = re.compile(rb"SIP/2\.0 (\d\d\d)")
_CALL_ID = re.compile(rb"\r\n(?:Call-ID|i): *([^\r\n]+)", re.IGNORECASE)
_CSEQ = re.compile(rb"\r\nCSeq: *(\d+) +([A-Z]+)", re.IGNORECASE)
_TO = re.compile(rb"\r\n(?:To|t): *([^\r\n]+)", re.IGNORECASE)
_VIA = re.compile(rb"\r\n(?:Via|v): *([^\r\n]+)", re.IGNORECASE)
_CONTACT = re.compile(rb"\r\n(?:Contact|m): *<([^>]+)>", re.IGNORECASE)
_NONCE = re.compile(rb'nonce="([^"]+)"')

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


@dataclass
class Tally:
    """What became of the calls of one phase."""

    attempted: int = 0
    answered: int = 0
    refused: int = 0
    unanswered: int = 0
    dropped_here: int = 0
    strangers: int = 0
    emergencies: int = 0
    emergencies_answered: int = 0
    setup_s: list[float] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)
    spans: list[tuple[str, float, float]] = field(default_factory=list)
    """Who was in a call that was held, from its INVITE with credentials to its BYE."""

    def setup_p99_ms(self) -> float:
        ordered = sorted(self.setup_s)
        return ordered[int(len(ordered) * 0.99)] * 1000 if ordered else 0.0


class _Call:
    __slots__ = (
        "admitted_at", "begun_at", "call_id", "contact", "cseq", "ends_at", "interval_s",
        "is_emergency", "is_settled", "number", "request", "target", "to", "user", "waits_for",
    )  # fmt: skip

    def __init__(self, number: int, user: int, target: str, now: float, *, emergency: bool) -> None:
        self.number = number
        self.user = user
        self.target = target
        self.call_id = f"c{number}@bench"
        self.cseq = 1
        self.to = f"<sip:{target}@{DOMAIN}>"
        self.begun_at = self.admitted_at = now
        self.is_emergency = emergency
        self.is_settled = False
        self.waits_for = ""
        self.request = b""
        self.contact = ""
        self.ends_at = 0.0
        self.interval_s = T1_S


class _Pace:
    """Something that is begun evenly, so many times a second."""

    def __init__(self, rate: float, start: float, begin: Callable[[float], None]) -> None:
        self.rate = rate
        self.next_at = start
        self._interval_s = 1.0 / rate if rate else 0.0
        self._begin = begin

    def catch_up(self, now: float) -> int:
        """Begin all that is due; return how many were not begun for being too late."""
        dropped = 0
        while self.next_at <= now:
            if now - self.next_at > LATE_MAX_S:
                dropped += 1
            else:
                self._begin(now)
            self.next_at += self._interval_s
        return dropped


class Sender:
    """Users u0, u1 … behind one socket; each calls the one half of them further."""

    def __init__(self, port: int, users: int, contact_port: int) -> None:
        """Send to ``port``; what is called through the switch answers at ``contact_port``."""
        self._switch = (HOST, port)
        self._users = users
        self._contact_port = contact_port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        # What comes back to strangers is never read, as by those who only mean harm.
        self._strangers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._strangers.bind((STRANGERS_HOST, 0))
        self._strangers.setblocking(False)
        self._calls: dict[bytes, _Call] = {}
        self._timers: list[tuple[float, int, str]] = []
        self._number = int(time.time() * 1000) % 1_000_000 * 1_000
        self._count = 0
        self._hold_s = 0.0
        self.tally = Tally()

    def close(self) -> None:
        self._socket.close()
        self._strangers.close()

    def register_all(self) -> None:
        """Register every user from this socket; the calls go to the callee's port."""
        for user in range(self._users):
            self._register(user)

    def run(
        self,
        rate: float,
        seconds: float,
        *,
        emergency_rate: float = 0.0,
        strangers_rate: float = 0.0,
        hold_s: float = 0.0,
        meter: ProcessMeter | None = None,
    ) -> Tally:
        """Begin calls evenly for so long, wait for those under way, and return what became.

        ``meter`` runs while calls are begun. Strangers send INVITEs from another address and do
        nothing else.
        """
        self.tally = Tally()
        self._hold_s = hold_s
        if meter is not None:
            meter.start()
        start = time.monotonic()
        kinds = (
            _Pace(rate, start, self._begin_call),
            _Pace(emergency_rate, start, self._begin_emergency),
            _Pace(strangers_rate, start, self._send_as_stranger),
        )
        paces = [pace for pace in kinds if pace.rate]
        while (now := time.monotonic()) < start + seconds:
            for pace in paces:
                self.tally.dropped_here += pace.catch_up(now)
            self._turn(now, min((pace.next_at for pace in paces), default=start + seconds))
        if meter is not None:
            meter.stop()
        until = time.monotonic() + GIVE_UP_S + hold_s + 1.0
        while self._calls and (now := time.monotonic()) < until:
            self._turn(now, now + 0.05)
        self._calls.clear()
        self._timers.clear()
        return self.tally

    def _turn(self, now: float, until: float) -> None:
        self._fire(now)
        pause = max(0.0, min(until - time.monotonic(), 0.02))
        if select.select([self._socket], [], [], pause)[0]:
            for _ in range(64):
                try:
                    data = self._socket.recv(65_535)
                except BlockingIOError:
                    break
                self._take(data)

    # Calls.

    def _begin_call(self, now: float) -> None:
        self.tally.attempted += 1
        self._begin(now, emergency=False)

    def _begin_emergency(self, now: float) -> None:
        self.tally.emergencies += 1
        self._begin(now, emergency=True)

    def _begin(self, now: float, *, emergency: bool) -> None:
        self._number += 1
        user = self._number % self._users
        target = "112" if emergency else f"u{(user + self._users // 2) % self._users}"
        call = _Call(self._number, user, target, now, emergency=emergency)
        self._calls[call.call_id.encode()] = call
        self._send_invite(call, "")

    def _send_as_stranger(self, now: float) -> None:
        self._number += 1
        self._count += 1
        self.tally.strangers += 1
        call = _Call(self._number, 0, f"u{self._number % self._users}", now, emergency=False)
        host, port = self._strangers.getsockname()
        lines = self._lines("INVITE", f"sip:{call.target}@{DOMAIN}", call)
        lines[1] = f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKstranger{self._count}"
        lines[3] = f"From: <sip:nobody{call.number}@{DOMAIN}>;tag=n{call.number}"
        lines += [f"Contact: <sip:nobody@{host}:{port}>", "Content-Type: application/sdp"]
        try:
            self._strangers.sendto(_message(lines, SDP), self._switch)
        except BlockingIOError:
            self.tally.dropped_here += 1

    def _send_invite(self, call: _Call, signed: str) -> None:
        uri = f"sip:{call.target}@{DOMAIN}"
        lines = self._lines("INVITE", uri, call)
        lines += [
            f"Contact: <sip:u{call.user}@{HOST}:{self.port}>",
            "Content-Type: application/sdp",
        ]
        if signed:
            lines.append(f"Authorization: {signed}")
        self._ask(call, "INVITE", _message(lines, SDP))

    def _lines(self, method: str, uri: str, call: _Call) -> list[str]:
        self._count += 1
        return [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch=z9hG4bKs{self._number}x{self._count}",
            "Max-Forwards: 70",
            f"From: <sip:u{call.user}@{DOMAIN}>;tag=f{call.number}",
            f"To: {call.to}",
            f"Call-ID: {call.call_id}",
            f"CSeq: {call.cseq} {method}",
        ]

    def _ask(self, call: _Call, method: str, data: bytes) -> None:
        call.request, call.waits_for, call.interval_s = data, method, T1_S
        self._send(data)
        due = time.monotonic() + T1_S
        heapq.heappush(self._timers, (due, call.cseq, call.call_id))

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendto(data, self._switch)
        except BlockingIOError:
            self.tally.dropped_here += 1

    def _fire(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            _, cseq, call_id = heapq.heappop(self._timers)
            call = self._calls.get(call_id.encode())
            if call is None or call.cseq != cseq or not call.waits_for:
                continue
            if call.waits_for == _TALK:
                if now >= call.ends_at:
                    self._hang_up(call, now)
                continue
            if now - call.begun_at > GIVE_UP_S and not call.is_settled:
                self._end(call)
                self.tally.unanswered += 1
                continue
            self._send(call.request)
            call.interval_s = min(2 * call.interval_s, T2_S)
            heapq.heappush(self._timers, (now + call.interval_s, cseq, call_id))

    def _end(self, call: _Call) -> None:
        self._calls.pop(call.call_id.encode(), None)

    # Answers.

    def _take(self, data: bytes) -> None:
        status, call_id, cseq = _STATUS.match(data), _CALL_ID.search(data), _CSEQ.search(data)
        if status is None or call_id is None or cseq is None:
            return
        call = self._calls.get(call_id[1])
        if call is None:
            return
        code, number, method = int(status[1]), int(cseq[1]), cseq[2].decode()
        if method == "BYE" and code >= 200:
            self._end(call)
            return
        if method != "INVITE":
            return
        if code < 200:
            if number == call.cseq and call.waits_for == "INVITE":
                call.waits_for = ""
            return
        to = _TO.search(data)
        if to is None:
            return
        if code >= 300:
            self._refused(call, code, number, data, to[1].decode())
        elif number == call.cseq and not call.is_settled:
            self._answered(call, data, to[1].decode())

    def _refused(self, call: _Call, code: int, number: int, data: bytes, to: str) -> None:
        via = _VIA.search(data)
        lines = self._lines("ACK", f"sip:{call.target}@{DOMAIN}", call)
        lines[1] = f"Via: {via[1].decode()}" if via else lines[1]
        lines[4] = f"To: {to}"
        lines[6] = f"CSeq: {number} ACK"
        self._send(_message(lines))
        if number != call.cseq or call.is_settled:
            return
        nonce = _NONCE.search(data)
        if code == 401 and nonce is not None and call.cseq == 1:
            call.cseq = 2
            call.admitted_at = time.monotonic()
            uri = f"sip:{call.target}@{DOMAIN}"
            self._send_invite(call, credentials(call.user, "INVITE", uri, nonce[1].decode()))
            return
        if not call.is_emergency:
            self.tally.refused += 1
            self.tally.refused_at.append(time.monotonic())
        self._end(call)

    def _answered(self, call: _Call, data: bytes, to: str) -> None:
        now = time.monotonic()
        call.is_settled = True
        call.to = to
        contact = _CONTACT.search(data)
        uri = contact[1].decode() if contact else f"sip:{call.target}@{DOMAIN}"
        if call.is_emergency:
            self.tally.emergencies_answered += 1
        else:
            self.tally.answered += 1
            self.tally.answered_at.append(now)
            self.tally.setup_s.append(now - call.begun_at)
        self._send(_message(self._lines("ACK", uri, call)))
        call.contact = uri
        call.waits_for = _TALK
        call.ends_at = now + self._hold_s
        heapq.heappush(self._timers, (call.ends_at, call.cseq, call.call_id))

    def _hang_up(self, call: _Call, now: float) -> None:
        if self._hold_s and not call.is_emergency:
            for user in (f"u{call.user}", call.target):
                self.tally.spans.append((user, call.admitted_at, now))
        call.cseq += 1
        self._ask(call, "BYE", _message(self._lines("BYE", call.contact, call)))

    # Registration, one after the other.

    def _register(self, user: int) -> None:
        call = _Call(self._number + user, user, "", time.monotonic(), emergency=False)
        call.to = f"<sip:u{user}@{DOMAIN}>"
        call.call_id = f"r{user}-{self.port}@bench"
        signed = ""
        for call.cseq in (1, 2):
            lines = self._lines("REGISTER", f"sip:{DOMAIN}", call)
            lines += [f"Contact: <sip:u{user}@{HOST}:{self._contact_port}>", "Expires: 3600"]
            if signed:
                lines.append(f"Authorization: {signed}")
            answer = self._exchange(_message(lines))
            if answer.startswith(b"SIP/2.0 200"):
                return
            nonce = _NONCE.search(answer)
            if nonce is not None:
                signed = credentials(user, "REGISTER", f"sip:{DOMAIN}", nonce[1].decode())
        raise SystemExit(f"u{user} cannot register: {answer[:80]!r}")

    def _exchange(self, data: bytes) -> bytes:
        for _ in range(10):
            self._send(data)
            if select.select([self._socket], [], [], T1_S)[0]:
                return self._socket.recv(65_535)
        raise SystemExit("the switch does not answer")


def _message(lines: Iterable[str], body: str = "") -> bytes:
    head = "\r\n".join((*lines, f"Content-Length: {len(body)}"))
    return f"{head}\r\n\r\n{body}".encode()


def credentials(user: int, method: str, uri: str, nonce: str) -> str:
    """Return what a user of the bench answers to a challenge that came only once."""
    ha1 = _md5(f"u{user}:{DOMAIN}:password{user}")
    response = _md5(f"{ha1}:{nonce}:00000001:c:auth:{_md5(f'{method}:{uri}')}")
    return (
        f'Digest username="u{user}", realm="{DOMAIN}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
