"""Phones with lamps, in a thread of their own: they subscribe, and note every NOTIFY that comes.

While they listen they only answer; what the lamps showed is read when all is over, so that a slow
reader is not taken for a slow switch.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from dataclasses import dataclass

from bench.load import DOMAIN, HOST
from bench.sender import credentials

TRIES = 20
WAIT_S = 0.5
_SO_RCVBUFFORCE = 33
_BUFFER_BYTES = 16 << 20
_ECHOED = re.compile(rb"^(?:Via|v|From|f|To|t|Call-ID|i|CSeq):.*$", re.IGNORECASE | re.MULTILINE)
_CALL_ID = re.compile(rb"^(?:Call-ID|i): *(\S+)", re.IGNORECASE | re.MULTILINE)
_CSEQ = re.compile(rb"^CSeq: *(\d+)", re.IGNORECASE | re.MULTILINE)
_NONCE = re.compile(rb'nonce="([^"]+)"')
_DOCUMENT = re.compile(
    rb'<dialog-info[^>]*?entity="sip:([^@"]+)@.*?(?:</dialog-info>|/>)', re.DOTALL
)
_STATE = re.compile(rb"<state[^>]*>(\w+)</state>")


@dataclass(frozen=True)
class Notice:
    """What one NOTIFY said of one phone."""

    at: float
    lamp: str
    """The subscription's Call-ID."""
    cseq: int
    phone: str
    is_lit: bool


class LampPhones:
    """Every watcher has its lamps behind the same socket."""

    def __init__(self, switch_port: int) -> None:
        self._switch = (HOST, switch_port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        self._port = self._socket.getsockname()[1]
        self._taken: list[tuple[float, bytes]] = []
        self._branches = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.lamps: dict[str, tuple[str, ...]] = {}
        """The phones that each subscription watches, by its Call-ID."""

    def register(self, user: int) -> None:
        """Register a watcher, who is no stranger then."""
        self._ask("REGISTER", f"sip:{DOMAIN}", user, f"lr{user}@bench", "", to=f"u{user}")

    def watch(self, user: int, target: str, phones: tuple[str, ...], *, is_list: bool) -> None:
        """Subscribe to the calls of one phone, or of a list of them."""
        call_id = f"l{user}-{target}@bench"
        fields = "Event: dialog\r\n" + ("Supported: eventlist\r\n" if is_list else "")
        self._ask("SUBSCRIBE", f"sip:{target}@{DOMAIN}", user, call_id, fields, to=target)
        self.lamps[call_id] = phones

    def start(self) -> None:
        """Listen in the background until ``stop``."""
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()
        self._socket.close()

    def notices(self, *, since: float) -> list[Notice]:
        """Read what came since a moment, in its order; repeats count once."""
        seen: set[tuple[str, int]] = set()
        found: list[Notice] = []
        for at, data in list(self._taken):
            call_id, cseq = _CALL_ID.search(data), _CSEQ.search(data)
            if at < since or call_id is None or cseq is None:
                continue
            key = (call_id[1].decode(), int(cseq[1]))
            if key in seen:
                continue
            seen.add(key)
            for document in _DOCUMENT.finditer(data):
                states = set(_STATE.findall(document[0])) - {b"terminated"}
                found.append(Notice(at, *key, document[1].decode(), bool(states)))
        return found

    def _listen(self) -> None:
        while not self._is_over.is_set():
            self._read(0.05)

    def _read(self, wait_s: float) -> list[bytes]:
        """Answer the NOTIFYs that have come, and return everything else."""
        others: list[bytes] = []
        if not select.select([self._socket], [], [], wait_s)[0]:
            return others
        while True:
            try:
                data = self._socket.recv(65_535)
            except BlockingIOError:
                return others
            if not data.startswith(b"NOTIFY "):
                others.append(data)
                continue
            self._taken.append((time.monotonic(), data))
            head = data.partition(b"\r\n\r\n")[0]
            echoed = b"\r\n".join(line.rstrip() for line in _ECHOED.findall(head))
            answer = b"SIP/2.0 200 OK\r\n" + echoed + b"\r\nContent-Length: 0\r\n\r\n"
            self._socket.sendto(answer, self._switch)

    def _ask(self, method: str, uri: str, user: int, call_id: str, fields: str, *, to: str) -> None:
        """Ask, with credentials when they are wanted, until there is a 200."""
        signed = ""
        for cseq in (1, 2):
            answer = self._exchange(
                f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {HOST}:{self._port};branch=BRANCH\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:u{user}@{DOMAIN}>;tag=w{user}\r\n"
                f"To: <sip:{to}@{DOMAIN}>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <sip:u{user}@{HOST}:{self._port}>\r\nExpires: 3600\r\n"
                f"{fields}{signed}Content-Length: 0\r\n\r\n",
                call_id,
            )
            if answer.startswith(b"SIP/2.0 200"):
                return
            nonce = _NONCE.search(answer)
            if nonce is not None:
                value = credentials(user, method, uri, nonce[1].decode())
                signed = f"Authorization: {value}\r\n"
        raise SystemExit(f"{method} of u{user} to {to} is refused: {answer[:80]!r}")

    def _exchange(self, text: str, call_id: str) -> bytes:
        self._branches += 1
        data = text.replace("BRANCH", f"z9hG4bKl{self._port}x{self._branches}").encode()
        for _ in range(TRIES):
            self._socket.sendto(data, self._switch)
            until = time.monotonic() + WAIT_S
            while time.monotonic() < until:
                for answer in self._read(WAIT_S):
                    if call_id.encode() in answer and not answer.startswith(b"SIP/2.0 1"):
                        return answer
        raise SystemExit("the switch does not answer")
