"""A contact binding (RFC 3261 §10.3): where one device of an address-of-record is reached."""

from __future__ import annotations

from typing import Final

from sipcore.message.uri import SipUri
from sipcore.transport.flow import Flow

Q_MAX: Final = 1000
"""The preference of a contact without q: 1.0, in thousandths (§20.10)."""


class Binding:
    """One device, immutable; a refresh makes a new one.

    ``contact`` is the URI as the device wrote it, ``q`` its preference in thousandths.
    ``expires_at`` is monotonic. Requests are sent over ``flow``; the registration came over
    ``source``, which is another one for a device that listens on another port than it sends from.
    ``path`` holds whole Route entries to put on top (RFC 3327). ``gruu_handle`` is what the
    temporary GRUUs of its device have in common, under their masks (RFC 5627).
    """

    __slots__ = (
        "call_id",
        "contact",
        "cseq",
        "expires_at",
        "flow",
        "gruu_handle",
        "instance_id",
        "is_natted",
        "path",
        "q",
        "reg_id",
        "source",
        "user_agent",
    )

    def __init__(
        self,
        contact: str,
        flow: Flow,
        *,
        expires_at: float,
        call_id: str,
        cseq: int,
        source: Flow | None = None,
        q: int = Q_MAX,
        path: tuple[str, ...] = (),
        instance_id: str = "",
        reg_id: int = 0,
        user_agent: str = "",
        is_natted: bool = False,
        gruu_handle: str = "",
    ) -> None:
        self.contact = contact
        self.flow = flow
        self.source = flow if source is None else source
        self.expires_at = expires_at
        self.call_id = call_id
        self.cseq = cseq
        self.q = q
        self.path = path
        self.instance_id = instance_id
        self.reg_id = reg_id
        self.user_agent = user_agent
        self.is_natted = is_natted
        self.gruu_handle = gruu_handle

    @property
    def is_numbered(self) -> bool:
        """Whether it is one of several flows that a device may keep (RFC 5626)."""
        return bool(self.reg_id and self.instance_id)

    @property
    def is_bulk(self) -> bool:
        """Whether it stands for all numbers of an exchange (RFC 6140)."""
        return ";bnc" in self.contact.lower() and "bnc" in self.uri.parameters

    @property
    def key(self) -> str:
        """What tells it from the other bindings of its address-of-record, also after a restart.

        A device with numbered flows (RFC 5626 §6) may give all of them one contact.
        """
        if self.is_numbered:
            return f"{self.instance_id} {self.reg_id}"
        return self.contact

    @property
    def uri(self) -> SipUri:
        """The contact, parsed."""
        return SipUri.parse(self.contact)

    @property
    def request_uri(self) -> str:
        """The contact as a Request-URI: without headers and method (§19.1.1, table 1)."""
        if "?" not in self.contact and ";" not in self.contact:
            return self.contact
        uri = self.uri
        if not uri.headers and "method" not in uri.parameters:
            return self.contact
        uri.headers = ""
        uri.parameters.pop("method", None)
        return str(uri)

    def with_gruu_handle(self, handle: str) -> Binding:
        """Return the same binding with another handle."""
        return Binding(
            self.contact,
            self.flow,
            expires_at=self.expires_at,
            call_id=self.call_id,
            cseq=self.cseq,
            source=self.source,
            q=self.q,
            path=self.path,
            instance_id=self.instance_id,
            reg_id=self.reg_id,
            user_agent=self.user_agent,
            is_natted=self.is_natted,
            gruu_handle=handle,
        )

    def __repr__(self) -> str:
        return f"<Binding {self.contact} via {self.flow!r}>"


def address_of_record(uri: SipUri) -> str:
    """Return the canonical index of §10.3 step 5: no parameters, nothing escaped."""
    return uri.host if uri.user is None else f"{uri.user}@{uri.host}"
