"""Requests and responses: raw header fields at once, typed values when first asked (RFC 3261 §7).

Fields are kept as (key, raw value) in wire order, where the key is the long header name in lower
case. A typed property parses its header once and remembers it; what cannot be parsed is a
RemoteError at the moment somebody needs it.
"""

from __future__ import annotations

from sipcore.errors import LocalError, RemoteError
from sipcore.limits import DELTA_SECONDS_MAX, LIST_ENTRIES_MAX
from sipcore.message.address import NameAddress
from sipcore.message.cseq import CSeq
from sipcore.message.grammar import CONTROLS, parse_uint, split_list
from sipcore.message.headers import SINGLE, WIRE_NAMES, wire_name
from sipcore.message.parameters import format_parameters
from sipcore.message.uri import Uri, parse_uri
from sipcore.message.via import Via


class Message:
    """What requests and responses share."""

    __slots__ = ("_cseq", "_first", "_from", "_repeated", "_to", "_via", "body", "fields", "head")

    def __init__(self, fields: list[tuple[str, str]] | None = None, body: bytes = b"") -> None:
        self.fields: list[tuple[str, str]] = [] if fields is None else list(fields)
        self.body = body
        self.head = b""
        """What was parsed, as it came, without the blank line; empty for a message made here."""
        # From the last to the first, so that the first of several stays.
        self._first: dict[str, str] = dict(reversed(self.fields))
        self._repeated: set[str] = set()
        if len(self._first) != len(self.fields):
            seen: set[str] = set()
            for key, _ in self.fields:
                (self._repeated if key in seen else seen).add(key)
        self._via: Via | None = None
        self._from: NameAddress | None = None
        self._to: NameAddress | None = None
        self._cseq: CSeq | None = None

    def add(self, key: str, value: str) -> None:
        """Append a field; ``key`` is the long name in lower case."""
        self.fields.append((key, value))
        if key in self._first:
            self._repeated.add(key)
        else:
            self._first[key] = value

    def add_first(self, key: str, value: str) -> None:
        """Put a field before all others, as a new Via must stand."""
        self.fields.insert(0, (key, value))
        if key in self._first:
            self._repeated.add(key)
        self._first[key] = value
        if key == "via":
            self._via = None

    def replace_first(self, key: str, value: str) -> None:
        """Put another value into the first field of a name; there must be one."""
        self.fields[self.fields.index((key, self._first[key]))] = (key, value)
        self._first[key] = value
        if key == "via":
            self._via = None

    def replace_via(self, via: Via) -> None:
        """Write changed parameters of the top Via back, as a server does (§18.2.1).

        Protocol and sent-by stay as they were spelled.
        """
        raw = self.required("via")
        entries = split_list(raw)
        head = entries[0].partition(";")[0].rstrip()
        entries[0] = head + format_parameters(via.parameters)
        value = ", ".join(entries)
        self.fields[self.fields.index(("via", raw))] = ("via", value)
        self._first["via"] = value
        self._via = via

    def has(self, key: str) -> bool:
        """Tell whether a field with this key is there."""
        return key in self._first

    def value(self, key: str) -> str | None:
        """Return the raw value of a field, the first if there are several.

        A repeat of a header that may stand once is a RemoteError.
        """
        if key in self._repeated and key in SINGLE:
            raise RemoteError(f"{wire_name(key)} stands twice")
        return self._first.get(key)

    def values(self, key: str) -> list[str]:
        """Return the raw values of all fields with this key, not split at commas."""
        first = self._first.get(key)
        if first is None:
            return []
        if key not in self._repeated:
            return [first]
        return [value for name, value in self.fields if name == key]

    def entries(self, key: str) -> list[str]:
        """Return the entries of a list header, over all its fields and commas."""
        entries = [entry for value in self.values(key) for entry in split_list(value) if entry]
        if len(entries) > LIST_ENTRIES_MAX:
            raise RemoteError(f"{wire_name(key)} has {len(entries)} entries")
        return entries

    def tokens(self, key: str) -> list[str]:
        """Return the entries of a list of tokens (Require, Supported, Allow) in lower case."""
        return [entry.lower() for entry in self.entries(key)]

    def required(self, key: str) -> str:
        """Return the raw value of a header that must be there."""
        value = self.value(key)
        if not value:
            raise RemoteError(f"{wire_name(key)} is missing")
        return value

    @property
    def via(self) -> Via:
        """The top Via."""
        if self._via is None:
            value = self._first.get("via")
            if value is None:
                raise RemoteError("Via is missing")
            self._via = Via.parse(split_list(value)[0])
        return self._via

    @property
    def vias(self) -> list[Via]:
        """Every Via, top first."""
        return [Via.parse(entry) for entry in self.entries("via")]

    @property
    def from_(self) -> NameAddress:
        """The From header."""
        if self._from is None:
            self._from = NameAddress.parse(self.required("from"))
        return self._from

    @property
    def to(self) -> NameAddress:
        """The To header."""
        if self._to is None:
            self._to = NameAddress.parse(self.required("to"))
        return self._to

    @property
    def call_id(self) -> str:
        """The Call-ID, compared byte by byte (§20.8)."""
        return self.required("call-id")

    @property
    def cseq(self) -> CSeq:
        """The CSeq header."""
        if self._cseq is None:
            self._cseq = CSeq.parse(self.required("cseq"))
        return self._cseq

    @property
    def contacts(self) -> list[NameAddress]:
        """Every Contact; ``*`` is asked for with ``has_star_contact``."""
        return [NameAddress.parse(entry) for entry in self.entries("contact") if entry != "*"]

    @property
    def has_star_contact(self) -> bool:
        """Whether one of the Contacts is ``*``."""
        return "*" in self.entries("contact")

    @property
    def record_routes(self) -> list[NameAddress]:
        """Every Record-Route, top first."""
        return [NameAddress.parse(entry) for entry in self.entries("record-route")]

    @property
    def expires(self) -> int | None:
        """The Expires header in seconds; None when absent or unreadable (§20.19)."""
        return self.delta_seconds("expires")

    def delta_seconds(self, key: str) -> int | None:
        """Return a header that counts seconds; None when absent or unreadable.

        Parameters and a comment behind it, as in Retry-After, are not read.
        A number beyond 32 bits is read as the largest, since the grammar allows any length.
        """
        value = self.value(key)
        if value is None:
            return None
        return parse_delta_seconds(value.partition(";")[0].partition("(")[0])

    @property
    def content_type(self) -> str:
        """Type and subtype of the body in lower case, without parameters; empty when absent."""
        value = self.value("content-type")
        return "" if value is None else value.partition(";")[0].strip(" \t").lower()


