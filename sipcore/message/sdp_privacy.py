"""Taking names out of a session description for a caller who wants none told.

Lines are those of RFC 4566 §5. They may end in CRLF, LF or CR: whoever reads the result does not
say which of them it takes for a line end.
"""

from __future__ import annotations

import re
from typing import Final

_DROPPED: Final = frozenset({b"i=", b"u=", b"e=", b"p="})
"""Free text, a page, addresses and numbers of people: each of them optional at either level."""

_ORIGIN_FIELDS: Final = 5
"""What follows the user in ``o=``: id, version, net type, address type, address."""

_CNAME: Final = re.compile(rb"(a=ssrc:[0-9]+ cname:)[^\r\n]*")


def without_names(sdp: bytes) -> bytes:
    """Return the description without user, session name, information, URI, e-mail and phone.

    The user and the name become "-", as does the CNAME of a source (RFC 5576 §6.1), which phones
    make of their own address. All other octets stay, and so does what is no description at all.
    """
    return b"".join(_without_name(line) for line in sdp.splitlines(keepends=True))


def _without_name(line: bytes) -> bytes:
    kind = line[:2]
    if kind in _DROPPED:
        return b""
    if kind == b"a=":
        return _CNAME.sub(rb"\1-", line)
    text = line.rstrip(b" \r\n")
    if kind == b"s=":
        return b"s=-" + line[len(line.rstrip(b"\r\n")) :]
    if kind == b"o=":
        # From the right: a user with a blank in it is against the grammar, and still a name.
        rest = text[2:].rsplit(b" ", _ORIGIN_FIELDS)[1:]
        return b" ".join((b"o=-", *rest)) + line[len(text) :]
    return line
