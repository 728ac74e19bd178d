"""What a hostile or broken sender makes of a good message: bytes in, bytes out, seeded.

The mutations know lines and the names of headers and nothing of the parser that they are for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final

Mutation = Callable[[bytes, Random], bytes]

NUMBERS: Final = (
    b"0", b"-1", b"1", b"69", b"255", b"65536", b"2147483647", b"2147483648", b"4294967295",
    b"4294967296", b"99999999999999999999", b"1.5", b"1e9", b"0x10", b"\xd9\xa3", b"",
)  # fmt: skip

VALUES: Final = (
    b"", b" ", b",", b";", b";;,;", b"=", b'"', b'"\\', b'"\\"', b"<", b"<>", b">", b"<sip:",
    b"sip:", b"<sip:@>", b"<sip:a@b", b"sip:a@b:99999", b"<sip:a@[::1]:0>", b"<sip:a@[::g]>",
    b"tel:", b"<tel:+49>", b"<tel:+4930;phone-context=>", b"<sip:%zz@a>", b"<sip:%00@a>",
    b"<sip:a@b;lr=;lr>", b"<sip:a@b?Replaces=%", b"*", b"\xff\xfe", b"\xc3\x28", b"a" * 300,
    b"a" * 5_000, b"<sip:" + b"a" * 4_000 + b"@b>", b"<sip:a@b>," * 80, b"a,b" * 200,
    b"x" + b";p=1" * 200, b"Digest", b'Digest username="', b"Basic Zm9v",
    b'Digest username="anna",realm="example.org",nonce="x",uri="a",response="0",qop=auth-int,nc=1',
    b"1 INVITE", b"2147483648 INVITE", b"1 1 INVITE", b"text/plain", b"application/sdp;;",
    b"multipart/mixed", b"multipart/mixed;boundary=" + b"b" * 100, b"SIP/2.0/UDP",
    b"SIP/2.0/UDP a;branch", b"SIP/2.0/TLS a:0", b"SIP/2.0/UDP [::1];branch=z9hG4bK",
    b"SIP/2.0/UDP h;rport=99999;received=;branch=z9hG4bKx", b"100rel",
    b"100rel,timer,replaces,outbound,gin,gruu,path", b"unknown-extension",
)  # fmt: skip

ADDED: Final = (
    b"Require: 100rel", b"Require: unknown", b"Proxy-Require: unknown",
    b"Supported: 100rel, timer, replaces", b"RSeq: 1", b"RSeq: 4294967296", b"RAck: 1 1 INVITE",
    b"RAck: x", b"Session-Expires: 0", b"Session-Expires: 90;refresher=uas",
    b"Session-Expires: 99999999999;refresher=x", b"Min-SE: 4294967295", b"Min-SE: 0",
    b"Max-Forwards: 0", b"Max-Breadth: 0", b"Max-Breadth: x", b"Expires: 0", b"Expires: 4294967295",
    b"Event: dialog", b"Event: presence;id=1", b"Event: refer", b"Event: ;",
    b"Subscription-State: terminated", b"Refer-To: <sip:03023125900@example.org>",
    b"Refer-To: <sip:a@b?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>", b"Refer-To: x",
    b"Referred-By: <sip:x@y>", b"Refer-Sub: false", b"Replaces: x;to-tag=1;from-tag=2;early-only",
    b"Replaces: ;;", b"Target-Dialog: x;local-tag=1;remote-tag=2",
    b"Diversion: <sip:a@b>;reason=x;counter=999999999",
    b"Diversion: <sip:a@b>" + b",<sip:a@b>" * 30,
    b"History-Info: <sip:a@b?Reason=SIP%3Bcause%3D302>;index=1.1",
    b"History-Info: <sip:a@b>;index=" + b"1." * 200, b"Privacy: id;critical", b"Privacy: none;none",
    b"Privacy: ;", b"P-Asserted-Identity: <sip:110@example.org>",
    b"P-Preferred-Identity: <tel:+4911>", b"Remote-Party-ID: x", b"Route: <sip:192.0.2.1;lr>",
    b"Route: <sip:203.0.113.9;lr>", b"Route: <sip:x>,<sip:y>", b"Route: x",
    b"Record-Route: <sip:203.0.113.9;lr>", b"Record-Route: x", b"Path: <sip:203.0.113.9;lr>",
    b"Path: x", b"Contact: *", b"Contact: <sip:a@203.0.113.9>",
    b"Contact: <sips:a@203.0.113.9>;reg-id=1",
    b'Contact: <sip:a@203.0.113.9>;+sip.instance="<urn:uuid:0>";reg-id=0', b"SIP-If-Match: x",
    b"Info-Package: x", b"Session-ID: 0;remote=0", b"Session-ID: " + b"a" * 32,
    b'Reason: Q.850;cause=16;text="', b"Reason: x", b"Content-Length: 5", b"Content-Length: 0",
    b"Content-Encoding: gzip", b"Content-Disposition: session;handling=required", b"In-Reply-To: x",
    b"Date: x", b"Accept: x", b"Allow: ,", b"Retry-After: x", b"Warning: 999", b"Timestamp: x",
    b"Flow-Timer: 0", b"Service-Route: <sip:x>", b"Call-Info: <x>", b"Alert-Info: <x>",
    b"Geolocation: <cid:x>", b"RAck: 4294967295 1 INVITE", b"RAck: 1 1 OPTIONS",
    b"Require: replaces", b"Require: gin", b"Require: eventlist", b"Supported: eventlist, gruu",
    b"Refer-To: <sip:b@example.org;method=BYE>", b"Refer-To: <tel:112>",
    b"Refer-To: <sip:03023125003@example.org?Replaces=%00>", b"Refer-To: <sip:a@b?" + b"x=y&" * 90,
    b"Subscription-State: active;expires=x", b"Event: dialog;call-id=x;to-tag=y",
    b"Event: reg;id=" + b"9" * 300, b"Accept: application/pidf+xml;q=x", b"SIP-If-Match: ,",
    b"Session-ID: ffffffffffffffffffffffffffffffff;remote=" + b"f" * 33,
    b'Contact: <sip:192.0.2.9;bnc>;reg-id=1;+sip.instance="<x>"', b"Contact: <sip:a@b;gr;gr=x>",
    b'Via: SIP/2.0/UDP h;branch=z9hG4bKx;oc=5;oc-algo="loss";oc-validity=x',
    b"Record-Route: <sip:192.0.2.1;lr;x=0123>", b"Path: <sip:a@b;ob>,<sip:c;lr>",
)  # fmt: skip

METHODS: Final = (
    b"INVITE", b"ACK", b"BYE", b"CANCEL", b"OPTIONS", b"REGISTER", b"UPDATE", b"PRACK", b"INFO",
    b"MESSAGE", b"SUBSCRIBE", b"NOTIFY", b"REFER", b"PUBLISH", b"invite", b"X", b"",
)  # fmt: skip

STATUSES: Final = (
    b"100", b"180", b"183", b"199", b"200", b"202", b"299", b"300", b"301", b"302", b"380", b"401",
    b"403", b"404", b"407", b"408", b"410", b"412", b"420", b"421", b"422", b"423", b"433", b"480",
    b"481", b"486", b"487", b"488", b"491", b"494", b"500", b"501", b"503", b"504", b"513", b"580",
    b"600", b"603", b"606", b"699", b"700", b"99", b"1000",
)  # fmt: skip

URIS: Final = (
    b"sip:example.org", b"sip:anna@example.org", b"sip:03023125900@example.org",
    b"sip:110@example.org", b"sip:@", b"sip:", b"sips:ben@example.org", b"tel:+493023125900",
    b"urn:service:sos", b"http://x", b"sip:ben@203.0.113.9", b"sip:ben@example.org;gr",
    b"sip:ben@example.org;gr=urn:uuid:0", b"sip:ben@example.org;method=BYE",
    b"sip:ben@example.org?Route=x", b"*", b"", b"sip:%00@example.org",
    b"sip:" + b"9" * 3_000 + b"@example.org", b"sip:ben@[::1]:0",
    b"sip:ben@example.org;maddr=203.0.113.9",
)  # fmt: skip

BODIES: Final = (
    b"v=0", b"v=0\r\nm=audio", b"v=0\r\nm=audio 0 RTP/AVP 8\r\n" * 50, b"\x00" * 64, b"a" * 20_000,
    b"<?xml", b"--b\r\n",
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b">]><presence>&b;</presence>',
    b"SIP/2.0 200 OK\r\n", b"Signal=1\r\n",
)  # fmt: skip

_HEADER: Final = re.compile(rb"^([A-Za-z0-9\-]+)[ \t]*:(.*)$", re.DOTALL)


def mutate(data: bytes, corpus: list[bytes], random: Random) -> bytes:
    """Return the message with one to three faults; some of them take a part of another one."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if corpus and random.random() < 0.1:
            data = _splice(data, random.choice(corpus), random)
        else:
            data = random.choice(MUTATIONS)(data, random)
    return _with_length(data) if random.random() < 0.8 else data


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    head, _, body = data.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def _join(lines: list[bytes], body: bytes) -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _with_length(data: bytes) -> bytes:
    """Count the body again, so that a fault is not hidden behind a wrong length."""
    lines, body = _split(data)
    lines = [
        b"Content-Length: %d" % len(body) if line.lower().startswith(b"content-length:") else line
        for line in lines
    ]
    return _join(lines, body)


