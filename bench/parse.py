"""What one message costs to parse, read and write: ``python -m bench.parse``.

Guide: parse at most 10 µs, parse + read + serialise at most 40 µs, for an INVITE of 17 headers.
Then the same of hostile ones, the seeded mutations of the fuzz tests: what a stranger can make the
switch spend with one message, on the average and at the worst.
"""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from random import Random

from sipcore.message.message import Request, serialize
from sipcore.message.parse import parse_message
from tests.fuzz.mutations import mutate
from tests.fuzz.readers import read_message

ROUNDS = 7
CALLS = 4_000
HOSTILE = 5_000
HOSTILE_ROUNDS = 3
TORTURE = Path(__file__).parent.parent / "tests" / "torture"

SDP = (
    b"v=0\r\no=- 3890 3890 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    b"a=sendrecv\r\n"
)
INVITE = (
    b"INVITE sip:030123456@sip.example.org SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.10:5060;rport;branch=z9hG4bKPj4f3c2a1e9b8d7c6f\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Anna Beispiel" <sip:anna@sip.example.org>;tag=8f2c1d4e5b6a7980\r\n'
    b"To: <sip:030123456@sip.example.org>\r\n"
    b'Contact: <sip:anna@192.0.2.10:5060;ob>;+sip.instance="<urn:uuid:0c0f-11>"\r\n'
    b"Call-ID: 7a9f-4c31-b0de-5f8e7d6c1b2a\r\n"
    b"CSeq: 20452 INVITE\r\n"
    b"Route: <sip:sip.example.org;lr>\r\n"
    b"Allow: PRACK, INVITE, ACK, BYE, CANCEL, UPDATE, INFO, SUBSCRIBE, NOTIFY, REFER, OPTIONS\r\n"
    b"Supported: replaces, 100rel, timer, norefersub\r\n"
    b"Session-Expires: 1800\r\n"
    b"Min-SE: 90\r\n"
    b"P-Preferred-Identity: <sip:+493012345@sip.example.org>\r\n"
    b"User-Agent: Example Phone 1.0\r\n"
    b'Authorization: Digest username="anna", realm="sip.example.org", '
    b'nonce="AAAAAAAPQkBhYmMAAAAB3UmKuyMJVH2xXlkp", uri="sip:030123456@sip.example.org", '
    b'response="0123456789abcdef0123456789abcdef", algorithm=MD5, qop=auth, nc=00000001, '
    b'cnonce="6a7b8c9d0e1f"\r\n'
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: " + str(len(SDP)).encode() + b"\r\n\r\n" + SDP
)


def main() -> None:
    for name, step in (("parse", _parse), ("parse + read + serialise", _parse_read_serialise)):
        print(f"{name:<28} {_microseconds(step):6.1f} µs")
    costs = sorted(_hostile_microseconds())
    print(
        f"{'hostile message':<28} {statistics.fmean(costs):6.1f} µs, "
        f"p99 {costs[len(costs) * 99 // 100]:.0f} µs, worst {costs[-1]:.0f} µs"
    )


def _microseconds(step: Callable[[], object]) -> float:
    times = timeit.repeat(step, timer=time.thread_time, number=CALLS, repeat=ROUNDS)
    return min(times) / CALLS * 1e6


def _hostile_microseconds() -> list[float]:
    """Time each of the messages by itself: read whole and written again, or refused.

    The fastest of some rounds counts, since other work can only add.
    """
    random = Random(4475)
    seeds = [path.read_bytes() for path in sorted(TORTURE.glob("rfc*/*.sip"))] + [INVITE]
    messages = [mutate(random.choice(seeds), seeds, random) for _ in range(HOSTILE)]
    rounds = [[_cost_of(message) for message in messages] for _ in range(HOSTILE_ROUNDS)]
    return [min(costs) for costs in zip(*rounds, strict=True)]


def _cost_of(message: bytes) -> float:
    started = time.thread_time()
    read_message(message)
    return (time.thread_time() - started) * 1e6


def _parse() -> Request:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    return message


def _parse_read_serialise() -> bytes:
    message = _parse()
    assert message.uri
    assert message.via.branch
    assert message.from_.tag
    assert message.to.tag is None
    assert message.cseq.number
    assert message.call_id
    assert message.max_forwards
    assert message.contacts
    return serialize(message)


if __name__ == "__main__":
    main()