class Request(Message):
    """A SIP request."""

    __slots__ = ("_uri", "method", "uri_text")

    def __init__(
        self,
        method: str,
        uri: str | Uri,
        fields: list[tuple[str, str]] | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(fields, body)
        self.method = method
        self.uri_text = uri if isinstance(uri, str) else str(uri)
        self._uri: Uri | None = None

    @property
    def uri(self) -> Uri:
        """The Request-URI."""
        if self._uri is None:
            self._uri = parse_uri(self.uri_text)
        return self._uri

    @property
    def max_forwards(self) -> int | None:
        """Hops left; None when the header is absent, as old agents do (§16.3)."""
        value = self.value("max-forwards")
        return None if value is None else parse_uint(value, "Max-Forwards", maximum=255)

    @property
    def routes(self) -> list[NameAddress]:
        """Every Route, top first."""
        return [NameAddress.parse(entry) for entry in self.entries("route")]

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri_text}>"


class Response(Message):
    """A SIP response."""

    __slots__ = ("reason", "status")

    def __init__(
        self,
        status: int,
        reason: str,
        fields: list[tuple[str, str]] | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(fields, body)
        self.status = status
        self.reason = reason

    @property
    def is_provisional(self) -> bool:
        """Whether this is a 1xx."""
        return self.status < 200

    @property
    def is_success(self) -> bool:
        """Whether this is a 2xx."""
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"


def parse_delta_seconds(text: str) -> int | None:
    """Read ``delta-seconds``, cut at 32 bits; None when it is no number."""
    text = text.strip(" \t")
    if not text or len(text) > 64 or not text.isascii() or not text.isdigit():
        return None
    return min(int(text), DELTA_SECONDS_MAX)


def serialize(message: Request | Response) -> bytes:
    """Write a message for the wire; Content-Length is always ours.

    A line end inside a value would be headers of somebody else's making, a control character
    ends a line for some readers, a blank in the Request-URI ends it: each is a LocalError.
    """
    if isinstance(message, Request):
        if " " in message.uri_text or " " in message.method:
            raise LocalError(f"a blank in a request line: {message.uri_text[:60]!r}")
        lines = [f"{message.method} {message.uri_text} SIP/2.0"]
    else:
        lines = [f"SIP/2.0 {message.status} {message.reason}"]
    for key, value in message.fields:
        if key != "content-length":
            lines.append(f"{WIRE_NAMES.get(key) or wire_name(key)}: {value}")
    lines.append(f"Content-Length: {len(message.body)}\r\n\r\n")
    try:
        head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise LocalError("a lone surrogate in a header value") from error
    if len(head) - len(head.translate(None, CONTROLS)) != 2 * (len(lines) + 1):
        raise LocalError("a line end or control character in a header value")
    return head + message.body