def _place(lines: list[bytes], random: Random) -> int:
    return random.randrange(1, len(lines)) if len(lines) > 1 else 0


def _flip(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes((random.randrange(256),)) + data[at + 1 :]


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(VALUES) + data[at:]


def _delete(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + data[at + random.randrange(1, 20) :]


def _truncate(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _drop_line(data: bytes, random: Random) -> bytes:
    lines, body = _split(data)
    del lines[_place(lines, random)]
    return _join(lines, body)


def _double_line(data: bytes, random: Random) -> bytes:
    lines, body = _split(data)
    at = _place(lines, random)
    lines.insert(_place(lines, random), lines[at])
    return _join(lines, body)


def _swap_lines(data: bytes, random: Random) -> bytes:
    lines, body = _split(data)
    one, other = _place(lines, random), _place(lines, random)
    lines[one], lines[other] = lines[other], lines[one]
    return _join(lines, body)


def _replace_value(data: bytes, random: Random) -> bytes:
    lines, body = _split(data)
    at = _place(lines, random)
    header = _HEADER.match(lines[at])
    if header is not None:
        lines[at] = header[1] + b": " + random.choice(VALUES)
    return _join(lines, body)


def _replace_number(data: bytes, random: Random) -> bytes:
    numbers = list(re.finditer(rb"[0-9]+", data))
    if not numbers:
        return data
    number = random.choice(numbers)
    return data[: number.start()] + random.choice(NUMBERS) + data[number.end() :]


def _drop_parameter(data: bytes, random: Random) -> bytes:
    parameters = list(re.finditer(rb";[A-Za-z\-+.]+(=[^;,>\r\n]*)?", data))
    if not parameters:
        return data
    one = random.choice(parameters)
    return data[: one.start()] + data[one.end() :]


def _take_value(data: bytes, random: Random) -> bytes:
    """Put the value of one header into another: each is right, and none in its place."""
    lines, body = _split(data)
    one, other = _HEADER.match(lines[_place(lines, random)]), _place(lines, random)
    place = _HEADER.match(lines[other])
    if one is not None and place is not None:
        lines[other] = place[1] + b":" + one[2]
    return _join(lines, body)


def _add_line(data: bytes, random: Random) -> bytes:
    lines, body = _split(data)
    lines.insert(_place(lines, random), random.choice(ADDED))
    return _join(lines, body)


def _change_start(data: bytes, random: Random) -> bytes:
    """Put another method, Request-URI or status into the start line; half the time CSeq follows."""
    lines, body = _split(data)
    words = lines[0].split(b" ", 2)
    if len(words) < 3:
        return data
    if words[0].startswith(b"SIP/"):
        words[1] = random.choice(STATUSES)
    elif random.random() < 0.5:
        words[1] = random.choice(URIS)
    else:
        words[0] = random.choice(METHODS)
        if random.random() < 0.8:
            lines = [
                re.sub(rb"(?i)^(cseq:[ \t]*[0-9]+).*", rb"\1 " + words[0], line) for line in lines
            ]
    lines[0] = b" ".join(words)
    return _join(lines, body)


def _change_body(data: bytes, random: Random) -> bytes:
    lines, body = _split(data)
    if body and random.random() < 0.5:
        return _join(lines, _flip(body, random))
    return _join(lines, random.choice(BODIES))


def _splice(data: bytes, other: bytes, random: Random) -> bytes:
    """Take a line, or the body, of another message."""
    lines, body = _split(data)
    others, other_body = _split(other)
    if random.random() < 0.2:
        return _join(lines, other_body)
    lines[_place(lines, random)] = others[_place(others, random)]
    return _join(lines, body)


MUTATIONS: Final[tuple[Mutation, ...]] = (
    _flip, _insert, _delete, _truncate, _drop_line, _double_line, _swap_lines, _replace_value,
    _replace_value, _replace_number, _replace_number, _drop_parameter, _drop_parameter,
    _add_line, _add_line, _add_line, _add_line, _add_line, _change_start, _change_start,
    _change_start, _change_body, _change_body, _take_value,
)  # fmt: skip
