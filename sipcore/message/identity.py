"""P-Asserted-Identity and P-Preferred-Identity (RFC 3325 §9.1, §9.2)."""

from __future__ import annotations

from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.message import Message
from sipcore.message.uri import SipUri, TelUri


class Identity:
    """Who a caller is or wants to be: one SIP address, one telephone number, or both.

    It is read from whoever sent it; whether that one is trusted is not known here.
    """

    __slots__ = ("sip", "tel")

    def __init__(self, *, sip: NameAddress | None = None, tel: NameAddress | None = None) -> None:
        self.sip = sip
        self.tel = tel

    @classmethod
    def of(cls, message: Message, key: str) -> Identity | None:
        """Return the identity in the fields of ``key``, None when there are none.

        Two of one kind, or a third value, are a RemoteError: which would count is anybody's guess.
        """
        identity = cls()
        for entry in message.entries(key):
            address = NameAddress.parse(entry)
            if isinstance(address.uri, SipUri) and identity.sip is None:
                identity.sip = address
            elif isinstance(address.uri, TelUri) and identity.tel is None:
                identity.tel = address
            else:
                raise RemoteError(f"an identity too many: {entry[:60]!r}")
        return None if identity.sip is None and identity.tel is None else identity

    def __str__(self) -> str:
        return ", ".join(str(address) for address in (self.sip, self.tel) if address is not None)

    def __repr__(self) -> str:
        return f"Identity({str(self)!r})"
