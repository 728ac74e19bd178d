"""The Referred-By header: who asked for a request (RFC 3892 §3).

The signed token of §5 is not made nor read: a transfer never leaves the switch as REFER, so that
who refers is known by its password.
"""

from __future__ import annotations

from sipcore.message.address import NameAddress
from sipcore.message.message import Message
from sipcore.message.uri import Uri


class ReferredBy:
    """The referrer, and the Content-ID of a token in the body, empty for none."""

    __slots__ = ("cid", "display_name", "uri")

    def __init__(self, uri: Uri, *, display_name: str = "", cid: str = "") -> None:
        self.uri = uri
        self.display_name = display_name
        self.cid = cid

    @classmethod
    def parse(cls, value: str) -> ReferredBy:
        """Read a ``referrer-uri`` with its parameters."""
        address = NameAddress.parse(value)
        return cls(
            address.uri,
            display_name=address.display_name,
            cid=address.parameters.get("cid") or "",
        )

    @classmethod
    def of(cls, message: Message) -> ReferredBy | None:
        """Return the header of a message, None when absent."""
        value = message.value("referred-by")
        return None if value is None else cls.parse(value)

    def __str__(self) -> str:
        parameters: dict[str, str | None] = {"cid": self.cid} if self.cid else {}
        return str(NameAddress(self.uri, display_name=self.display_name, parameters=parameters))

    def __repr__(self) -> str:
        return f"ReferredBy({str(self)!r})"
