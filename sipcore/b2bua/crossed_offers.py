"""Two offers that meet, each made the answer of the other (RFC 3264 §6).

Who picks a call up offers, and so did the caller. Neither can be asked again before both are
answered, so each hears what the other said, stream by stream; what both really can is agreed on
afterwards. A stream that only one of them has is refused to him.
"""

from __future__ import annotations

import re
from typing import Final

from sipcore.b2bua.active_offer import active_offer, is_plain
from sipcore.b2bua.body import Body

_LINE_END: Final = re.compile(rb"\r?\n")
_MEDIA: Final = re.compile(rb"m=(\S+) \S+ (\S+) (.+)")
_SILENCE: Final = (
    b"v=0", b"o=- 0 0 IN IP4 0.0.0.0", b"s=-", b"c=IN IP4 0.0.0.0", b"t=0 0"
)  # fmt: skip
"""Nobody's session: what is answered with until somebody has described one."""

_Lines = list[bytes]


def crossed_answer(offer: Body, said: Body) -> Body:
    """Return the answer to an offer that another peer's description makes.

    Without one, no stream flows until the next offer. What is not plain SDP on both sides crosses
    as it is.
    """
    if not is_plain(offer):
        return said
    _, asked = _split(offer.content)
    if not said.has_sdp:
        lines = [*_SILENCE, *(line for one in asked for line in _inactive(one))]
        return Body(b"\r\n".join([*lines, b""]), offer.fields)
    if not is_plain(said):
        return said
    active = active_offer(said)
    session, streams = _split((active if active.has_sdp else said).content)
    lines = [line for line in session if not line.startswith(b"a=group:")]
    for one in asked:
        match = next((stream for stream in streams if _kind(stream) == _kind(one)), None)
        if match is None:
            lines.append(_refused(one))
        else:
            streams.remove(match)
            # An offer leaves open who begins with DTLS, an answer may not (RFC 5763 §5).
            lines += [line.replace(b"a=setup:actpass", b"a=setup:active") for line in match]
    return Body(b"\r\n".join([*lines, b""]), said.fields)


def _split(content: bytes) -> tuple[_Lines, list[_Lines]]:
    """Return the session's lines, and those of each stream."""
    session: _Lines = []
    streams: list[_Lines] = []
    for line in _LINE_END.split(content.rstrip()):
        if line.startswith(b"m="):
            streams.append([line])
        else:
            (streams[-1] if streams else session).append(line)
    return session, streams


def _kind(stream: _Lines) -> tuple[bytes, ...]:
    found = _MEDIA.fullmatch(stream[0])
    return () if found is None else (found[1], found[2])


def _refused(stream: _Lines) -> bytes:
    return _MEDIA.sub(rb"m=\1 0 \2 \3", stream[0])


def _inactive(stream: _Lines) -> _Lines:
    return [_MEDIA.sub(rb"m=\1 9 \2 \3", stream[0]), b"a=inactive"]
