"""Mutated messages of RFC 4475 and 5118, and pieces of good ones, before everything that reads."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.mutations import mutate
from tests.fuzz.readers import READERS

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


def corpus(reader: str) -> list[bytes]:
    if reader == "credentials":
        return [CREDENTIALS]
    if reader == "sdp":
        return [SDP]
    return [path.read_bytes() for path in sorted(TORTURE.glob("rfc*/*.sip"))]


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
