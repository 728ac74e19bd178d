"""Mutated messages of RFC 4475 and 5118, and pieces of good ones, before everything that reads."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from sipcore.limits import DEFAULT_LIMITS
from sipcore.message.message import Request
from sipcore.net.tls import TlsContexts, TlsFailure, TlsSession, TlsSettings
from sipcore.net.websocket import WebSocketFraming
from sipcore.presence.pidf_reader import parse_presence
from sipcore.transport.stun import stun_answer
from tests.fuzz.mutations import mutate
from tests.fuzz.readers import HANDSHAKE, READERS, websocket_frames
from tests.fuzz.stories import PIDF
from tests.support.certificates import Authority

ROOT = Path(__file__).parent.parent.parent
TORTURE = ROOT / "tests" / "torture"
ROUNDS = 2_000
GUIDED_RUNS = 200_000

CREDENTIALS = (
    b'Digest username="anna", realm="example.org", nonce="x", uri="sip:example.org", '
    b'response="00000000000000000000000000000000", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"'
)
SDP = (
    b"v=0\r\no=anna 1 1 IN IP4 198.51.100.9\r\ns=Anna calls\r\ni=x\r\nc=IN IP4 198.51.100.9\r\n"
    b"t=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=ssrc:1 cname:anna@x\r\n"
)


VALUES = (
    b"1 INVITE", b"7 1 INVITE", b"id;user;critical", b'Q.850;cause=16;text="Normal"',
    b'"Anna" <sip:+493023125001@example.org;user=phone>;tag=1', b"sips:a:x@[2001:db8::1]:5061;lr",
    b"tel:+49-30-23125001;phone-context=example.org", b"1@h;to-tag=a;from-tag=b;early-only",
    b"<sip:ben@example.org;method=INVITE?Replaces=1%40h%3Bto-tag%3Da%3Bfrom-tag%3Db>",
    b'<sip:anna@example.org>;reason=unconditional;counter=2;privacy=full;screen="no"',
    b"<sip:anna@example.org?Reason=SIP%3Bcause%3D302&Privacy=history>;index=1.2.1;mp=1",
    b"a" * 32 + b";remote=" + b"0" * 32, b"SIP/2.0/UDP h:5060;received=192.0.2.1;branch=z9hG4bKx",
    b"SIP/2.0 180 Ringing",
)  # fmt: skip
STUN = b"\x00\x01\x00\x08\x21\x12\xa4\x42" + b"t" * 12 + b"\x80\x22\x00\x03abc\0"
CORPORA = {
    "credentials": (CREDENTIALS,),
    "sdp": (SDP,),
    "values": VALUES,
    "xml": (PIDF, PIDF.replace(b"t1", b"t2").replace(b"open", b"closed")),
    "stun": (STUN, b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"u" * 12),
}


def corpus(reader: str) -> list[bytes]:
    if reader in CORPORA:
        return list(CORPORA[reader])
    messages = [path.read_bytes() for path in sorted(TORTURE.glob("rfc*/*.sip"))]
    if reader == "websocket":
        return [websocket_frames(one) for one in messages] + [HANDSHAKE]
    return messages


def test_seeds_are_read() -> None:
    """A corpus that nobody reads would fuzz nothing but the first look."""
    assert len(parse_presence(PIDF).tuples) == 1
    assert all(stun_answer(one, ("198.51.100.1", 5060)) for one in CORPORA["stun"])
    framing = WebSocketFraming()
    framing.feed(HANDSHAKE)
    message = (TORTURE / "rfc4475" / "wsinv.sip").read_bytes()
    assert isinstance(framing.feed(websocket_frames(message))[0], Request)


@pytest.mark.parametrize("reader", READERS)
def test_nothing_but_remote_errors(reader: str) -> None:
    random = Random(4475)  # noqa: S311 - chance that can be repeated
    seeds = corpus(reader)
    for _ in range(ROUNDS):
        READERS[reader](mutate(random.choice(seeds), seeds, random))


@pytest.mark.long
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris has no wheel for this Python; pip install '.[fuzz]'",
)
def test_guided_by_coverage(reader: str, tmp_path: Path) -> None:
    for number, seed in enumerate(corpus(reader)):
        (tmp_path / str(number)).write_bytes(seed)
    command = [sys.executable, "-m", "tests.fuzz", reader, str(tmp_path), f"-runs={GUIDED_RUNS}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]


def test_a_tls_session_fails_in_one_way_only(tmp_path: Path) -> None:
    """Spoilt first words of a client, whole or in pieces, and then a stream that is none."""
    random = Random(8446)  # noqa: S311 - chance that can be repeated
    authority = Authority(tmp_path)
    certificate, key = authority.issue("switch", hosts=["sip.example"])
    contexts = TlsContexts(TlsSettings(certificate=certificate, private_key=key))
    client = TlsSession(contexts, limits=DEFAULT_LIMITS, peer_name="sip.example")
    client.begin()
    hello = client.take_outgoing()
    failures = 0
    for _ in range(ROUNDS):
        server = TlsSession(contexts, limits=DEFAULT_LIMITS, peer_name=None)
        data = mutate(hello, [hello], random)
        at = random.randrange(len(data) + 1)
        try:
            for part in (data[:at], data[at:]):
                server.receive(part)
        except TlsFailure:
            failures += 1
        server.take_outgoing()
        server.close()
    assert ROUNDS / 4 < failures < ROUNDS
