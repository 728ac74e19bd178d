"""The Refer-To header: whom the receiver of a REFER is to contact, and how (RFC 3515 §2.1)."""

from __future__ import annotations

from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.grammar import unescape
from sipcore.message.message import Message
from sipcore.message.replaces import Replaces
from sipcore.message.uri import SipUri, Uri


class ReferTo:
    """A target: its bare URI, the method to use, and the dialog to be replaced there.

    Of the headers in the URI only Replaces counts (RFC 5589 §7); what else a transferor wants to
    have said in the name of somebody else is left out (RFC 3261 §19.1.5).
    """

    __slots__ = ("method", "replaces", "uri")

    def __init__(
        self, uri: Uri, *, method: str = "INVITE", replaces: Replaces | None = None
    ) -> None:
        self.uri = uri
        self.method = method
        self.replaces = replaces

    @classmethod
    def parse(cls, value: str) -> ReferTo:
        """Read one ``name-addr`` or ``addr-spec``; a URI with headers needs ``<>``."""
        uri = NameAddress.parse(value).uri
        if not isinstance(uri, SipUri):
            return cls(uri)
        bare = SipUri.parse(str(uri))
        bare.headers = ""
        method = bare.parameters.pop("method", None) or "INVITE"
        return cls(bare, method=method.upper(), replaces=_replaces(uri.headers))

    @classmethod
    def of(cls, message: Message) -> ReferTo:
        """Return the header of a REFER; none, or more than one, is a RemoteError (§2.4.2)."""
        return cls.parse(message.required("refer-to"))

    def __str__(self) -> str:
        if not isinstance(self.uri, SipUri):
            return f"<{self.uri}>"
        method = "" if self.method == "INVITE" else f";method={self.method}"
        headers = "" if self.replaces is None else f"?Replaces={_escape(str(self.replaces))}"
        return f"<{self.uri}{method}{headers}>"

    def __repr__(self) -> str:
        return f"ReferTo({str(self)!r})"


def _replaces(headers: str) -> Replaces | None:
    """Find the Replaces among ``name=value`` pairs; a second one is refused like in a message."""
    found: Replaces | None = None
    for pair in headers.split("&") if headers else ():
        name, equals, value = pair.partition("=")
        if unescape(name).lower() != "replaces" or not equals:
            continue
        if found is not None:
            raise RemoteError("Replaces stands twice in a Refer-To")
        found = Replaces.parse(unescape(value))
    return found


def _escape(value: str) -> str:
    """Encode what ``hvalue`` may not hold (RFC 3261 §25.1)."""
    kept = "[]/?:+$-_.!~*'()"
    return "".join(
        one if (one.isalnum() and one.isascii()) or one in kept else _octets(one) for one in value
    )


def _octets(character: str) -> str:
    return "".join(f"%{octet:02X}" for octet in character.encode("utf-8", "surrogateescape"))
