"""A real name server on loopback: answers from a zone that the test writes, and counts."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """Serves records written as in a zone file, on a port of its own, in a thread.

    ``is_silent`` swallows every question, ``fails`` answers SERVFAIL. What has a name but no
    record of the type is NODATA, what has no name NXDOMAIN.
    """

    def __init__(self, *records: str) -> None:
        self.is_silent = False
        self.fails = False
        self.asked: Counter[str] = Counter()
        self._texts: dict[tuple[str, str], list[str]] = {}
        self._sets: dict[tuple[str, str], dns.rrset.RRset] = {}
        for record in records:
            self.add(record)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def add(self, record: str) -> None:
        """Add ``name ttl type data``, the name without its last dot."""
        name, ttl, kind, data = record.split(None, 3)
        texts = self._texts.setdefault((name, kind), [])
        texts.append(data)
        self._sets[name, kind] = dns.rrset.from_text(f"{name}.", int(ttl), "IN", kind, *texts)

    def remove(self, name: str) -> None:
        for known in [key for key in self._sets if key[0] == name]:
            del self._sets[known], self._texts[known]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._ends.is_set():
            try:
                data, source = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            query = dns.message.from_wire(data)
            question = query.question[0]
            name = question.name.to_text(omit_final_dot=True).lower()
            kind = dns.rdatatype.to_text(question.rdtype)
            self.asked[f"{name} {kind}"] += 1
            if not self.is_silent:
                self._socket.sendto(self._answer(query, name, kind).to_wire(), source)

    def _answer(self, query: dns.message.Message, name: str, kind: str) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.fails:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        while (alias := self._sets.get((name, "CNAME"))) is not None:
            response.answer.append(alias)
            name = alias[0].target.to_text(omit_final_dot=True).lower()
            if len(response.answer) > 8:
                break
        found = self._sets.get((name, kind))
        if found is not None:
            response.answer.append(found)
        elif not any(known == name for known, _ in self._sets):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response
