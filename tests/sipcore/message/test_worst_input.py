"""No input costs more than its size: the worst we know, each within 5 ms of CPU per 16 KiB,
which is the largest head; a value is a quarter of it at most.

The bound is some hundred times what a linear reader needs and far below what a quadratic one
takes, so that a busy machine does not turn it red.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest

from sipcore.errors import RemoteError
from sipcore.limits import Limits
from sipcore.message.address import NameAddress
from sipcore.message.credentials import Challenge, Credentials
from sipcore.message.cseq import CSeq
from sipcore.message.grammar import split_list, unescape, unescape_unreserved, unquote
from sipcore.message.message import parse_delta_seconds
from sipcore.message.parameters import parse_parameters
from sipcore.message.parse import parse_message
from sipcore.message.privacy import Privacy
from sipcore.message.reason import Reason
from sipcore.message.session_expires import SessionExpires
from sipcore.message.uri import parse_uri
from sipcore.message.via import Via
from sipcore.message.warning import WarningValue
from tests.sipcore.message.samples import with_lines

READERS: tuple[Callable[[str], object], ...] = (
    split_list, unescape, unescape_unreserved, unquote, parse_parameters, parse_uri,
    parse_delta_seconds, NameAddress.parse, Via.parse, CSeq.parse, Credentials.parse,
    Challenge.parse, Reason.parse, WarningValue.parse, Privacy.parse, SessionExpires.parse,
)  # fmt: skip

SIZE = 16_384
WORST = {
    "commas": "," * 10_000,
    "entries": "<sip:a@h>," * 6_000,
    "open quotes": '"' * 65_535,
    "nested quotes": '"\\"' * 20_000,
    "backslashes": '"' + "\\" * 65_000,
    "escaped quotes": '"' + '\\"' * 32_000,
    "open brackets": "<" * 65_000,
    "quotes in brackets": '<">' * 20_000,
    "digits": "1" * 1_000_000,
    "uri digits": "sip:a@h:" + "1" * 1_000_000,
    "cseq digits": "1" * 1_000_000 + " INVITE",
    "blanks": " " * 65_000 + "x",
    "tabs in the middle": "a" + "\t" * 65_000 + "b",
    "semicolons": ";" * 65_000,
    "flags": ";a" * 30_000,
    "parameters": "".join(f";p{number}=v" for number in range(8_000)),
    "blank parameters": " ; \t" * 16_000,
    "equals": ";a" + "=" * 65_000,
    "user": "sip:" + "a" * 65_000,
    "user and colons": "sip:" + "a:" * 32_000 + "@",
    "ats": "sip:" + "a@" * 32_000,
    "host": "sip:a@" + "a." * 32_000,
    "ipv6": "sip:[" + ":" * 65_000 + "]",
    "percents": "sip:" + "%41" * 21_000 + "@h",
    "half percents": "%4" * 32_000,
    "tel": "tel:" + "+-" * 32_000,
    "display": "a " * 32_000 + "<sip:a@h>",
    "via blanks": "SIP/2.0/UDP" + " " * 65_000 + ":",
    "via slashes": "SIP" + "/" * 65_000,
    "digest": "Digest " + "".join(f'p{number}="v",' for number in range(6_000)),
    "digest commas": "Digest " + "," * 65_000 + "x",
    "digest blanks": "Digest a" + " " * 65_000 + "=",
    "digest quotes": "Digest a=" + '"' * 65_000,
    "warning": "399 " + "a" * 65_000,
}


def cpu_seconds(read: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        with contextlib.suppress(RemoteError):
            read()
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("name", WORST)
def test_worst_values(name: str) -> None:
    text = WORST[name]
    allowed = 0.005 * max(1.0, len(text) / SIZE)
    for reader in READERS:
        spent = cpu_seconds(lambda reader=reader: reader(text))  # type: ignore[misc]
        assert spent <= allowed, (reader, spent)


@pytest.mark.parametrize(
    "data",
    [
        with_lines(*[b"Via: SIP/2.0/UDP a"] * 3_000),
        with_lines(b"Via: " + b"SIP/2.0/UDP a," * 4_000),
        with_lines(b"Subject: x", *[b" y"] * 15_000),
        with_lines(b"Subject: " + b"x" * 60_000),
        with_lines(*[b"a:"] * 15_000),
        with_lines(b"x" * 60_000 + b":"),
        with_lines(b"\xff" * 60_000),
        b"\r\n" * 32_000 + b"x",
        b"\r\n " * 20_000 + b"\r\n\r\n",
        b"A " * 30_000 + b"\r\n\r\n",
        b"\r\n\r\n".join([b"x"] * 12_000),
    ],
)
def test_worst_messages(data: bytes) -> None:
    # Without the bounds that would refuse most of them at once.
    limits = Limits(head_bytes_max=70_000, header_lines_max=70_000, value_chars_max=70_000)

    def read() -> None:
        message = parse_message(data, limits=limits)
        assert message.vias
        assert message.contacts

    assert cpu_seconds(read) <= 0.030
    assert cpu_seconds(lambda: parse_message(data)) <= 0.005
